#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# upgrade.sh WHAT: the service becomes another version of itself while a promise is out and a one-way call was left.
set -e
"$FAR" register later.seg > /dev/null
chmod 777 .
setpriv --reuid 64021 --regid 64021 --clear-groups ./client "$1" &
client=$!
for _ in $(seq 400); do
  [ -e begun ] && break
  sleep 0.05
done
"$FAR" register --upgrade new.seg > /dev/null
touch upgraded
wait $client
