# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Completion in bash for far, fard, farcc, farld and faridl. Needs nothing but bash; testsuite/docs/completion.test holds the options
# against each command's --help.
#
# Each function leaves its candidates in COMPREPLY. bash cuts words at =, : and @ too; _far_words joins them again, so that
# --dump=pl is one word, user:al another and @fi a third, and _far_reply takes off what bash has on the line already.

_far_commands='dump diff implib register unregister ls describe explain policy cap map fetch top trace metrics call run nodes queue cert gdb fuzz'

# words, cword, cur, prev: of the caller.
_far_words() {
  local i join=
  words=() cword=0
  for ((i = 0; i <= COMP_CWORD; i++)); do
    local word=${COMP_WORDS[i]}
    if ((i > 1)) && [[ $join || $word == [=:]* ]]; then
      words[cword]+=$word
    else
      cword=${#words[@]}
      words+=("$word")
    fi
    join=
    [[ $word == *[=:@] ]] && join=yes
  done
  cur=${words[cword]} prev=
  ((cword > 0)) && prev=${words[cword - 1]}
  return 0
}

# _far_reply LIST: those of the words that begin with $cur. One that ends in = or : is to be typed on: no space follows.
_far_reply() {
  local candidate done=
  [[ $cur == *[=:@]* && $COMP_WORDBREAKS == *[=:]* ]] && done=${cur%"${cur##*[=:@]}"}
  while IFS= read -r candidate; do
    [[ $candidate == *[=:] ]] && compopt -o nospace 2>/dev/null
    COMPREPLY+=("${candidate#"$done"}")
  done < <(compgen -W "$1" -- "$cur")
}

# _far_files PATTERN PREFIX: files whose names match the extended pattern, and folders to look into. What stands
# before the file in the word (--cc=) is PREFIX.
_far_files() {
  local path at=${cur#"${2-}"}
  compopt -o filenames 2>/dev/null
  while IFS= read -r path; do
    # shellcheck disable=SC2053
    if [[ -d $path ]] || [[ $1 && ${path##*/} == $1 ]]; then
      COMPREPLY+=("$path")
    fi
  done < <(compgen -f -- "$at")
}

# Names of the registered services, from the fard that the command line speaks of.
_far_services() {
  _far_reply "$(_far_ask ls --json | sed -n 's/^ *"name": "\([A-Za-z0-9_]*\)",*$/\1/p')"
}

# WHO of --trust and --read.
_far_who() {
  case $cur in
    user:*) _far_reply "$(compgen -P user: -u)" ;;
    group:*) _far_reply "$(compgen -P group: -g)" ;;
    exe:*) _far_files '*' exe: ;;
    *) _far_reply 'all user: group: uid: gid: exe:' ;;
  esac
}

# WHOM of far explain.
_far_whom() {
  case $cur in
    user:* | group:* | exe:*) _far_who ;;
    *) _far_reply 'user: group: uid: gid: exe: pid: node:' ;;
  esac
}

_far_policy() {
  case ${words[2]-} in
    check) _far_files '*' ;;
    show) ;;
    *) _far_reply 'check show' ;;
  esac
}

# Operations of the segment that is being registered.
_far_operations() {
  local word
  for word in "${words[@]:2}"; do
    if [[ $word == *.seg && -f $word ]]; then
      _far_reply "$("${words[0]/#\~\//${HOME-}/}" dump --section=operations --json "$word" 2>/dev/null |
        sed -n 's/^      "name": "\([A-Za-z0-9_]*\)",*$/\1/p')"
      return
    fi
  done
}

# far of the command line, asked about the fard that it speaks of.
_far_ask() {
  local i socket=()
  for ((i = 1; i + 1 < cword; i++)); do
    [[ ${words[i]} == --socket ]] && socket=(--socket "${words[i + 1]}")
  done
  "${words[0]/#\~\//${HOME-}/}" "$@" "${socket[@]}" 2>/dev/null
}

# Operations of the registered service that the command line names.
_far_service_operations() {
  local i names
  for ((i = 2; i < cword; i++)); do
    [[ ${words[i]} == [A-Za-z_]* && ${words[i - 1]} != -* ]] || continue
    names=$(_far_ask describe --json "${words[i]}" |
      sed -n '/^ *"name": /h; /^ *"signature": /{g;s/^ *"name": "\([A-Za-z0-9_]*\)",*$/\1/p;}')
    [[ $names ]] && _far_reply "$names" && return
  done
}

# SERVICE.OPERATION: first the services, then their operations.
_far_calls() {
  local service=${cur%%.*}
  if [[ $cur != *.* ]]; then
    compopt -o nospace 2>/dev/null
    _far_reply "$(_far_ask ls --json | sed -n 's/^ *"name": "\([A-Za-z0-9_]*\)",*$/\1./p')"
  else
    _far_reply "$(_far_ask describe --json "$service" |
      sed -n '/^ *"name": /h; /^ *"signature": /{g;s/^ *"name": "\([A-Za-z0-9_]*\)",*$/'"$service"'.\1/p;}')"
  fi
}

# Capabilities by their numbers; managers and owners see them.
_far_capabilities() {
  _far_reply "$(_far_ask cap ls --json | sed -n 's/^ *"id": \([0-9]*\),*$/\1/p')"
}

# Libraries in whose place a service stands.
_far_isolated() {
  local folder file folders=()
  IFS=: read -ra folders <<<"${FARCALL_ISOLATE_PATH-}"
  for folder in "${folders[@]}" "${XDG_DATA_HOME:-${HOME-}/.local/share}/farcall/isolate" "${words[0]%/*}/../lib/farcall/isolate"; do
    for file in "$folder"/*/; do
      [[ -d $file ]] && file=${file%/} && _far_reply "${file##*/}"
    done
  done
}

# The value of an option of far; fails where $prev takes none.
_far_value() {
  case $1:$prev in
    *:--socket | implib:-o | fetch:-o) _far_files '*' ;;
    implib:--rpath) _far_files '' ;;
    implib:--like) _far_files '*.so*' ;;
    implib:--with) _far_files '*.o' ;;
    run:--isolate) _far_isolated ;;
    register:--trust | register:--read) _far_who ;;
    explain:--as) _far_whom ;;
    explain:--op | trace:--op | cap:--operation) _far_service_operations ;;
    cap:--level) _far_reply 'none read trusted' ;;
    cap:--expires) _far_reply '15m 12h 7d' ;;
    cap:--note) ;;
    cap:--by | run:--capability) _far_token ;;
    explain:--machine) _far_reply 'x86-64 aarch64' ;;
    register:--function | register:--data) _far_operations ;;
    register:--machine) _far_reply 'x86-64 aarch64' ;;
    register:--sandbox) _far_reply 'default strict off' ;;
    register:--allow-path) _far_files '*' ;;
    register:--start) _far_reply 'now demand' ;;
    register:--memory | register:--stack | register:--cpu | register:--files | register:--processes | register:--idle) ;;
    register:--name | register:--host-uid | implib:--soname) ;;
    run:--level) _far_reply 'none read trusted' ;;
    run:--gate) _far_reply 'process pku auto' ;;
    run:--untrusted | run:--trust-server | gdb:--host) _far_services ;;
    run:--heap-size) _far_reply '128M 1G 4G 16G' ;;
    cert:--ca | cert:-o) _far_files '' ;;
    cert:--host | cert:--days) ;;
    fetch:--machine) _far_reply 'x86-64 aarch64' ;;
    fuzz:--corpus | fuzz:--artifacts) _far_files '' ;;
    fuzz:--replay) _far_files '*' ;;
    fuzz:--except) _far_operations ;;
    fuzz:--seconds | fuzz:--runs | fuzz:--seed) ;;
    top:--sort) _far_reply 'calls cpu rss channels restarts name' ;;
    top:--interval | trace:--count | trace:--duration) ;;
    *) return 1 ;;
  esac
}

_far_options() {
  case $1 in
    dump) _far_reply '--section= --relocs --json --help' ;;
    diff) _far_reply '--json --help' ;;
    implib) _far_reply '-o --soname --like --with --isolate --rpath --no-rpath --dump=asm --help' ;;
    register) _far_reply '--name --trust --read --node --function --data --machine --host-uid --sandbox --allow-path --allow-net --memory --stack --cpu --files --processes --start --idle --upgrade --socket --json --help' ;;
    unregister) _far_reply '--socket --help' ;;
    ls | describe | nodes) _far_reply '--json --socket --help' ;;
    queue) _far_reply '--all --json --socket --help' ;;
    explain) _far_reply '--as --op --machine --json --socket --help' ;;
    policy) _far_reply '--socket --help' ;;
    cert) _far_reply '--host --ca -o --days --force --json --help' ;;
    cap) _far_reply '--level --operation --expires --note --by --json --socket --help' ;;
    map) _far_reply '--json --html --socket --help' ;;
    fetch) _far_reply '-o --machine --socket --help' ;;
    top) _far_reply '--once --json --sort --interval --socket --help' ;;
    trace) _far_reply '--op --count --duration --json --socket --help' ;;
    metrics) _far_reply '--socket --help' ;;
    call) _far_reply '--json --untrusted --socket --help' ;;
    gdb) _far_reply '--host --socket --help' ;;
    fuzz) _far_reply '--caller --server --seconds --runs --seed --corpus --artifacts --replay --except --verbose --json --help' ;;
    run) _far_reply '--isolate --level --untrusted --global-heap --heap-size --trust-server --gate --capability --bind-now --perf --socket --help' ;;
  esac
}

# What is neither an option nor the value of one.
_far_operand() {
  case $1 in
    dump | diff | implib | register) _far_files '*.seg' ;;
    unregister | describe | fetch | explain) _far_services ;;
    call) _far_calls ;;
    fuzz) _far_files '*.seg'; _far_services ;;
    policy) _far_policy ;;
    cap) _far_cap ;;
    cert) _far_cert ;;
    run | gdb) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -c -- "$cur"; compgen -f -- "$cur") ;;
  esac
}

# A token itself is long and secret: nothing to complete. @FILE is what there is, or @ to begin it with.
_far_token() {
  case $cur in
    @*) _far_files '*' @ ;;
    '') compopt -o nospace 2>/dev/null; COMPREPLY+=(@) ;;
  esac
}

# far cap: what to do, then with which service, or the file of a token.
_far_cap() {
  case $prev in
    cap) _far_reply 'grant narrow revoke ls' ;;
    grant) _far_services ;;
    narrow) _far_token ;;
    revoke) [[ $cur == @* ]] || _far_capabilities; _far_token ;;
  esac
}

# far cert: what to do, then a folder, a name that nobody has yet, or a certificate.
_far_cert() {
  case $prev in
    cert) _far_reply 'init node show' ;;
    init) _far_files '' ;;
    show) _far_files '*.pem' ;;
  esac
}

# far run: the place of PROGRAM in words, 0 while it is being typed. From there on the line is the program's.
_far_program_at() {
  local i
  for ((i = 2; i < cword; i++)); do
    case ${words[i]} in
      --level | --untrusted | --trust-server | --heap-size | --gate | --capability | --socket) ((i++)) ;;
      -*) ;;
      *) echo "$i"; return ;;
    esac
  done
  echo 0
}

_far() {
  local words cword cur prev
  COMPREPLY=()
  _far_words
  local command=${words[1]-}
  if ((cword <= 1)); then
    _far_reply "$_far_commands --help --version"
  elif [[ $command == help ]]; then
    _far_reply "$_far_commands"
  elif [[ $command == run && $(_far_program_at) != 0 ]]; then
    _far_files '*'
  elif _far_value "$command"; then
    :
  elif [[ $command == dump && $cur == --section=* ]]; then
    _far_reply "$(printf -- '--section=%s ' all header parts stubs symbols operations types relocs)"
  elif [[ $cur == -* ]]; then
    _far_options "$command"
  else
    _far_operand "$command"
  fi
}

_fard() {
  local words cword cur prev
  COMPREPLY=()
  _far_words
  case $prev in
    --socket) _far_files '*' ;;
    --store) _far_files '' ;;
    --policy | --audit) _far_files '*' ;;
    --emulator) _far_reply 'x86-64= aarch64=' ;;
    --log) _far_reply 'text json' ;;
    --log-level) _far_reply 'error warning notice info debug' ;;
    --metrics) _far_reply '127.0.0.1: unix:' ;;
    --listen | --peer) ;;
    --tls) _far_files '' ;;
    --transport) _far_reply 'tls tcp ucx' ;;
    --etcd) _far_reply 'http:// https://' ;;
    *) _far_reply '--socket --store --policy --audit --foreground --log --log-level --metrics --listen --peer --tls --transport --etcd --perf --emulator --allow-wrpkru --version --help' ;;
  esac
}

# Of clang's options those that everybody uses; clang completes its own.
_farcc() {
  local words cword cur prev
  COMPREPLY=()
  _far_words
  case $prev:$cur in
    *:--farcall-previous=*) _far_files '*' --farcall-previous= ;;
    *:--farcall-error=*) _far_reply '--farcall-error=double-fetch --farcall-error=system-call --farcall-error=assembly' ;;
    *:--farcall-ignore=*) _far_reply '--farcall-ignore=double-fetch --farcall-ignore=system-call --farcall-ignore=assembly' ;;
    *:-*) _far_reply '--farcall-verbose --farcall-previous= --farcall-error= --farcall-ignore= --help --version' ;;
    *) _far_files '*.@(c|o|a|s|S)' ;;
  esac
}

_farld() {
  local words cword cur prev
  COMPREPLY=()
  _far_words
  case $prev:$cur in
    -o:*) _far_files '*.seg' ;;
    -L:*) _far_files '' ;;
    -l:*) ;;
    *:--previous=*) _far_files '*' --previous= ;;
    *:--like=*) _far_files '*.seg' --like= ;;
    *:-*) _far_reply '-o -L -l --heap-size= --room= --data-room= --allow-wrpkru --map --dump=plan --previous= --like= --soname= --verbose --help --version' ;;
    *) _far_files '*.@(o|a|so)' ;;
  esac
}

_faridl() {
  local words cword cur prev
  COMPREPLY=()
  _far_words
  case $prev:$cur in
    --unit:*) _far_files '*.c' ;;
    -o:*) _far_files '*.o' ;;
    -MF:* | -include:*) _far_files '*' ;;
    -isystem:* | -I:*) _far_files '' ;;
    --explain:* | -D:* | -U:*) ;;
    *:--record=*) _far_files '*' --record= ;;
    *:--previous=*) _far_files '*' --previous= ;;
    *:--assertions=*) _far_files '*' --assertions= ;;
    *:--promises=*) _far_files '*' --promises= ;;
    *:--diagnostics-file=*) _far_files '*' --diagnostics-file= ;;
    *:--cc=*) _far_reply "$(compgen -P --cc= -c -- "${cur#--cc=}")" ;;
    *:-*)
      _far_reply '-o --record= --previous= --dump=model --dump=layout --dump=json --all-types
        --assertions= --promises= --preprocessed --diagnostics=text --diagnostics=json --diagnostics=sarif --diagnostics-file=
        --error-limit= --color=auto --color=always --color=never --list-rules --explain --unit --cc= --cc-flag= -I -D -U -isystem -include
        -std= -MD -MF --help --version'
      ;;
    *) _far_files '*.@(h|hh|hpp|i)' ;;
  esac
}

complete -F _far far
complete -F _fard fard
complete -F _farcc farcc
complete -F _farld farld
complete -F _faridl faridl
