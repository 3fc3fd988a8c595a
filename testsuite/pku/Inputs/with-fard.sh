#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# with-fard.sh WORK CC BUILD COMMANDS [FILE…]: vm.sh for commands that need a name server. fard runs in the machine, and
# FARCALL_SOCKET says where; far, fard and far-host are there.
set -eu
work=$1 cc=$2 build=$3 commands=$4
shift 4
mkdir -p "$work"
cat - "$commands" >"$work/commands" <<'FARD'
export FARCALL_SOCKET=/run/fard/socket
fard --foreground --socket $FARCALL_SOCKET --store /run/store --policy none >/run/log 2>&1 &
fard=$!
until grep -q 'fard: listening' /run/log; do
  kill -0 $fard || { cat /run/log; exit 70; }
  sleep 0.05
done
FARD
exec "$(dirname "$0")/vm.sh" "$work" "$cc" "$work/commands" "$build/bin/far-host" "$build/bin/far" "$build/bin/fard" "$@"
