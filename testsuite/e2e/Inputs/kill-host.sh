# usage: kill-host.sh FAR KV-DIRECTORY: kill kv's host five times while a client calls it without a pause.
set -eu
far=$1 kv=$2 output=$(mktemp)
as() { setpriv --reuid 61003 --regid 61003 --clear-groups "$@"; }
"$far" register "$kv/kv.seg" >/dev/null
as "$kv/client" >/dev/null
as "$kv/client" --hammer 3 >"$output" 2>&1 &
hammer=$!
for _ in 1 2 3; do
  sleep 0.6
  kill -9 "$("$far" describe kv --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["host"]["pid"])')"
  echo killed
done
wait $hammer
cat "$output"
rm -f "$output"
as "$kv/client" --count
