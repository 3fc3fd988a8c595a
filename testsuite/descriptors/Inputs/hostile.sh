#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# All of hostile.c, one after the other; a good client while the one that never reads has all that it could get.
set -e
as() {
  uid=$1
  shift
  setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@"
}
"$FAR" register fds.seg --files 512 > /dev/null
for what in lies odd flood; do as 64012 ./hostile $what; done
mkfifo said hold
as 64012 ./hostile never-reads < hold > said &
exec 3> hold 4< said
for _ in 1 2; do
  read -r line <&4
  echo "$line"
done
as 64011 ./client out
exec 3>&-
wait
