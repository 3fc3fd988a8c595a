#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Debian's SQLite in a segment whose host has files, in the place of Debian's libsqlite3.so.0, as docs/examples/sqlite/README.md says
# it. sqlite.sh BUILD FOLDER, in a folder of its own: files.seg, and the import library in FOLDER.
set -e
parts=$(dirname "$0")/../../../docs/examples/sqlite
"$1/bin/farcc" -O2 -c "$parts/deserialize.c" -o deserialize.o
"$1/bin/farld" -o files.seg deserialize.o -lsqlite3
for part in "$parts"/client_*.c; do
  clang -O2 -fPIC -I"$parts/../../../include" -c "$part" -o "$(basename "$part" .c).o"
done
# shellcheck disable=SC2046
FARCALL_ISOLATE_PATH=$2 "$1/bin/far" implib files.seg --isolate --like /lib/x86_64-linux-gnu/libsqlite3.so.0 \
  $(printf ' --with %s' client_*.o)
