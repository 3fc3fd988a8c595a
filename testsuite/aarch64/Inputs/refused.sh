# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
try() {
  $FAR register "$@"
  echo "exit $?"
}
kept() {
  echo "$(ls "${FARCALL_SOCKET%/run/socket}/store/segments" | wc -l) kept"
}
$FAR register x86-64.seg --trust all
try aarch64.seg
try aarch64.seg --machine x86-64
try aarch64.seg --machine sparc
try x86-64.seg --machine x86-64
try aarch64.seg --machine aarch64 --trust all
try other.seg --machine aarch64
try changed.seg --machine aarch64
$FAR ls
kept
try aarch64.seg --machine aarch64
kept
