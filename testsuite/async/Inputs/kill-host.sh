#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# kill-host.sh: the service's host dies while a promise is out.
set -e
"$FAR" register later.seg > /dev/null
chmod 777 .
setpriv --reuid 64021 --regid 64021 --clear-groups ./client died &
client=$!
for _ in $(seq 400); do
  [ -e begun ] && break
  sleep 0.05
done
kill -9 "$("$FAR" describe later --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["host"]["pid"])')"
wait $client
