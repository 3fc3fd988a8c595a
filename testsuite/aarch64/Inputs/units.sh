# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# units.sh FOLDER: each unit test there, under the emulator, and how it ended. QEMU's user mode sometimes fails an assertion of its own
# when a program with threads forks: then it says so, and the test is run again.
for unit in "$1"/*.unit; do
  for _ in 1 2 3; do
    timeout 100 $ARM "$unit" >"$unit.out" 2>&1
    code=$?
    grep -q '^ERROR:.*assertion failed' "$unit.out" || break
  done
  cat "$unit.out"
  echo "$(basename "$unit"): $code"
  [ $code -eq 0 ] || echo "failed: $unit"
done
