# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
$FAR register x86-64.seg --trust all
$FAR register aarch64.seg --machine aarch64
$ARM aarch64/client addresses
