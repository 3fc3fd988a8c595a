# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The options that a command's --help shows: those of its usage lines and of the left column. One a line; --help and
# --version, which every command has, are left out. farcc's help ends where clang's begins.
function take(text,    i, count, word) {
  gsub(/[][|,()]/, " ", text)
  count = split(text, word, / +/)
  for (i = 1; i <= count; i++) {
    sub(/[=:].*/, "", word[i])
    if (word[i] ~ /^--?[A-Za-z][A-Za-z-]*$/ && word[i] !~ /^--(help|version)$/) print word[i]
  }
}
/What follows is clang's own help/ { exit }
/^usage:/ || (usage && /^ /) { usage = 1; take($0); next }
{ usage = 0 }
/^ +-/ { sub(/^ +/, ""); sub(/   ?.*/, ""); take($0) }
