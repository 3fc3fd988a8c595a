#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# net.sh BUILD OPTIONS…: net.py in a network of its own, so that what is counted there is ours alone. Who may not make one counts all.
set -euo pipefail
build=$(cd "${1:?usage: net.sh BUILD OPTIONS…}" && pwd)
shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONDONTWRITEBYTECODE=1
if [ "$(id -u)" -eq 0 ] && unshare --net true 2>/dev/null; then
  exec unshare --net sh -c 'ip link set lo up && exec "$@"' - /usr/bin/python3 "$here/net.py" --build "$build" "$@"
fi
exec /usr/bin/python3 "$here/net.py" --build "$build" "$@"
