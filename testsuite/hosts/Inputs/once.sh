#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# once.sh BUILD DIRECTORY CC…: service once and its client, made in DIRECTORY.
set -eu
build=$1 dir=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$dir"
mkdir -p "$dir"
cd "$dir"
chmod 755 .
"$build/bin/farcc" -O1 -D_GNU_SOURCE -c "$here/once.c" -o once.o
"$build/bin/farld" -o once.seg once.o
"$build/bin/far" implib once.seg -o libonce.so
"$@" -O1 -I"$here/../../../include" -I"$here" "$here/once-client.c" -o client -L. -lonce -L"$build/lib" -lfarcall \
  -Wl,-rpath,"$dir" -Wl,-rpath,"$build/lib"
