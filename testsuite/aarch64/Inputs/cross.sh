# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# A service that is registered for aarch64 first has its host there; the other executable only adds clients.
all="integers floats memory host"
none="$FAR run --level none"
compare() {
  diff "$1" "$2" && echo "same: $3"
}
$FAR register x86-64.seg --trust all
$FAR register aarch64.seg --machine aarch64
$none x86-64/client $all >x86-64-host.txt
$none $ARM aarch64/client $all >a.txt && compare x86-64-host.txt a.txt "aarch64 traps to x86-64"
$ARM aarch64/client $all >a.txt && compare x86-64-host.txt a.txt "aarch64 branches"
x86-64/client $all >a.txt && compare x86-64-host.txt a.txt "x86-64 branches"
$FAR unregister pair
$FAR register aarch64.seg --trust all
$FAR register x86-64.seg --machine x86-64
sed 's/^host x86-64/host aarch64/' x86-64-host.txt >aarch64-host.txt
$none x86-64/client $all >a.txt && compare aarch64-host.txt a.txt "x86-64 traps to aarch64"
$none $ARM aarch64/client $all >a.txt && compare aarch64-host.txt a.txt "aarch64 traps to aarch64"
