#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# calls.sh BUILD OPTIONS…: calls.py between two name servers, of which one's hosts never spin.
set -euo pipefail
build=$(cd "${1:?usage: calls.sh BUILD OPTIONS…}" && pwd)
shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONDONTWRITEBYTECODE=1
with_fard=$here/../runtime/with-fard.sh
# shellcheck disable=SC2016 # expanded where the name servers are
exec "$with_fard" "$build" sh -c 'BENCH_AWAKE=$FARCALL_SOCKET FARCALL_SPIN=0 exec "$@"' - \
  "$with_fard" "$build" sh -c 'BENCH_ASLEEP=$FARCALL_SOCKET; export BENCH_ASLEEP; unset FARCALL_SPIN FARCALL_SOCKET; exec "$@"' - \
  /usr/bin/python3 "$here/calls.py" --build "$build" "$@"
