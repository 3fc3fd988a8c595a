# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Sourced by with-nodes.sh: FOLDER SECONDS SEED CLIENTS TRANSPORT. Clients at node 1 call ledger at node 2 through the proxy, which disturbs
# at random; hosts and clients are killed; at the end the history is checked. FOLDER is what ledger.sh has made.
# KILL_HOSTS=0, KILL_FARDS=0: those are not killed.
folder=$1 seconds=$2 seed=$3 clients=$4 transport=$5
calls=$folder/history
rm -rf "$calls"
mkdir -p "$calls"
RANDOM=$seed
# shellcheck source=testsuite/net/Inputs/clients.sh
. "$here/clients.sh"
start_client() { (NODES_UID=${CHAOS_UID:-} nodes_exec 1 "$folder/history_client" "$calls" "$@") & }
begin_node_2() { nodes_start 2 --transport "$transport"; }
begin_node_1() { nodes_start 1 --peer "$(nodes_place 2)" --transport "$transport"; }

strike() {
  case $((RANDOM % 10)) in
  [0-4]) clients_kill_one && client_kills=$((client_kills + 1)) ;;
  [5-7])
    [ "${KILL_HOSTS:-1}" = 1 ] || return 0
    host=$(nodes_host 2 ledger 2>/dev/null) || return 0
    kill -KILL "$host" 2>/dev/null && host_kills=$((host_kills + 1))
    ;;
  8)
    [ "${KILL_FARDS:-0}" = 1 ] || return 0
    nodes_kill 1 && begin_node_1 && fard_kills=$((fard_kills + 1))
    ;;
  9)
    [ "${KILL_FARDS:-0}" = 1 ] || return 0
    nodes_kill 2 && begin_node_2 && fard_kills=$((fard_kills + 1))
    ;;
  esac
  return 0
}

host_kills=0 client_kills=0 fard_kills=0
begin_node_2
begin_node_1
nodes_far 2 register "$folder/ledger.seg" >/dev/null
nodes_run 1 "$folder/history_client" "$calls" 0 0.2 "$seed" >/dev/null # bound once, before anything is disturbed
echo "seed $seed"
nodes_faults "chance $seed"
clients_begin "$clients" "$seconds" "$seed"
while clients_go_on; do
  sleep "$((RANDOM % 2)).$((RANDOM % 10))"
  strike
done
clients_end
nodes_faults "chance off"
nodes_faults report
echo "proxy: ${NODES_SAID#ok }"
echo "killed: $host_kills hosts, $client_kills clients, $fard_kills fards"
nodes_run 1 "$folder/history_client" "$calls" read
# A deadline runs from when the channel is there: the fards have 15 s for that.
"$NODES_BUILD/testsuite-tools/history" "$calls" "${BOUND_MS:-45000}" "${DEADLINE_BOUND_MS:-21000}"
