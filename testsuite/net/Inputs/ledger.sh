#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# ledger.sh BUILD FOLDER COMPILER [OPTIONS OF ITS SOURCE]: the service and its clients (LEDGER_CLIENTS: only these), in the folder.
set -e
build=$1 folder=$2 compiler=$3 here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
shift 3
mkdir -p "$folder"
chmod 755 "$folder"
cd "$folder"
"$build/bin/farcc" -O1 -g "$@" -c "$here/ledger.c" -o ledger.o
"$build/bin/farld" -o ledger.seg ledger.o
"$build/bin/far" implib ledger.seg -o libledger.so
"$build/bin/faridl" "$here/ledger.h" --promises=ledger_promises.h
for client in ${LEDGER_CLIENTS:-history_client caller processes}; do
  $compiler -D_GNU_SOURCE -O1 -g -I"$root/include" -I"$here" -I. "$here/$client.c" -o $client \
    -L. -lledger -L"$build/lib" -lfarcall -lpthread -Wl,-rpath,"$folder" -Wl,-rpath,"$build/lib"
done
