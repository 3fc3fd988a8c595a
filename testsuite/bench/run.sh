#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Measures every crossing beside its floor, in one run: run.sh BUILD. A table on stdout, BUILD/bench.json for machines.
set -euo pipefail
build=$(cd "${1:?usage: run.sh BUILD}" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if [ "${2:-}" != inside ]; then
  exec "$here/../runtime/with-fard.sh" "$build" "${BASH_SOURCE[0]}" "$build" inside
fi

export BENCH_JSON=$build/bench.lines
rm -f "$BENCH_JSON"
"$build/bin/far" register "$build/examples/kv/kv.seg" --trust "user:$(id -un)" >/dev/null

# The cores that we may use: two if there are two.
mapfile -t cores < <(python3 -c 'import os; print(*sorted(os.sched_getaffinity(0)), sep="\n")')
client=${cores[0]} server=${cores[1]:-${cores[0]}}

pin_host() {
  local pid
  pid=$("$build/bin/far" ls --json | python3 -c '
import json, sys
def find(value):
    if isinstance(value, dict):
        if value.get("name") == "kv" and "host" in value: return value["host"]["pid"]
        value = list(value.values())
    if isinstance(value, list):
        return next((pid for pid in map(find, value) if pid), None)
print(find(json.load(sys.stdin)) or "")')
  taskset -apc "$1" "$pid" >/dev/null
}

printf '%-44s %11s  %-34s %11s  %7s\n' "" "ns" "compared with" "ns" "ratio  [quartiles]"
FARCALL_LEVEL=trusted taskset -c "$client" "$build/bench/branch"
if [ "$client" != "$server" ]; then
  pin_host "$server"
  FARCALL_LEVEL=none "$build/bench/gate" spin "$client" "$server"
else
  echo "process gate, spinning: skipped, there is only one core"
fi
pin_host "$client"
FARCALL_LEVEL=none FARCALL_SPIN=0 "$build/bench/gate" sleep "$client" "$client"
clang=${FARCALL_LLVM:-/usr/lib/llvm-19}/bin/clang
# With the answers that faridl asks the compiler for, so that it need not ask again.
"$clang" -E -D__FARCALL_IDL__ -include "$build/include/farcall/probe.h" -I"${clang%/bin/clang}/include" "$here/idl_text.h" -o "$build/bench/idl_text.i"
"$build/bench/idl" "$build/bin/faridl" "$clang" "$build/bench/idl_text.i"
"$here/bind.sh" "$build"
if [ "$(id -u)" -eq 0 ]; then # other users' clients
  "$clang" -std=gnu17 -D_GNU_SOURCE -O1 -I"$here/../.." -I"$here/../../include" "$here/../ops/Inputs/flood.c" -o "$build/bench/flood"
  python3 "$here/flood.py" "$build/bench/flood"
fi
# The compilers, as they are found by those who use them.
python3 "$here/large_source.py" "$build/bench"
"$build/bench/compile" "$build/bin/farcc" "$clang" "$build/include" "$build/bench/plain.c" \
  "$here/../../docs/examples/kv/kv.c" "$build/bench/large.c" "$build/bench/compiled.o"
"$here/link.sh" "$build"
"$build/bench/start" "$build/bench/hello" "$build/examples/kv" "$build/bench/plain" "$build/lib"

python3 - "$BENCH_JSON" "$build/bench.json" <<'PY'
import json, os, sys
with open(sys.argv[1]) as lines:
    rows = [json.loads(line) for line in lines]
with open(sys.argv[2] + ".tmp", "w") as out:
    json.dump({"bench": rows}, out, indent=1)
    out.write("\n")
os.rename(sys.argv[2] + ".tmp", sys.argv[2])
broken = [row["name"] for row in rows if row["limit"] and row["ratio"] > row["limit"]]
print("written:", sys.argv[2])
if broken:
    print("above what is promised:", ", ".join(broken))
PY
rm -f "$BENCH_JSON"
