#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# build.sh BUILD INPUTS CC…: the service cb and its client, in the folder of now.
set -e
build=$1 inputs=$2
shift 2
chmod 755 .
"$build/bin/farcc" -O1 -c "$inputs/cb.c" -o cb.o
"$build/bin/farld" -o cb.seg cb.o
"$build/bin/far" implib cb.seg -o libcb.so
"$@" -O1 -pthread -I"$inputs/../../../include" "$inputs/client.c" -o client -L. -lcb -Wl,-rpath,"$PWD"
