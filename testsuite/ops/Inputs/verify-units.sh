#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# verify-units.sh BUILD FOLDER: systemd's own check of the units, with the programs of BUILD. --again: of those in FOLDER.
build=$1 folder=$2 status=0
if [ "$build" != --again ]; then
  for kind in system user; do
    mkdir -p "$folder/$kind"
    sed "s|^ExecStart=[^ ]*/fard|ExecStart=$build/bin/fard|" "$build/lib/systemd/$kind/fard.service" >"$folder/$kind/fard.service"
    cp "$build/lib/systemd/$kind/fard.socket" "$folder/$kind/fard.socket"
  done
fi
for kind in system user; do
  # A message of any kind is a mistake; it ends with 0 for most of them.
  XDG_RUNTIME_DIR=$folder/run systemd-analyze "--$kind" --man=no --recursive-errors=no verify \
    "$folder/$kind/fard.service" "$folder/$kind/fard.socket" >"$folder/said" 2>&1 || status=1
  grep -F "$folder" "$folder/said" && status=1
done
exit $status
