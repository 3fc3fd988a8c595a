#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# run.sh [--again] WHAT [register's options]: the client, under a uid of its own, with the service registered (unless again).
set -e
if [ "$1" = --again ]; then shift; else again=no; fi
what=$1
shift
[ -z "$again" ] || "$FAR" register later.seg "$@" > /dev/null
setpriv --reuid 64021 --regid 64021 --clear-groups ./client "$what"
