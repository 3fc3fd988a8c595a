# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
for unit in "$1"/*.unit; do
  $ARM "$unit"
  code=$?
  echo "$(basename "$unit"): $code"
  [ $code -eq 0 ] || echo "failed: $unit"
done
