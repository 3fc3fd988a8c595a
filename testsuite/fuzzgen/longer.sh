#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# usage: longer.sh BUILD SECONDS
# far fuzz on the bundled services, that long in each direction. Findings stay in BUILD/findings, sessions in BUILD/corpus/fuzzgen.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$1 seconds=$2 bad=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$build/findings" "$build/corpus/fuzzgen"

attack() { # SEGMENT OPTION…
  "$build/bin/far" fuzz "$@" --seconds "$seconds" --artifacts "$build/findings" --corpus "$build/corpus/fuzzgen" >"$work/out" ||
    { bad=1; cat "$work/out"; }
  grep 'operations done' "$work/out" || true
}

cd "$work"
"$build/bin/farcc" -O1 -c "$root/testsuite/callbacks/Inputs/cb.c" -o cb.o
"$build/bin/farld" -o cb.seg cb.o
"$build/bin/faridl" "$root/docs/examples/expat/expat_far.h" -o expat.o
"$build/bin/farcc" -O2 -c "$root/docs/examples/expat/quiet.c" -o quiet.o
"$build/bin/farld" -o expat.seg expat.o quiet.o -lexpat
"$build/bin/faridl" "$root/docs/examples/sqlite/sqlite3_far.h" -o sqlite.o
"$build/bin/farcc" -O2 -c "$root/docs/examples/sqlite/memory.c" -o memory.o
"$build/bin/farld" -o sqlite.seg sqlite.o memory.o -lsqlite3
attack "$build/examples/kv/kv.seg"
attack "$build/examples/zlib/zlib.seg" --except zError --except crc32_combine_op
attack cb.seg
set -f # the patterns are far's
attack expat.seg --server
attack sqlite.seg --server
attack expat.seg --caller $(cat "$root/testsuite/fuzzgen/Inputs/expat.except")
attack sqlite.seg --caller $(cat "$root/testsuite/fuzzgen/Inputs/sqlite.except")
exit $bad
