#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# usage: rebuild.sh PREFIX WORK GENERATOR COMPILER
# Builds Inputs/project, then edits one file at a time and says which products each build wrote.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
prefix=$1 work=$2 generator=$3 compiler=$4

build() {
  echo "== $1"
  cmake --build "$work/build" -j 2 >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
  python3 "$here/changed.py" "$work/build"
}

rm -rf "$work"
mkdir -p "$work"
cp -R "$here/project" "$work/source"
cmake -G "$generator" -S "$work/source" -B "$work/build" "-DCMAKE_C_COMPILER=$compiler" "-DCMAKE_PREFIX_PATH=$prefix" >"$work/log" 2>&1 ||
  { cat "$work/log"; exit 1; }
cd "$work/source"
build everything
build 'nothing edited'
case $generator in Ninja) ninja -C "$work/build" | tail -n 1 ;; esac
touch service/counter_types.h
build 'nested header of the interface'
touch service/squares_types.h
build 'nested header of an interface without sources'
touch service/counter.c
build 'source touched'
sed -i 's/+ square(0)/+ square(1)/' service/counter.c
build 'source edited'
touch service/include/private.h
build 'private header'
touch service/include/unrelated.h
build 'unrelated header'
touch library/steps.c
build 'library'
echo 'far_op far_function_shipped far_fails(-1) int counter_get(void);' >operation
sed -i '/counter_add/r operation' service/counter.h
echo 'int counter_get(void) { return value; }' >>service/counter.c
build 'operation added'
touch client/main.c
build 'client'
build 'nothing edited'
