#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# usage: clangd.sh WORK COMPILER: configure WORK/source/cmake, and let clangd check the example's files: no error, no warning.
set -eu
cmake -G Ninja -S "$1/source/cmake" -B "$1/build-clangd" "-DCMAKE_C_COMPILER=$2" "-DCMAKE_C_FLAGS=-Wall -Wextra" "-DCMAKE_PREFIX_PATH=$1/pre fix" >"$1/log"
! grep -e farcc -e launch "$1/build-clangd/compile_commands.json"
grep -q '/kv/kv.c"' "$1/build-clangd/compile_commands.json"
for file in kv/kv.h kv/kv.c kv/colours.c zlib/zlib_far.h zlib/roundtrip.c; do
  code=0
  clangd-19 --check="$1/source/$file" --check-locations=false --check-warnings --compile-commands-dir="$1/build-clangd" >"$1/clangd.log" 2>&1 || code=$?
  if [ "$code" -ne 0 ] || ! grep -q 'All checks completed, 0 errors' "$1/clangd.log" || grep -q '^[EW]\[.*Line' "$1/clangd.log"; then
    echo "$file: clangd ends with $code"
    cat "$1/clangd.log"
    exit 1
  fi
done
rm -rf "$1/build-clangd"
