# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
$FAR register aarch64.seg
echo "exit $?"
$FAR ls
