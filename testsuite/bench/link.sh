#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# farld against plain ld.lld, same inputs, same exported symbols: link.sh BUILD. Inputs are made once, in BUILD/bench/linked.
set -euo pipefail
build=$(cd "${1:?usage: link.sh BUILD}" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
llvm=${FARCALL_LLVM:-/usr/lib/llvm-19}
lld=${FARCALL_LLD:-ld.lld-19}
work=$build/bench/linked
mkdir -p "$work"

# exports SEGMENT VERSION-SCRIPT: what the segment exports, for ld.lld; and as -u options on stdout.
exports() {
  "$llvm/bin/llvm-nm" -D --defined-only --format=just-symbols "$1" >"$2.names"
  { echo "{ global:"; sed 's/$/;/' "$2.names"; echo "local: *; };"; } >"$2"
  sed 's/^/--undefined=/' "$2.names"
}

# compare NAME SLICES FARLD-OPTIONS… -- INPUTS…; NAME.iface.o is there.
compare() {
  local name=$1 slices=$2 options=() roots
  shift 2
  while [ "$1" != -- ]; do options+=("$1"); shift; done
  shift
  "$build/bin/farld" "${options[@]}" -o "$work/$name.seg" "$work/$name.iface.o" "$@"
  mapfile -t roots < <(exports "$work/$name.seg" "$work/$name.ver")
  "$build/bench/link" "$name" "$slices" \
    "$lld" -shared -Bsymbolic --gc-sections --version-script="$work/$name.ver" "${roots[@]}" -o "$work/$name.so" "$@" -- \
    "$build/bin/farld" "${options[@]}" -o "$work/$name.seg" "$work/$name.iface.o" "$@"
}

"$build/bin/faridl" "$here/../../docs/examples/sqlite/sqlite3_far.h" -o "$work/sqlite.iface.o"
compare sqlite 5 -- "$("$llvm/bin/clang" -print-file-name=libsqlite3.a)"

# By chance some bytes of so much code are those of xrstor.
[ -e "$work/bulk/objects" ] || python3 "$here/link_input.py" "$work/bulk" "$llvm/bin/clang" "$llvm/bin/llvm-objcopy" 100
"$build/bin/faridl" "$work/bulk/bulk.h" -o "$work/bulk.iface.o"
mapfile -t objects <"$work/bulk/objects"
compare bulk 1 --allow-wrpkru -- "${objects[@]}"
