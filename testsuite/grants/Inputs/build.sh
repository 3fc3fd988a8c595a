# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# build.sh BUILD SOURCES CC CLIENT.c: lend.seg, liblend.so and ./client in the current folder, which stays readable for others.
set -e
build=$1 inputs=$2 cc=$3 client=$4
"$build/bin/farcc" -O1 -I"$inputs" -I"${inputs%/testsuite/*}/include" -c "$inputs/lend.c" -o lend.o
"$build/bin/farld" -o lend.seg lend.o
"$build/bin/far" implib lend.seg -o liblend.so
$cc -O1 -I"$inputs" -I"${inputs%/testsuite/*}/include" "$client" -o client -L. -llend -L"$build/lib" -lfarcall \
    -Wl,-rpath,"$PWD:$build/lib" -pthread
