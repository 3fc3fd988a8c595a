# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The fuzzers' vocabulary, from where the words are defined: awk -v form=list|dictionary -f words.awk annotate.h keywords.c words.txt
# list: strings for C, one a line. dictionary: libFuzzer's -dict.

function emit(word)
{
    if (word in seen)
        return
    seen[word] = 1
    gsub(/\\/, "\\\\", word)
    gsub(/"/, "\\\"", word)
    if (form == "dictionary")
        printf "\"%s\"\n", word
    else
        printf "\"%s%s\",\n", word, (word ~ /^#/) ? "\\n" : " "
}

function annotation(text) { emit("__attribute__((__annotate__(\"farcall." text "\")))") }

FILENAME ~ /annotate\.h$/ && match($0, /FAR_ANNOTATE\("[a-z_]+"\)/) {
    annotation(substr($0, RSTART + 14, RLENGTH - 16))
}
FILENAME ~ /annotate\.h$/ && match($0, /FAR_ANNOTATE_WITH\("[a-z_]+"/) {
    annotation(substr($0, RSTART + 19, RLENGTH - 20) "(n)")
}
FILENAME ~ /keywords\.c$/ && match($0, /^ +\{"[A-Za-z0-9_]+"/) {
    word = substr($0, RSTART, RLENGTH)
    sub(/^ +\{"/, "", word)
    sub(/"$/, "", word)
    emit(word)
}
FILENAME ~ /words\.txt$/ { emit($0) }
