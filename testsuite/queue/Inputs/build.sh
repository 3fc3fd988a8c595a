#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# build.sh BUILD INPUTS CC: the service notes and its client, in the folder of now; changed.seg: with another notes_change().
set -e
build=$1 inputs=$2 cc=$3
chmod 755 .
include="$inputs/../../../include"
"$build/bin/farcc" -O1 -I"$include" -c "$inputs/notes.c" -o notes.o
"$build/bin/farld" -o notes.seg notes.o
"$build/bin/farcc" -O1 -DNOTES_CHANGED -I"$include" -c "$inputs/notes.c" -o changed.o
"$build/bin/farld" -o changed.seg changed.o
"$build/bin/far" implib notes.seg -o libnotes.so
"$build/bin/faridl" -I"$include" "$inputs/notes.h" --promises=notes_promises.h
$cc -D_GNU_SOURCE -O1 -I. -I"$inputs" -I"$include" "$inputs/client.c" -o client -L. -lnotes -L"$build/lib" -lfarcall \
    -Wl,-rpath,"$PWD:$build/lib"
