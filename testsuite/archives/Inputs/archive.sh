#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# From somebody's archive to calls of it: archive.sh BUILD CLIENT-CC WORK NAME FARLD-ARGUMENTS… [-- CLIENT-ARGUMENTS…]
#
#   NAME_far.h      the interface             → WORK/NAME.iface.o
#   NAME.c          operations of our own     → WORK/NAME.o, if there is such a file; and ARCHIVE_SOURCES
#   the arguments   -lNAME and the like       → WORK/NAME.seg, which agree.py compares with what readelf and ld.lld say
#   NAME_client.c   a client, trusted         → its output
#
# ARCHIVE_IFACE and ARCHIVE_CLIENT name others, ARCHIVE_CFLAGS adds options. It runs under with-fard.sh.
set -eu
build=$1 client_cc=$2 work=$3 name=$4
shift 4
linked=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  linked+=("$1")
  shift
done
[ $# -eq 0 ] || shift
here=$(cd "$(dirname "$0")" && pwd)
include="-I$build/include -I$here ${ARCHIVE_CFLAGS:-}"

mkdir -p "$work"
chmod 755 "$work"
# shellcheck disable=SC2086 # options, several
"$build/bin/faridl" $include "${ARCHIVE_IFACE:-$here/${name}_far.h}" -o "$work/$name.iface.o"
objects=$work/$name.iface.o
for source in "$here/$name.c" ${ARCHIVE_SOURCES:-}; do
  [ -f "$source" ] || continue
  object=$work/$(basename "$source" .c).o
  # shellcheck disable=SC2086
  "$build/bin/farcc" -O2 $include -c "$source" -o "$object"
  objects="$objects $object"
done
# shellcheck disable=SC2086
"$build/bin/farld" -o "$work/$name.seg" $objects "${linked[@]}"
# shellcheck disable=SC2086
python3 "$here/agree.py" "$build" "$work/$name.seg" $objects "${linked[@]}"
"$build/bin/far" implib "$work/$name.seg" -o "$work/libfar_$name.so"
# shellcheck disable=SC2086
$client_cc -O1 $include "${ARCHIVE_CLIENT:-$here/${name}_client.c}" -o "$work/client" "-L$work" "-lfar_$name" \
  "-L$build/lib" -lfarcall "-Wl,-rpath,$work" "-Wl,-rpath,$build/lib"
"$build/bin/far" register "$work/$name.seg" --trust uid:61001 >/dev/null
exec setpriv --reuid 61001 --regid 61001 --clear-groups "$work/client" "$@"
