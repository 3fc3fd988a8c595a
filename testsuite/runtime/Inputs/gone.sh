#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# usage: gone.sh BUILD CLIENT WORK-DIRECTORY: start fard, bind the client, kill fard, then the host, start
# fard again.
build=$1 client=$2 work=$3
rm -rf "$work" && mkdir -p "$work" && chmod 755 "$work"
run=$(mktemp -d /tmp/gone.XXXXXX) # short: a socket's path has at most 107 bytes
export FARCALL_SOCKET=$run/socket
start() {
  : >"$work/log"
  "$build/bin/fard" --foreground --socket "$FARCALL_SOCKET" --store "$work/store" >>"$work/log" 2>&1 </dev/null &
  fard=$!
  for _ in $(seq 400); do grep -q '^fard: listening' "$work/log" && return; sleep 0.025; done
  cat "$work/log" >&2
  exit 70
}
trap 'kill "$fard" $CLIENT_PID 2>/dev/null; wait; rm -rf "$run"' EXIT
start
"$build/bin/far" register "$build/examples/kv/kv.seg" >/dev/null || exit
coproc CLIENT { exec "$client"; }
exec {to}>&"${CLIENT[1]}" {from}<&"${CLIENT[0]}"
ask() { echo "$1" >&"$to"; read -r -t 60 answer <&"$from" || answer='no answer: it hangs'; echo "$answer"; }
ask bound
host=$("$build/bin/far" describe kv --json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p')
kill -9 "$fard"; wait "$fard" 2>/dev/null
ask 'fard killed'
kill -9 "$host"
ask 'host killed'
start
ask 'fard again, next'
ask 'fard again'
