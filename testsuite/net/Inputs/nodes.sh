# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Two or three nodes on one machine, for tests that source this: each has a fard of its own, with a socket, a store and a
# certificate, and, unless --loopback, a network namespace.
#
#     nodes_begin BUILD COUNT [--loopback | --proxy]   namespaces, certificates; cleans up when the script ends, however it ends
#     nodes_start I [OPTIONS…]    fard of node I; returns once it listens
#     nodes_stop I                in order; nodes_kill I: without a word
#     nodes_far I ARGUMENTS…      far at node I
#     nodes_run I COMMAND…        a client there (NODES_UID: as another user); (nodes_exec I COMMAND…) &: $! is its number
#     nodes_partition I J         nothing passes any more between the two, nobody is told; nodes_heal I J
#     nodes_faults COMMAND        to the proxy (proxy.c says which)
#
# --loopback: all nodes are in this machine's own network, at addresses 127.x.y.z of their own.
# --proxy: what passes between two nodes passes through the proxy.
#
# Node I is `node-I`, at $(nodes_address I). Everything of it lies in $NODES/I: socket, store, tls, log.
NODES_PORT=7327
NODES_PROXIES=()

nodes_address() {
  if [ "$NODES_KIND" = --loopback ]; then # this process's number in 22 bits, the node's in 2
    echo "127.$(($1 << 6 | $$ >> 16)).$(($$ >> 8 & 255)).$(($$ & 255))"
  else
    echo "10.77.0.$1"
  fi
}

nodes_place() { echo "$(nodes_address "$1"):$NODES_PORT"; }

# A process that has the same number later has begun at another time.
nodes_birth() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }

nodes_space() { echo "$NODES_PREFIX-$1"; }

nodes_inside() { # NAMESPACE COMMAND…
  local space=$1
  shift
  nsenter --net="/run/netns/$space" "$@"
}

nodes_remove_space() {
  local pids
  pids=$(ip netns pids "$1" 2>/dev/null) || return 0
  [ -z "$pids" ] || kill -KILL $pids 2>/dev/null
  ip netns del "$1" 2>/dev/null
}

# far-PROCESS-BIRTH…: does that process still run?
nodes_is_alive() {
  local rest=${1#far-}
  local birth=${rest#*-}
  [ "$(nodes_birth "${rest%%-*}")" = "${birth%%[!0-9]*}" ]
}

# Of tests that were killed.
nodes_remove_leftovers() {
  local space
  for space in $(ip netns list | grep -o '^far-[0-9]*-[0-9]*-[^ ]*'); do
    nodes_is_alive "$space" || nodes_remove_space "$space"
  done
}

nodes_remove_folders() {
  local folder
  for folder in /tmp/far-[0-9]*-[0-9]*.*; do
    [ ! -d "$folder" ] || nodes_is_alive "${folder#/tmp/}" || rm -rf "$folder"
  done
}

nodes_make_space() { # NAME ADDRESS
  # The first one on a machine makes the folder; two at once would both.
  flock /run/lock/farcall-netns ip netns add "$1" || return
  ip -n "$1" link set lo up && ip -n "$1" address add "$2/32" dev lo
}

# nodes_wire SPACE-I ADDRESS-I SPACE-J ADDRESS-J NAME-AT-I NAME-AT-J
nodes_wire() {
  ip link add "$5" netns "$1" type veth peer name "$6" netns "$3" &&
    ip -n "$1" link set "$5" up && ip -n "$3" link set "$6" up &&
    ip -n "$1" route add "$4" dev "$5" src "$2" && ip -n "$3" route add "$2" dev "$6" src "$4"
}

nodes_make_network() {
  local i j
  nodes_remove_leftovers
  for ((i = 1; i <= NODES_COUNT; i++)); do nodes_make_space "$(nodes_space "$i")" "$(nodes_address "$i")" || return; done
  for ((i = 1; i <= NODES_COUNT; i++)); do
    for ((j = 1; j <= NODES_COUNT; j++)); do
      [ "$i" -ne "$j" ] || continue
      if [ "$NODES_KIND" = --proxy ]; then # for I, node J is a namespace where the proxy listens
        nodes_make_space "$(nodes_space "$i-$j")" "$(nodes_address "$j")" &&
          nodes_wire "$(nodes_space "$i")" "$(nodes_address "$i")" "$(nodes_space "$i-$j")" "$(nodes_address "$j")" "to$j" "to$i" || return
      elif [ "$i" -lt "$j" ]; then
        nodes_wire "$(nodes_space "$i")" "$(nodes_address "$i")" "$(nodes_space "$j")" "$(nodes_address "$j")" "to$j" "to$i" || return
      fi
    done
  done
}

nodes_make_certificates() {
  local i
  "$NODES_BUILD/bin/far" cert init "$NODES/ca" >"$NODES/cert.log" 2>&1 || { cat "$NODES/cert.log" >&2; return 1; }
  for ((i = 1; i <= NODES_COUNT; i++)); do
    (cd "$NODES" && "$NODES_BUILD/bin/far" cert node "node-$i" --ca "$NODES/ca" --host "$(nodes_address "$i")" -o "$NODES/$i/tls") >"$NODES/cert.log" 2>&1 ||
      { cat "$NODES/cert.log" >&2; return 1; }
  done
}

nodes_begin() {
  local i
  NODES_BUILD=$1 NODES_COUNT=$2 NODES_KIND=${3:-}
  NODES_PREFIX=far-$$-$(nodes_birth $$)
  nodes_remove_folders
  NODES=$(mktemp -d "/tmp/$NODES_PREFIX.XXXXXX") || return # not in TMPDIR, which other users cannot read
  chmod 755 "$NODES"
  trap 'nodes_end 130' INT
  trap 'nodes_end 143' TERM
  trap 'nodes_end $?' EXIT
  for ((i = 1; i <= NODES_COUNT; i++)); do mkdir "$NODES/$i"; done
  [ "$NODES_KIND" = --loopback ] || nodes_make_network || { echo "nodes: no network namespaces" >&2; exit 71; }
  nodes_make_certificates || { echo "nodes: no certificates" >&2; exit 71; }
  [ "$NODES_KIND" != --proxy ] || nodes_start_proxy
}

nodes_start() {
  local i=$1 log=$NODES/$1/log before way=()
  shift
  : >>"$log"
  before=$(wc -l <"$log")
  [ "$NODES_KIND" = --loopback ] || way=(nsenter --net="/run/netns/$(nodes_space "$i")")
  # Not by a function: its process number must be fard's.
  env -u FARCALL_SOCKET "${way[@]}" "$NODES_BUILD/bin/fard" --foreground --socket "$NODES/$i/run/socket" --store "$NODES/$i/store" \
    --policy none --listen "$(nodes_place "$i")" --tls "$NODES/$i/tls" "$@" >>"$log" 2>&1 </dev/null &
  echo $! >"$NODES/$i/pid"
  nodes_await_log "$i" "$before" '^fard: listening'
}

nodes_pid() { cat "$NODES/$1/pid"; }

# nodes_await_log I LINES TEXT: until fard has said that behind so many lines.
nodes_await_log() {
  local i
  for ((i = 0; i < 1200; i++)); do
    ! tail -n "+$(($2 + 1))" "$NODES/$1/log" | grep -qE "$3" || return 0
    kill -0 "$(nodes_pid "$1")" 2>/dev/null || break
    sleep 0.025
  done
  echo "nodes: fard of node $1 has not said '$3':" >&2
  tail -n 50 "$NODES/$1/log" >&2
  return 1
}

nodes_far() {
  local i=$1
  shift
  (unset NODES_UID && nodes_exec "$i" "$NODES_BUILD/bin/far" "$@")
}

# In a subshell: it becomes the command, so that its process number is the command's.
nodes_exec() {
  local i=$1 way=()
  shift
  [ "$NODES_KIND" = --loopback ] || way=(nsenter --net="/run/netns/$(nodes_space "$i")")
  [ -z "${NODES_UID:-}" ] || way+=(setpriv --reuid "$NODES_UID" --regid "$NODES_UID" --clear-groups)
  FARCALL_SOCKET=$NODES/$i/run/socket exec "${way[@]}" "$@"
}

nodes_run() { (nodes_exec "$@"); }

# nodes_await I SECONDS COMMAND…: until it succeeds there.
nodes_await() {
  local i=$1 end=$((SECONDS + $2))
  shift 2
  until nodes_run "$i" "$@" >"$NODES/await.log" 2>&1; do
    [ "$SECONDS" -lt "$end" ] || { echo "nodes: at node $i this does not become true: $*" >&2; cat "$NODES/await.log" >&2; return 1; }
    sleep 0.05
  done
}

nodes_host() { # I SERVICE: its process; fails while there is none
  nodes_far "$1" describe "$2" --json | /usr/bin/python3 -c 'import json, sys; pid = json.load(sys.stdin)["host"]["pid"]; sys.exit(print(pid) if pid > 1 else 1)'
}

nodes_end_fard() { # I SIGNAL
  local pid code=0
  [ -f "$NODES/$1/pid" ] || return 0
  pid=$(nodes_pid "$1")
  rm -f "$NODES/$1/pid"
  kill "-$2" "$pid" 2>/dev/null
  (for _ in $(seq 600); do kill -0 "$pid" 2>/dev/null || exit; sleep 0.05; done; kill -KILL "$pid") 2>/dev/null &
  { wait "$pid"; } 2>/dev/null || code=$?
  [ "$2" = KILL ] || [ "$code" -eq 0 ] || {
    echo "nodes: fard of node $1 ended with $code; it said:" >&2
    tail -n 200 "$NODES/$1/log" >&2
    return 70
  }
}

nodes_stop() { nodes_end_fard "$1" TERM; }
nodes_kill() { nodes_end_fard "$1" KILL; }

# Packets are sent to nobody's hardware address: neither side hears anything of it, as where a cable is cut far away.
nodes_partition() {
  nodes_mislead "$1" "$2" && nodes_mislead "$2" "$1"
}

nodes_mislead() { ip -n "$(nodes_space "$1")" neighbour replace "$(nodes_address "$2")" lladdr 02:00:00:00:00:02 dev "to$2" nud permanent; }

nodes_heal() {
  ip -n "$(nodes_space "$1")" neighbour del "$(nodes_address "$2")" dev "to$2"
  ip -n "$(nodes_space "$2")" neighbour del "$(nodes_address "$1")" dev "to$1"
}

# One for each direction in which connections can be made: routes I-J.
nodes_start_proxy() {
  local i j routes=()
  for ((i = 1; i <= NODES_COUNT; i++)); do
    for ((j = 1; j <= NODES_COUNT; j++)); do
      [ "$i" -eq "$j" ] || routes+=(--route "$i-$j" "$(nodes_space "$i-$j")/$(nodes_place "$j")" "$(nodes_space "$j")/$(nodes_place "$j")")
    done
  done
  coproc NODES_PROXY { exec "$NODES_BUILD/testsuite-tools/proxy" "${routes[@]}" ${NODES_PROXY_OPTIONS:-} 2>"$NODES/proxy.log"; }
  read -r -t 30 NODES_SAID <&"${NODES_PROXY[0]}" && [ "$NODES_SAID" = ready ] ||
    { echo "nodes: no proxy:" >&2; cat "$NODES/proxy.log" >&2; exit 71; }
}

nodes_faults() {
  echo "$*" >&"${NODES_PROXY[1]}" && read -r -t 30 NODES_SAID <&"${NODES_PROXY[0]}" || { echo "nodes: the proxy has gone" >&2; return 1; }
  case $NODES_SAID in ok*) ;; *) echo "nodes: $*: $NODES_SAID" >&2 && return 1 ;; esac
}

nodes_end() {
  local code=$1 i space
  trap - EXIT INT TERM
  if [ "$code" -ne 0 ] && [ -n "${NODES_SHOW_LOGS:-1}" ]; then
    for ((i = 1; i <= NODES_COUNT; i++)); do
      [ ! -f "$NODES/$i/log" ] || { echo "--- fard of node $i said:"; tail -n 40 "$NODES/$i/log"; } >&2
    done
  fi
  for ((i = NODES_COUNT; i >= 1; i--)); do nodes_stop "$i" || [ "$code" -ne 0 ] || code=70; done
  [ -z "${NODES_PROXY_PID:-}" ] || kill "$NODES_PROXY_PID" 2>/dev/null
  if [ "$NODES_KIND" != --loopback ]; then
    for space in $(ip netns list | grep -o "^$NODES_PREFIX-[^ ]*"); do nodes_remove_space "$space"; done
  fi
  rm -rf "$NODES"
  exit "$code"
}
