# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The options that an mdoc page explains: each Fl of an .It line. With -v section=NAME only those below .Ss NAME.
function take(    i, option) {
  for (i = 2; i <= NF; i++)
    if ($i == "Fl") {
      option = "-" $(i + 1)
      sub(/=$/, "", option)
      print option
    }
}
/^\.S[hs] / { here = section == "" || $0 == ".Ss " section }
here && /^\.It / { take() }
