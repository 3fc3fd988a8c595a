#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Holds a manual page against what it describes; each difference is a line, and the exit code is 1.
#   check-man.sh options PAGE COMMAND [SUBCOMMAND]   options and FARCALL_ variables of --help
#   check-man.sh functions PAGE HEADER               functions and public constants of farcall.h
#   check-man.sh words PAGE HEADER                   the vocabulary of annotate.h
#   check-man.sh format PAGE HEADER                  sections, parts and relocation commands of segment.h
here=$(dirname "$0")
what=$1 page=$2 of=$3 sub=${4-}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

# Both files hold one name a line: what stands in only one of them?
compare() {
  sort -u "$work/code" -o "$work/code"
  sort -u "$work/page" -o "$work/page"
  [ -s "$work/code" ] || [ -n "$may_be_empty" ] || { echo "nothing found in $of"; return 1; }
  comm -23 "$work/code" "$work/page" | sed "s|.*|&: not in $(basename "$page")${sub:+, $sub}|" >"$work/differences"
  comm -13 "$work/code" "$work/page" | sed "s|.*|&: only in $(basename "$page")${sub:+, $sub}|" >>"$work/differences"
  cat "$work/differences"
  [ ! -s "$work/differences" ]
}

# Every name in $work/code must stand in the page as a word.
mentions() {
  missing=0
  [ -s "$work/code" ] || { echo "nothing found in $of"; return 1; }
  while read -r name; do
    grep -qwF -e "$name" "$page" || { echo "$name: not in $(basename "$page")"; missing=1; }
  done <"$work/code"
  return $missing
}

status=0 may_be_empty=
case $what in
options)
  # shellcheck disable=SC2086
  "$of" $sub --help >"$work/help" || exit 2
  awk -f "$here/options-of-help.awk" "$work/help" >"$work/code"
  awk -v section="$sub" -f "$here/options-of-man.awk" "$page" >"$work/page"
  may_be_empty=yes
  compare || status=1
  awk '/What follows is clang/ { exit } { print }' "$work/help" | grep -oE 'FARCALL_[A-Z_]*[A-Z]' | sort -u >"$work/code"
  [ ! -s "$work/code" ] || mentions || status=1
  ;;
functions)
  grep -vE '^ *(/\*|\*)' "$of" | grep -oE '\bfar_[a-z_]+\(' | tr -d '(' | sort -u >"$work/code"
  grep -oE '^\.Fn far_[a-z_]+ ' "$page" | sed 's/^.Fn //; s/ $//' | sort -u >"$work/page"
  compare || status=1
  grep -oE 'FAR_STUB_[A-Z]+|FAR_LEVEL_UNSET' "$of" | sort -u >"$work/code"
  sed -n 's/^    X(\([A-Z]*\), [a-z]*).*/FAR_LEVEL_\1/p' "$of" >>"$work/code"
  sed -n 's/^ \*     \(E[A-Z0-9]*\)  .*/\1/p' "$of" >>"$work/code"
  mentions || status=1
  ;;
words)
  sed -nE 's/^#define ((far_|__)[a-z_]+).*/\1/p' "$of" >"$work/code"
  sed -nE 's/^\.It Ic ([a-z_]+).*/\1/p' "$page" >"$work/page"
  compare || status=1
  ;;
format)
  sed -nE 's/^#define FAR_SECTION_[A-Z_]+ "(.*)"/\1/p; s/^    X\([A-Z]+, ([a-z]+), "[rwx-]+"\).*/\1/p' "$of" >"$work/code"
  sed -nE 's/^    X\(([A-Z]+), "(node|domain|bind)".*/\1/p' "$of" >>"$work/code"
  mentions || status=1
  ;;
*)
  echo "check-man.sh: options, functions, words or format" >&2
  exit 64
  ;;
esac
exit $status
