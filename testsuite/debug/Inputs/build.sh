# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Makes dbg.seg and libdbg.so in the current folder: sh build.sh FAR-PROGRAMS INPUTS [FARCC-OPTION]
set -e
"$1/farcc" $3 -O0 -g -c "$2/dbg.c" -o dbg.o
"$1/farld" -o dbg.seg dbg.o
"$1/far" implib dbg.seg -o libdbg.so
