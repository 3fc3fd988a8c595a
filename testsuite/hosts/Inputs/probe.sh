#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# probe.sh BUILD DIRECTORY CC…: service probe and its client, made in DIRECTORY.
set -eu
build=$1 dir=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$dir"
mkdir -p "$dir"
cd "$dir"
chmod 755 .
"$build/bin/farcc" -O1 -D_GNU_SOURCE -c "$here/probe.c" -o probe.o
"$build/bin/farld" -o probe.seg probe.o
"$build/bin/far" implib probe.seg -o libprobe.so
"$@" -O1 -I"$here/../../../include" -I"$here" "$here/probe-client.c" -o client -L. -lprobe -L"$build/lib" -lfarcall \
  -Wl,-rpath,"$dir" -Wl,-rpath,"$build/lib"
