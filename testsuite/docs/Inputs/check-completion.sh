# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The options that are offered are those of --help: check-completion.sh COMPLETION COMMAND [SUBCOMMAND]
set -uo pipefail
here=$(dirname "$0") completion=$1
shift
differences=$(diff \
  <("$@" --help | awk -f "$here/options-of-help.awk" | sort -u) \
  <(for dash in - --; do bash "$here/complete.sh" "$completion" "$@" "$dash"; done |
    sed 's/=.*//' | grep -vx -e --help -e --version | sort -u))
[ -z "$differences" ] || { printf '%s: < --help, > completion\n%s\n' "$*" "$differences"; exit 1; }
