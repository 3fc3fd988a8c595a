# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Sourced: several history clients at a time, each followed by another when it is killed. Who sources this has start_client NUMBER
# SECONDS SEED…, which leaves its process in $!, and `calls`, the history's folder.
#   clients_begin COUNT SECONDS SEED; clients_go_on: is there time left?; clients_kill_one; clients_end: waits for all of them
declare -A CLIENTS=()
CLIENTS_NUMBER=0

clients_now_ms() { echo $(($(date +%s%N) / 1000000)); }

clients_start_one() {
  local left=$((CLIENTS_END_MS - $(clients_now_ms)))
  [ "$left" -gt 0 ] || left=1
  CLIENTS_NUMBER=$((CLIENTS_NUMBER + 1))
  start_client "$CLIENTS_NUMBER" "$((left / 1000)).$(printf %03d $((left % 1000)))" "$CLIENTS_SEED" "${CLIENTS_THREADS:-2}" "${CLIENTS_PAUSE_US:-2000}"
  CLIENTS[$CLIENTS_NUMBER]=$!
}

clients_begin() {
  CLIENTS_SEED=$3
  CLIENTS_END_MS=$(($(clients_now_ms) + $2 * 1000))
  for _ in $(seq "$1"); do clients_start_one; done
}

clients_go_on() { [ "$(clients_now_ms)" -lt $((CLIENTS_END_MS - 1000)) ]; }

clients_kill_one() {
  local numbers=("${!CLIENTS[@]}") number code=0
  number=${numbers[$((RANDOM % ${#numbers[@]}))]}
  : >"$calls/killed-$number"
  kill -KILL "${CLIENTS[$number]}" 2>/dev/null || true
  { wait "${CLIENTS[$number]}"; } 2>/dev/null || code=$?
  [ "$code" -eq 137 ] || [ "$code" -eq 0 ] || { echo "client $number had ended with $code"; exit 1; }
  unset "CLIENTS[$number]"
  clients_start_one
}

clients_end() {
  local number code
  for number in "${!CLIENTS[@]}"; do
    code=0
    wait "${CLIENTS[$number]}" || code=$?
    [ "$code" -eq 0 ] || { echo "client $number ended with $code"; exit 1; }
  done
}
