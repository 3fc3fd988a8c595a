#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# local.sh BUILD FOLDER SECONDS SEED CLIENTS: the same histories through the process gate of one node, whose hosts and clients are
# killed at random. FOLDER is what ledger.sh has made; with-fard.sh is around us. KILLS=0: nobody is killed.
set -eu
build=$1 folder=$2 seconds=$3 seed=$4 clients=$5
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RANDOM=$seed
calls=$folder/history
rm -rf "$calls"
mkdir -p "$calls"
chmod 777 "$calls"
"$build/bin/far" register "$folder/ledger.seg" >/dev/null
# shellcheck source=testsuite/net/Inputs/clients.sh
. "$here/clients.sh"
start_client() { FARCALL_LEVEL=none "$folder/history_client" "$calls" "$@" & }
host_pid() { "$build/bin/far" describe ledger --json | /usr/bin/python3 -c 'import json, sys; pid = json.load(sys.stdin)["host"]["pid"]; sys.exit(print(pid) if pid > 1 else 1)'; }
kills=0
clients_begin "$clients" "$seconds" "$seed"
while clients_go_on; do
  sleep "0.$((RANDOM % 5 + 1))"
  [ "${KILLS:-1}" = 1 ] || continue
  if [ $((RANDOM % 3)) -eq 0 ]; then
    clients_kill_one
  else
    host=$(host_pid) && kill -KILL "$host" 2>/dev/null || continue
  fi
  kills=$((kills + 1))
done
clients_end
echo "kills: $kills"
FARCALL_LEVEL=none "$folder/history_client" "$calls" read
"$build/testsuite-tools/history" "$calls" "${BOUND_MS:-15000}" "${DEADLINE_BOUND_MS:-5000}"
