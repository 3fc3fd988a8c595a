#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# All of hostile-callbacks.c, one after the other; a good client while the greedy one has all that it got.
set -e
as() {
  uid=$1
  shift
  setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@"
}
"$FAR" register cb.seg > /dev/null
as 64012 ./hostile answers
as 64012 ./hostile marks
as 64012 ./hostile deep
as 64012 ./hostile channels
mkfifo said hold
as 64012 ./hostile many < hold > said &
exec 3> hold 4< said
for _ in 1 2; do # how many it has; that the host stood
  read -r line <&4
  echo "$line"
done
as 64011 ./client plain
exec 3>&-
wait
