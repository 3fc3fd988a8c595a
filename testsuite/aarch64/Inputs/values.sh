# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# values.sh BUILD AARCH64-CC VALUES INCLUDE: service v of testsuite/values on the other machine, its client by a trap and by a branch.
set -e
build=$1 cc=$2 inputs=$3 include=$4
"$build/bin/farcc" --target=aarch64-linux-gnu -O1 -c "$inputs/v.c" -o v.o
"$build/bin/farld" -o v.seg v.o
"$build/bin/far" implib v.seg -o libv.so
$cc -O1 -I"$include" "$inputs/client.c" -o client -L. -lv -lfarcall -L"$build/lib/farcall/aarch64-linux-gnu" -Wl,-rpath,"$PWD:$build/lib/farcall/aarch64-linux-gnu" -Wl,-rpath-link,"$build/lib/farcall/aarch64-linux-gnu"
