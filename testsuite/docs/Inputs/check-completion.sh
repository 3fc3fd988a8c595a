# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The options that are offered are those of --help: check-completion.sh SHELL COMPLETION COMMAND [SUBCOMMAND]
set -uo pipefail
here=$(dirname "$0") shell=$1 completion=$2
shift 2
candidates() { # WORDS…
  case $shell in
    bash) bash "$here/complete.sh" "$completion" "$@" ;;
    zsh) zsh -f "$here/complete.zsh" "$completion" "$@" ;;
    fish) fish --no-config "$here/complete.fish" "$completion" "$*" ;;
  esac
}
differences=$(diff \
  <("$@" --help | awk -f "$here/options-of-help.awk" | sort -u) \
  <(for dash in - --; do candidates "$@" "$dash"; done |
    sed 's/=.*//' | grep -vx -e --help -e --version | sort -u))
[ -z "$differences" ] || { printf '%s: %s: < --help, > completion\n%s\n' "$shell" "$*" "$differences"; exit 1; }
