#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# build.sh BUILD INPUTS CC…: the service fds and its client, in the folder of now.
set -e
build=$1 inputs=$2
shift 2
chmod 755 .
"$build/bin/farcc" -O1 -D_GNU_SOURCE -c "$inputs/fds.c" -o fds.o
"$build/bin/farld" -o fds.seg fds.o
"$build/bin/far" implib fds.seg -o libfds.so
"$build/bin/faridl" "$inputs/fds.h" --promises=promises.h
"$@" -O1 -D_GNU_SOURCE -pthread -I. -I"$inputs" -I"$inputs/../../../include" "$inputs/client.c" -o client -L. -L"$build/lib" -lfds -lfarcall -Wl,-rpath,"$PWD" -Wl,-rpath,"$build/lib"
