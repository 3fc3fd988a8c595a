# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Sourced: try OPERATION [ARGUMENT] calls it by trap; said OPERATION [ARGUMENT] also says how the host ended.
export FARCALL_LEVEL=none
try() { ./client "$@"; }
said() {
    ./client "$@"
    for _ in $(seq 200); do
        $FAR describe probe >description
        grep -q ', ready' description && grep -q "$ended_like" description && break
        sleep 0.05
    done
    sed -n 's/^  ended *//p' description
}
ended_like=ended
restart() {
    $FAR unregister probe
    $FAR register probe.seg --trust all "$@" || exit
}
