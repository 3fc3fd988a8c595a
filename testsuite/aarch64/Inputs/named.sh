# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
$FAR register aarch64.seg --trust all
$ARM aarch64/client host
