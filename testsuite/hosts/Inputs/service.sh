#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# service.sh BUILD DIRECTORY NAME CC…: service NAME and its client, of NAME.c and NAME-client.c, made in DIRECTORY.
set -eu
build=$1 dir=$2 name=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$dir"
mkdir -p "$dir"
cd "$dir"
chmod 755 .
"$build/bin/farcc" -O1 -D_GNU_SOURCE -c "$here/$name.c" -o "$name.o"
"$build/bin/farld" -o "$name.seg" "$name.o"
"$build/bin/far" implib "$name.seg" -o "lib$name.so"
"$@" -O1 -I"$here/../../../include" -I"$here" "$here/$name-client.c" -o client -L. "-l$name" -L"$build/lib" -lfarcall \
  -Wl,-rpath,"$dir" -Wl,-rpath,"$build/lib"
