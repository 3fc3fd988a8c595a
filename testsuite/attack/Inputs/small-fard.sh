# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# small-fard.sh BUILD DESCRIPTORS COMMAND ARGS…: a fard of uid 61010 that may have so many descriptors, with kv; the command
# runs as uid 61003.
set -eu
build=$1 descriptors=$2
shift 2
work=$(mktemp -d /tmp/small-fard.XXXXXX)
chmod 777 "$work"
export FARCALL_SOCKET=$work/run/socket
fard_as="setpriv --reuid 61010 --regid 61010 --clear-groups"
(
  ulimit -n "$descriptors"
  exec $fard_as "$build/bin/fard" --foreground --socket "$FARCALL_SOCKET" --store "$work/store"
) >"$work/log" 2>&1 </dev/null &
fard=$!
trap 'kill "$fard" 2>/dev/null; wait "$fard" || cat "$work/log" >&2; rm -rf "$work"' EXIT
for _ in $(seq 400); do
  grep -q '^fard: listening' "$work/log" && break
  sleep 0.025
done
$fard_as "$build/bin/far" register "$build/examples/kv/kv.seg" >/dev/null
setpriv --reuid 61003 --regid 61003 --clear-groups "$@"
