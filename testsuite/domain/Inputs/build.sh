# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# build.sh BUILD SOURCES CC CLIENT.c: peek.seg, libpeek.so and ./client in the current folder, which stays readable for others.
set -e
build=$1 inputs=$2 cc=$3 client=$4
"$build/bin/farcc" -O1 -I"$inputs" -I"${inputs%/testsuite/*}/include" -c "$inputs/peek.c" -o peek.o
"$build/bin/farld" -o peek.seg peek.o
"$build/bin/far" implib peek.seg -o libpeek.so
$cc -O1 -I"$inputs" -I"${inputs%/testsuite/*}/include" "$client" -o client -L. -lpeek -L"$build/lib" -lfarcall \
    -Wl,-rpath,"$PWD:$build/lib" -pthread
