#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# build.sh BUILD INPUTS CC [TARGET LIBRARIES]: the service later and its client, in the folder of now.
set -e
build=$1 inputs=$2 cc=$3 target=${4-} libraries=${5-$1/lib}
chmod 755 .
include="$inputs/../../../include"
"$build/bin/farcc" $target -O1 -I"$include" -c "$inputs/later.c" -o later.o
"$build/bin/farld" -o later.seg later.o
"$build/bin/far" implib later.seg -o liblater.so
"$build/bin/faridl" -I"$include" "$inputs/later.h" --promises=later_promises.h
$cc -O1 -pthread -I. -I"$inputs" -I"$include" "$inputs/client.c" -o client -L. -llater -L"$libraries" -lfarcall \
    -Wl,-rpath,"$PWD:$libraries"
