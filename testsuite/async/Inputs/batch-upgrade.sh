#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# batch-upgrade.sh WHAT: the service becomes another version of itself while a batch is gathered, or is being served.
set -e
"$FAR" register row.seg > /dev/null
chmod 777 .
setpriv --reuid 64022 --regid 64022 --clear-groups ./client "$1" &
client=$!
for _ in $(seq 400); do
  [ -e begun ] && break
  sleep 0.05
done
"$FAR" register --upgrade new.seg > /dev/null
touch upgraded
wait $client
