# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
$FAR register x86-64.seg --trust all
$FAR register aarch64.seg --machine aarch64
$FAR ls
x86-64/client code host addresses push sum thrice
$ARM aarch64/client code host addresses push list hook twice
x86-64/client list sum hook
ulimit -c 0
$ARM aarch64/client fault 2>fault.txt || echo faulted
$ARM aarch64/client sum
x86-64/client sum
