#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# run.sh "WHAT…" [register's options]: the client under a uid of its own, once for each, with the service registered.
set -e
what=$1
shift
"$FAR" register fds.seg "$@" > /dev/null
for one in $what; do setpriv --reuid 64011 --regid 64011 --clear-groups ./client $one; done
