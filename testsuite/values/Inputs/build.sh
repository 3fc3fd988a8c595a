#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# build.sh BUILD INPUTS CC: the service v and its client, in the folder of now.
set -e
build=$1 inputs=$2 cc=$3
chmod 755 .
"$build/bin/farcc" -O1 -c "$inputs/v.c" -o v.o
"$build/bin/farld" -o v.seg v.o
"$build/bin/far" implib v.seg -o libv.so
$cc -O1 -I"$inputs/../../../include" "$inputs/client.c" -o client -L. -lv -L"$build/lib" -lfarcall -Wl,-rpath,"$PWD:$build/lib"
