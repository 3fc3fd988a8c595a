# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Sourced by scripts that with-nodes.sh runs: an etcd of one member or three, its data in memory, elections that take half a second.
#
#     etcd_begin COUNT [TLS]   with TLS: https, with certificates of node 1
#     etcd_stop I, etcd_go_on I, etcd_kill I, etcd_again I      a member
#     etcd_await               until all members that run are well
#     etcd_leader              its number
#     $ETCD_URLS
# Member I listens at an address of this process's own, on ports that are free there: nobody else uses that address.
ETCD_PIDS=()

etcd_address() { echo "127.$(($1 << 6 | $$ >> 16 | 32)).$(($$ >> 8 & 255)).$(($$ & 255))"; }

etcd_url() { echo "$ETCD_SCHEME://$(etcd_address "$1"):2379"; }

etcd_again() {
  local i=$1 tls=()
  [ "$ETCD_SCHEME" = http ] || tls=(--client-cert-auth --trusted-ca-file "$ETCD_TLS/ca.pem" --cert-file "$ETCD_TLS/node.pem" --key-file "$ETCD_TLS/node.key")
  setpriv --pdeathsig KILL etcd --name "m$i" --data-dir "$ETCD_FOLDER/m$i" --unsafe-no-fsync --log-level warn \
    --heartbeat-interval 50 --election-timeout 500 --initial-cluster "$ETCD_CLUSTER" \
    --listen-client-urls "$(etcd_url "$i")" --advertise-client-urls "$(etcd_url "$i")" \
    --listen-peer-urls "http://$(etcd_address "$i"):2380" --initial-advertise-peer-urls "http://$(etcd_address "$i"):2380" \
    "${tls[@]}" >>"$ETCD_FOLDER/m$i.log" 2>&1 </dev/null &
  ETCD_PIDS[i]=$!
  disown "${ETCD_PIDS[$i]}" # the shell says nothing of its end
}

etcd_ask() { # MEMBER PATH BODY
  local way=()
  [ "$ETCD_SCHEME" = http ] || way=(--cacert "$ETCD_TLS/ca.pem" --cert "$ETCD_TLS/node.pem" --key "$ETCD_TLS/node.key")
  curl -sf --noproxy '*' -m 2 "${way[@]}" -X POST -d "$3" "$(etcd_url "$1")/v3/$2"
}

# Keys of ours as they are, below a folder of them: names/, ranges/, …
etcd_keys() {
  local from=/farcall/1/$1
  etcd_ask 1 kv/range "{\"key\": \"$(printf %s "$from" | base64)\", \"range_end\": \"$(printf %s "${from%/}0" | base64)\"}" |
    /usr/bin/python3 -c 'import base64, json, sys
for entry in json.load(sys.stdin).get("kvs", []):
    print(*(base64.b64decode(entry[part]).decode() for part in ("key", "value")))'
}

etcd_await() {
  local i end=$((SECONDS + 30))
  for i in "${!ETCD_PIDS[@]}"; do
    until etcd_ask "$i" kv/range '{"key": "AA=="}' >"$ETCD_FOLDER/answer"; do
      [ "$SECONDS" -lt "$end" ] && kill -0 "${ETCD_PIDS[$i]}" 2>/dev/null ||
        { echo "etcd: member $i does not come up:" >&2; tail -n 20 "$ETCD_FOLDER/m$i.log" >&2; return 1; }
      sleep 0.05
    done
  done
}

etcd_leader() {
  local i end=$((SECONDS + 30))
  while [ "$SECONDS" -lt "$end" ]; do
    for i in "${!ETCD_PIDS[@]}"; do
      ! etcd_ask "$i" maintenance/status '{}' | /usr/bin/python3 -c 'import json, sys
status = json.loads(sys.stdin.read() or "{}")
sys.exit(status.get("leader", 0) != status.get("header", {}).get("member_id"))' || { echo "$i"; return; }
    done
    sleep 0.05
  done
  return 1
}

etcd_stop() { kill -STOP "${ETCD_PIDS[$1]}"; }
etcd_go_on() { kill -CONT "${ETCD_PIDS[$1]}"; }
etcd_kill() {
  kill -KILL "${ETCD_PIDS[$1]}"
  while kill -0 "${ETCD_PIDS[$1]}" 2>/dev/null; do sleep 0.01; done
  unset "ETCD_PIDS[$1]"
}

etcd_end() {
  local pid
  for pid in "${ETCD_PIDS[@]}"; do kill -KILL "$pid" 2>/dev/null; done
  rm -rf "$ETCD_FOLDER"
}

etcd_begin() {
  local i memory=/tmp
  ETCD_TLS=${2:-} ETCD_SCHEME=http ETCD_CLUSTER='' ETCD_URLS=''
  [ -z "$ETCD_TLS" ] || ETCD_SCHEME=https
  [ ! -w /dev/shm ] || memory=/dev/shm
  ETCD_FOLDER=$(mktemp -d "$memory/$NODES_PREFIX-etcd.XXXXXX")
  trap 'code=$?; set +e; etcd_end; nodes_end $code' EXIT
  trap 'set +e; etcd_end; nodes_end 130' INT
  trap 'set +e; etcd_end; nodes_end 143' TERM
  for ((i = 1; i <= $1; i++)); do
    ETCD_CLUSTER+="${ETCD_CLUSTER:+,}m$i=http://$(etcd_address "$i"):2380"
    ETCD_URLS+="${ETCD_URLS:+,}$(etcd_url "$i")"
  done
  for ((i = 1; i <= $1; i++)); do etcd_again "$i"; done
  etcd_await
}
