#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Runs a command against a fard of its own: with-fard.sh BUILD-OR-PREFIX COMMAND ARGS…
#
# Socket and store lie in a temporary folder that is removed afterwards; the command finds the socket in FARCALL_SOCKET. Its
# exit code is passed on. When fard itself ended badly (a crash, a sanitizer's report) that is the result, and its log is shown.
#   FARD_STORE=DIR       keep the store there
#   FARD_OPTIONS=WORDS   more options for fard
#   FARD_LOG=FILE        keep fard's messages there
set -u
fard=$1/bin/fard
shift
# Not in TMPDIR: the test runner gives its own, closed to the other uids under which tests run clients.
work=$(mktemp -d /tmp/with-fard.XXXXXX) || exit 71
chmod 755 "$work" # clients under other uids must reach the socket
log=${FARD_LOG:-$work/log}
export FARCALL_SOCKET=$work/run/socket
export PYTHONDONTWRITEBYTECODE=1 # tests leave nothing in the source tree
fard_pid=

stop() {
  local code=$1 fard_code=0
  trap - EXIT
  if [ -n "$fard_pid" ]; then
    kill -TERM "$fard_pid" 2>/dev/null
    wait "$fard_pid" || fard_code=$?
  fi
  if [ "$fard_code" -ne 0 ]; then
    echo "with-fard: fard ended with $fard_code; it said:" >&2
    cat "$log" >&2
    [ "$code" -ne 0 ] || code=70
  fi
  rm -rf "$work"
  exit "$code"
}
trap 'stop 130' INT
trap 'stop 143' TERM
trap 'stop $?' EXIT

# Not told by the environment: hosts must learn the socket from fard itself.
env -u FARCALL_SOCKET "$fard" --foreground --socket "$FARCALL_SOCKET" --store "${FARD_STORE:-$work/store}" --policy none ${FARD_OPTIONS:-} >"$log" 2>&1 </dev/null &
fard_pid=$!
for _ in $(seq 400); do
  grep -qE '^fard: listening|"event":"listening"' "$log" && break
  if ! kill -0 "$fard_pid" 2>/dev/null; then
    cat "$log" >&2
    wait "$fard_pid"
    code=$?
    fard_pid=
    stop "$code"
  fi
  sleep 0.025
done
"$@"
stop $?
