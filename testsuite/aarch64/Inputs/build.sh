#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# build.sh BUILD X86-64-CC AARCH64-CC INCLUDE INPUTS: service `pair` and its client for both machines, in this folder:
# x86-64.seg, aarch64.seg; x86-64/, aarch64/ with libpair.so; x86-64/client, aarch64/client.
set -e
build=$1 native_cc=$2 cross_cc=$3 include=$4 inputs=$5
"$build/bin/farcc" -O2 -c "$inputs/pair.c" -o x86-64.o
"$build/bin/farcc" --target=aarch64-linux-gnu -O2 -c "$inputs/pair.c" -o aarch64.o
"$build/bin/farld" -o x86-64.seg x86-64.o
"$build/bin/farld" --like=x86-64.seg -o aarch64.seg aarch64.o
for machine in x86-64 aarch64; do
  mkdir -p $machine
  "$build/bin/far" implib $machine.seg -o $machine/libpair.so
done
cross=$build/lib/farcall/aarch64-linux-gnu
$native_cc -O1 -I"$include" -I"$inputs" "$inputs/client.c" -o x86-64/client -Lx86-64 -lpair \
  -Wl,-rpath,"$PWD/x86-64"
$cross_cc -O1 -I"$include" -I"$inputs" "$inputs/client.c" -o aarch64/client -Laarch64 -lpair \
  -Wl,-rpath,"$PWD/aarch64" -Wl,-rpath-link,"$cross"
