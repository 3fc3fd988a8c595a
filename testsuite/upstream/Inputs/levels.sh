#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The same steps with the system's library, and at each level with a service in its place, each in a folder of its own:
#
#     levels.sh BUILD LIBRARY IMPORT-LIBRARIES STEPS LEVELS REGISTER…
#
# STEPS is a script in this folder; REGISTER… are the arguments of far register. Its output with the system's library is in
# system/output, and with the service it must be the same, in LEVEL/output.
set -e
build=$1 library=$2 FARCALL_ISOLATE_PATH=$3 steps=$4 levels=$5
shift 5
export FARCALL_ISOLATE_PATH
inputs=$(dirname "$0")
"$build/bin/far" register "$@" >register.out 2>&1 || { cat register.out; exit 1; }
mkdir system
(cd system && RUN='' sh "$inputs/$steps" >output 2>notes) || { tail -n 20 system/output system/notes; exit 1; }
for level in $levels; do
  mkdir "$level"
  (cd "$level" && RUN="$build/bin/far run --isolate $library --level $level" sh "$inputs/$steps" >output 2>notes) || {
    tail -n 20 "$level/output" "$level/notes"
    exit 1
  }
  diff system/output "$level/output" || { cat "$level/notes"; exit 1; }
  echo "$level: the same, $(wc -l <"$level/output") lines"
done
