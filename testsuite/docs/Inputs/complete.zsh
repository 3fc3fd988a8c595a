# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What zsh would offer: complete.zsh COMPLETION WORDS…, the last word being typed. One candidate a line, sorted. The builtins of
# completion work only where somebody types; what stands for them here prints what they are given, as far as it begins with
# what was typed.
emulate -R zsh
setopt extended_glob
source_file=$1
shift
words=("$@") CURRENT=$#
service=${words[1]:t}
typed=$words[CURRENT]

offer() { local word; for word; do [[ $word == ${(b)typed}* ]] && print -r -- "$word"; done; return 0 }
compadd() { while [[ $1 != -- ]]; do shift; done; shift; offer "$@" }
_describe() { # [-o] WHAT ARRAY: word:text, a colon of the word's own escaped
  local candidate
  for candidate in "${(@P)@[-1]}"; do
    candidate=${candidate//\\:/$'\1'}
    offer "${${candidate%%:*}//$'\1'/:}"
  done
}
_files() {
  local pattern='*' file
  [[ $1 == -g ]] && pattern=$2
  for file in *(N/) ${~pattern}(N.); do offer "$file"; done
}
_users() { offer ${(f)"$(cut -d: -f1 /etc/passwd)"} }
_groups() { offer ${(f)"$(cut -d: -f1 /etc/group)"} }
_command_names() { offer "${(@k)commands}" }
_normal() { _files }
compset() { # -P [N] PATTERN
  local pattern=$@[-1]
  [[ $typed == ${~pattern}* ]] || return 1
  typed=${typed#${~pattern}}
}
source $source_file | LC_ALL=C sort -u
