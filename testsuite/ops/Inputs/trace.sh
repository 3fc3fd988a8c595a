#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# trace.sh FAR FOLDER: traces the service that talks, while it is called and while its host is killed.
far=$1 folder=$2
"$far" register "$folder/talk.seg" --read all >/dev/null || exit 1

# Waits until a command succeeds.
until_true() {
  for _ in $(seq 600); do
    "$@" && return
    sleep 0.05
  done
  echo "in vain: $*"
  exit 1
}
host() { "$far" ls --json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p'; }
has() { [ "$(grep -c "$1" "$folder/trace")" -ge "$2" ]; }
other_host() { local now; now=$(host) && [ "$now" != 0 ] && [ "$now" != "$before" ]; }
is_ready() { "$far" ls | grep -q ready; }

: >"$folder/trace"
"$far" trace talk >>"$folder/trace" 2>&1 &
tracer=$!
until_true has tracing 1
"$folder/client" null 3
until_true has talk_null 3
echo "the host was killed" >>"$folder/trace"
before=$(host)
kill -KILL "$before"
until_true other_host
until_true is_ready
"$folder/client" null 2
until_true has talk_null 5
kill -INT "$tracer"
wait "$tracer" || echo "far trace ended with $?"
cat "$folder/trace"

"$far" trace talk --op talk_say --count 3 --duration 60 --json >"$folder/trace" 2>"$folder/said" &
tracer=$!
until_true grep -q tracing "$folder/said"
for _ in 1 2 3 4; do "$folder/client" null 5; "$folder/client" say x >/dev/null; done
wait "$tracer" || echo "far trace ended with $?"
echo "named: $(grep -c talk_say "$folder/trace") lines of talk_say, $(grep -c talk_null "$folder/trace") of talk_null"
cat "$folder/trace"
