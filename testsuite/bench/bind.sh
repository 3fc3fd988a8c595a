#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Binding against ld.so: bind.sh BUILD, with fard running. Makes each service twice from the same objects, as a segment and as an
# ordinary shared library, in BUILD/bench/tables, and measures both. For SQLite, Debian's libsqlite3.a.
set -euo pipefail
build=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$build/bench/tables
clang=${FARCALL_LLVM:-/usr/lib/llvm-19}/bin/clang
export PATH=$PATH:${FARCALL_LLVM:-/usr/lib/llvm-19}/bin FARCALL_LEVEL=trusted
mkdir -p "$work"
cd "$work"

# -Bsymbolic is for SQLite, whose objects are not made for symbols that others replace.
plain() {
  local output=$1
  shift
  "$clang" -shared -fuse-ld=lld -Wl,-z,now -o "$output" "$@"
}

make_tables() { # KIND COUNT
  local name=reloc_$1_$2
  [ "$name.so" -nt "$here/reloc_source.py" ] && [ "$name.so" -nt "$build/bin/farld" ] && return
  /usr/bin/python3 "$here/reloc_source.py" "$1" "$2" .
  "$clang" -c "$name.s" -o "$name.table.o"
  "$build/bin/farcc" -O2 -c "$name.c" -o "$name.o"
  "$build/bin/farld" -o "$name.seg" "$name.o" "$name.table.o"
  "$build/bin/far" implib "$name.seg" -o "$name.import.so"
  "$clang" -O2 -fPIC -I"$build/include" -c "$name.c" -o "$name.plain.o"
  plain "$name.so" "$name.plain.o" "$name.table.o"
  rm "$name.s" "$name.table.o"
}

make_sqlite() {
  local source=$root/docs/examples/sqlite archive
  archive=$("$clang" -print-file-name=libsqlite3.a)
  [ -f "$archive" ] || return 1
  [ sqlite3.so -nt "$build/bin/farld" ] && return
  "$build/bin/faridl" "$source/sqlite3_far.h" -o sqlite3.iface.o
  "$build/bin/farcc" -O2 -c "$source/memory.c" -o sqlite3.memory.o
  "$build/bin/farld" -o sqlite3.seg sqlite3.iface.o sqlite3.memory.o "$archive"
  "$build/bin/far" implib sqlite3.seg -o sqlite3.import.so
  plain sqlite3.so -Wl,-Bsymbolic sqlite3.memory.o -Wl,--whole-archive "$archive" -Wl,--no-whole-archive -lm
}

measure() { # NAME SYMBOL FIRST-LIMIT LATER-LIMIT
  "$build/bench/bind" "$build/bin/far" "$work/$1.seg" "$work/$1.import.so" "$work/$1.so" "$2" "$1" "$3" "$4"
}

for kind in relative symbolic; do
  for count in 1000 10000 100000 1000000; do
    make_tables "$kind" "$count"
    first=0 later=0 # 0: nothing is promised
    [ "$count" = 100000 ] && first=1
    [ "$kind-$count" = symbolic-100000 ] && later=0.05
    measure "reloc_${kind}_$count" "reloc_${kind}_${count}_tag" "$first" "$later"
  done
done
few=reloc_symbolic_1000 many=reloc_symbolic_1000000
"$build/bench/bind" --same "${many}_tag" "$work/$many.import.so" "${few}_tag" "$work/$few.import.so" \
  "later bind: 1000000 relocations and 1000" 1.25
if make_sqlite; then
  measure sqlite3 sqlite3_libversion_number 0 0
else
  echo "bench: there is no libsqlite3.a; ./dev setup installs it" >&2
  exit 69
fi
