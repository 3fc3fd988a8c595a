#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# fake-prefix.sh BUILD DIR CC…: a PREFIX in DIR with the built fard and far, and a far-host that runs no code; with kv.seg
# (kv 1.0), kv2.seg (kv 1.1, other operations) and needs.seg (calls a service `log`) to register.
set -eu
build=$1 dir=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
rm -rf "$dir"
mkdir -p "$dir/bin"
cp "$build/bin/fard" "$build/bin/far" "$dir/bin/"
flags=(-std=gnu17 -D_GNU_SOURCE -I"$root" -I"$root/include")
"$@" "${flags[@]}" "$here/fake-host.c" -o "$dir/bin/far-host"
"$@" "${flags[@]}" "$here/write-segment.c" "$root/testsuite/unit/make_segment.c" "$root/testsuite/unit/make_record.c" \
  "$root/testsuite/unit/make_stubs.c" \
  -L"$build/lib" -lfarformat -lfarrecord -lcrypto -o "$dir/write-segment"
"$dir/write-segment" "$dir/kv.seg"
"$dir/write-segment" "$dir/kv2.seg" changed
"$dir/write-segment" "$dir/needs.seg" needs
: >"$dir/notes"
chmod 666 "$dir/notes"
chmod -R a+rX "$dir"
