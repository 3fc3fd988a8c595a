# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# perf-daemon.sh BUILD FOLDER: a fard of its own with --perf; the map of its host.
far=$1/bin/far
sockets=$(mktemp -d /tmp/perf-daemon.XXXXXX)
chmod 755 "$sockets"
export FARCALL_SOCKET=$sockets/socket
"$1/bin/fard" --perf --foreground --store "$2/store" >"$2/log" 2>&1 &
fard=$!
until grep -q '^fard: listening' "$2/log"; do kill -0 $fard || exit 1; sleep 0.02; done
"$far" register dbg.seg >/dev/null
map=/tmp/perf-$("$far" describe dbg --json | sed -n 's/^ *"pid": \([0-9]*\),$/\1/p').map
stat -c 'mode %a' "$map"
cat "$map"
kill $fard
wait $fard
rm -rf "$map" "$sockets"
