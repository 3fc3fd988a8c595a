# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# docs/errors.md -> errors.inc: one X(number, NAME, "title", "text") for each "## FC-0001 NAME: title" section.
function flush_section() {
    if (number == "")
        return
    printf "X(%d, %s, \"%s\",\n%s)\n", number, name, title, text == "" ? "  \"\"" : text
}
function quoted(line) {
    gsub(/\\/, "\\\\", line)
    gsub(/"/, "\\\"", line)
    return line
}
/^## FC-[0-9][0-9][0-9][0-9] / {
    flush_section()
    number = substr($2, 4) + 0
    name = $3
    sub(/:$/, "", name)
    title = $0
    sub(/^## FC-[0-9]+ [A-Z_0-9]+: /, "", title)
    title = quoted(title)
    text = ""
    next
}
number != "" { text = text "  \"" quoted($0) "\\n\"\n" }
END { flush_section() }
