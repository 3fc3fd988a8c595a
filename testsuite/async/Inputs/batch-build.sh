#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# batch-build.sh BUILD INPUTS CC: the service row and the client batch.c, in the folder of now.
set -e
build=$1 inputs=$2 cc=$3
chmod 755 .
include="$inputs/../../../include"
"$build/bin/farcc" -O1 -I"$include" -c "$inputs/row.c" -o row.o
"$build/bin/farld" -o row.seg row.o
"$build/bin/far" implib row.seg -o librow.so
"$build/bin/faridl" -I"$include" "$inputs/row.h" --promises=row_promises.h
$cc -O1 -D_GNU_SOURCE -Wall -Werror -pthread -rdynamic -I. -I"$inputs" -I"$include" "$inputs/batch.c" -o client -L. -lrow -L"$build/lib" -lfarcall \
    -Wl,-rpath,"$PWD:$build/lib"
