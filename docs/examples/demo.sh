#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The main job on real input: one client binary, three trust levels, a killed host, and a zlib that nobody changed.
# usage: demo.sh BUILD-DIRECTORY
set -euo pipefail

build=$(cd "${1:-build}" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$build/bin
kv=$build/examples/kv
zlib=$build/examples/zlib
work=$(mktemp -d)
chmod 755 "$work"
export FARCALL_SOCKET=$work/socket
fard_pid=

cleanup() {
  [ -n "$fard_pid" ] && kill "$fard_pid" 2>/dev/null && wait "$fard_pid" 2>/dev/null
  rm -rf "$work"
}
trap cleanup EXIT

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' off=$'\e[0m'; else bold= dim= off=; fi
title() { printf '\n%s%s%s\n' "$bold" "$1" "$off"; }
say() { printf '%s\n' "$*"; }
show() { printf '%s$ %s%s\n' "$dim" "$*" "$off"; }

# Three principals. As root they are three other users, and the MMU together with the file permissions keeps them apart.
# As an ordinary user all are that user: the same levels are mapped, but one uid is no protection against itself.
if [ "$(id -u)" -eq 0 ]; then
  trusted=61001 reader=61002 stranger=61003
  register_kv=(--trust uid:$trusted --read uid:$reader)
  as() { local uid=$1; shift; setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@"; }
  # The clients' users must be able to reach the programs and libraries.
  if ! as $stranger test -x "$kv/client" -a -r "$kv/libkv.so"; then
    say "demo: other users cannot read $build; copying the clients to $work/clients"
    mkdir -p "$work/clients"
    cp -rL "$build/lib" "$build/examples" "$work/clients/"
    chmod -R a+rX "$work/clients"
    export LD_LIBRARY_PATH=$work/clients/lib:$work/clients/examples/kv:$work/clients/examples/zlib
    kv=$work/clients/examples/kv zlib=$work/clients/examples/zlib
  fi
  note="each client runs under a uid of its own"
else
  trusted=trusted reader=read stranger=none
  register_kv=(--trust "uid:$(id -u)")
  as() { local level=$1; shift; "$bin/far" run --level "$level" "$@"; }
  note="all clients run under your uid: the levels are mapped as asked for, but one uid is no protection against itself (run as root to see three users)"
fi

title "1. A segment, in the order of Figure 1"
say "kv.h is a C header with annotations; kv.c is plain C. farcc compiled it, farld linked kv.seg."
show "far dump kv.seg      # here: its parts, one stub of each kind, one operation of each kind, the relocation commands"
"$bin/far" dump --section=header,parts "$kv/kv.seg" | sed '1d'
# Of the stubs, the way to the gate and one operation where it lives.
stubs_of() {
  "$bin/far" dump --section=stubs "$kv/kv.seg" | awk -v part="$1" -v name="$2" '
    /^[a-z]/ { here = index($0, part) > 0; if (here) print; next }
    /^  slot/ { shown = here && ($2 == 0 || $3 == name) }
    shown'
}
stubs_of fstubs kv_put
stubs_of dstubs kv_find
"$bin/far" dump --section=operations "$kv/kv.seg" | awk '/^operations/ || /^  kv_/ { shown = /^operations|kv_find |kv_put / } shown'
"$bin/far" dump --section=relocs "$kv/kv.seg"
say "(all of it: build/bin/far dump build/examples/kv/kv.seg)"

title "2. The node's daemon registers it"
show "fard --foreground &"
"$bin/fard" --socket "$FARCALL_SOCKET" --store "$work/store" --foreground >"$work/fard.log" 2>&1 &
fard_pid=$!
for _ in $(seq 200); do [ -S "$FARCALL_SOCKET" ] && break; sleep 0.05; done
show "far register kv.seg ${register_kv[*]}"
"$bin/far" register "$kv/kv.seg" "${register_kv[@]}"
"$bin/far" ls
say "($note)"

title "3. One client binary, three times"
say "The same file, linked once against libkv.so. What differs is what fard maps for whoever runs it: with trust the"
say "stub is one branch into code mapped here; without, it traps into the host, a process of its own. The addresses"
say "are the same every time."
for who in "$trusted" "$reader" "$stranger"; do
  show "client        # as $who"
  as "$who" "$kv/client"
done

title "4. The host is killed in the middle of calls"
say "kv_put is called without a pause; its header says far_fails(-1), so that is what a call that was cut off returns."
show "client --hammer 2    # and kill -9 of the host, twice"
as "$stranger" "$kv/client" --hammer 2 &
hammer=$!
for _ in 1 2; do
  sleep 0.5
  host=$("$bin/far" describe kv --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["host"]["pid"])')
  kill -9 "$host" && say "  (host $host killed)"
done
wait $hammer
say "The data is still there:"
as "$stranger" "$kv/client" --count

title "5. zlib, unmodified, behind the same stubs"
input=/usr/lib/$(uname -m)-linux-gnu/libc.a
say "Debian's libz.a and zlib_far.h, a header that declares zlib's functions again with annotations."
show "far register zlib.seg"
"$bin/far" register "$zlib/zlib.seg" --trust "$([ "$(id -u)" -eq 0 ] && echo uid:61001 || echo uid:"$(id -u)")" \
  >"$work/registered" 2>&1 || { cat "$work/registered"; exit 1; }
uncarried="branch only|works for nobody"
grep -Ev "$uncarried" "$work/registered" || true
say "$(grep -Ec "$uncarried" "$work/registered") of its operations cannot be carried through a gate yet (far describe zlib names them):"
grep -Em 1 "$uncarried" "$work/registered" || true
say "Restoring $input ($(stat -c %s "$input") bytes), trusted: one branch a call"
as "$trusted" "$zlib/roundtrip" "$input"
say "and untrusted: a trap into the host, buffers copied through the A-stack"
as "$stranger" "$zlib/roundtrip" "$input"

title "Done."
say "Everything ran in $work, which is removed now. README.md says where to read on."
