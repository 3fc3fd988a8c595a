#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# usage: build.sh BUILD SOURCES CLIENT-COMPILER…: hold.seg, libhold.so and holder, in this folder.
build=$1 sources=$2
shift 2
"$build/bin/farcc" -O1 -I"$sources" -c "$sources/hold.c" -o hold.o &&
  "$build/bin/farld" -o hold.seg hold.o && "$build/bin/far" implib hold.seg -o libhold.so &&
  "$@" -O1 -g -I"$sources" -I"$sources/../../../include" "$sources/holder.c" -o holder \
    -L"$build/lib" -lfarcall -Wl,-rpath,"$build/lib" && chmod -R a+rX .
