# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The options that --help shows, one a line: the option, a tab, what it does. What comes out of the table of a command's
# options (runtime/far/options.h) is what zsh and fish offer. An option that ends in = wants its value in the same word.
/What follows is clang.s own help/ { exit }
/^ +-/ {
  line = $0
  sub(/^ +/, "", line)
  text = ""
  if (match(line, /  +/)) {
    text = substr(line, RSTART + RLENGTH)
    line = substr(line, 1, RSTART - 1)
  }
  gsub(/[][,()]/, " ", line)
  count = split(line, word, / +/)
  for (i = 1; i <= count; i++) {
    if (word[i] !~ /^--?[A-Za-z]/) continue
    equals = index(word[i], "=")
    name = equals ? substr(word[i], 1, equals) : word[i]
    rest = equals ? substr(word[i], equals + 1) : ""
    alternatives = rest ~ /^[a-z|]+$/ ? split(rest, alternative, "|") : 1
    if (rest !~ /^[a-z|]+$/) alternative[1] = ""
    for (j = 1; j <= alternatives; j++) print name alternative[j] "\t" text
  }
}
