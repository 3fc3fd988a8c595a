# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What bash would offer: complete.sh COMPLETION COMMAND WORDS…, the last word being typed. One candidate a line, sorted. WORDS are
# as bash cuts them: --dump=plan is three.
set -uo pipefail
# shellcheck disable=SC1090
source "$1" || exit 1
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
function=$(complete -p "$(basename "$1")" | sed -n 's/.*-F \([^ ]*\) .*/\1/p')
"$function" "$1" "${*: -1}" "${*: -2:1}" || exit 1
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort
