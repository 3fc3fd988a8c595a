#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# counter.sh BUILD DIRECTORY CC…: service counter in versions 1.0 (v0.seg) and 1.1 (v1.seg, v2.seg), and its client.
set -eu
build=$1 dir=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$dir"
mkdir -p "$dir"
cd "$dir"
chmod 755 .
version() { # NAME MINOR LIKE FLAGS…: NAME.seg
    name=$1 minor=$2 like=$3
    shift 3
    "$build/bin/farcc" -O1 -DMINOR=$minor -DVERSION=${name#v} "$@" -c "$here/counter.c" -o $name.o
    "$build/bin/farld" -o $name.seg $name.o ${like:+--previous=$like --like=$like}
}
version v0 0 ""
version v1 1 v0.seg
version v2 1 v1.seg
"$build/bin/farcc" -O1 -DMINOR=1 -DVERSION=3 -DOTHER -c "$here/counter.c" -o other.o
"$build/bin/farld" -o other.seg other.o --previous=v1.seg
"$build/bin/far" implib v0.seg -o libcounter.so
"$@" -O1 -DMINOR=0 -I"$here/../../../include" -I"$here" "$here/counter-client.c" -o client -L. -lcounter -L"$build/lib" \
  -lfarcall -Wl,-rpath,"$dir" -Wl,-rpath,"$build/lib" -lpthread
