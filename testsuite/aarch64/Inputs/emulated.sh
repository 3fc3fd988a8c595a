# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
$FAR register aarch64.seg --trust all
$ARM aarch64/client push host
x86-64/client host
echo client $?
$FAR register x86-64.seg --machine x86-64
$FAR describe pair | grep -E 'build id|enforced'
x86-64/client sum host
pid=$($FAR describe pair --json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p')
kill -KILL "$pid"
while $FAR describe pair --json | grep -q "\"pid\": $pid"; do :; done
x86-64/client host # waits until there is one
$FAR describe pair | grep -E 'build id|enforced'
x86-64/client host
$ARM aarch64/client sum
