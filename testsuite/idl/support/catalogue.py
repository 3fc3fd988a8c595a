#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""catalogue.py FARIDL ROOT FOLDER: every error has a test of its number, line and column.

The examples of docs/errors.md are run: a mistake must be answered at the places that the carets below its lines mark,
with its entry's number and no other, and its cure must not be answered at all. What an example leaves out (include,
service, structures that it names) is put before it. A mistake without carets is only described there; the number then
needs a line in a test under testsuite/ that checks a place. Every row of the compiler's table of rules
(faridl --list-rules) needs a mistake, or such a line, whose message is the row's.
"""

import json
import pathlib
import re
import subprocess
import sys

faridl, root, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
folder.mkdir(parents=True, exist_ok=True)
problems = []

STRUCTURES = {
    "point": "struct point { int x, y; };",
    "what": "struct what { int a; };",
    "kv_node": "struct kv_node { int x; };",
}


class Case:
    """One mistake of an entry and its cure."""

    def __init__(self, number):
        self.number, self.mistake, self.cure, self.marks = number, [], [], []


def read_catalogue(path):
    """Its numbers, and its cases: indented lines under "Mistake:" and "Cure:"."""
    numbers, cases, number, block = [], [], None, None
    for line in path.read_text().splitlines():
        heading = re.match(r"## (FC-\d{4}) ", line)
        if heading:
            number, block = heading[1], None
            numbers.append(number)
        elif line == "Mistake:":
            cases.append(Case(number))
            block = cases[-1].mistake
        elif line == "Cure:":
            block = cases[-1].cure
        elif line and not line.startswith(" "):
            block = None
        elif block is not None and (line or block):
            text = line[4:]
            if block is cases[-1].mistake and text and not text.strip(" ^"):
                cases[-1].marks += [(len(block), at.start() + 1) for at in re.finditer(r"\^", text)]
            else:
                block.append(text)
    return numbers, cases


def prologue(text):
    """What an example leaves out."""
    if "annotate.h" in text:
        return ""
    lines = ["#include <farcall/annotate.h>"]
    if "__sized_by" in text or "size_t" in text:
        lines.append("#include <stddef.h>")
    lines += [code for tag, code in STRUCTURES.items() if not re.search(r"struct %s\b[^;]*\{" % tag, text)]
    if "far_service" not in text:
        lines.append("far_service(test, 1, 0);")
        if "far_op" not in text:
            lines.append("far_op int test_null(void);")
    return "\n".join(lines) + "\n"


def bytes_before(line, column):
    """Columns of errors count bytes; those of the marks count characters."""
    return len(line[: column - 1].encode()) + 1


def compile_example(name, lines):
    """Diagnostics in the example's own lines and elsewhere, and the exit code."""
    header, before, result = folder / (name + ".h"), folder / (name + ".before.h"), folder / (name + ".json")
    text = "\n".join(lines) + "\n"
    header.write_text(text)
    before.write_text(prologue(text))
    result.unlink(missing_ok=True)
    command = [faridl, "--diagnostics=json", f"--diagnostics-file={result}", "-include", str(before), str(header)]
    run = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    found = json.loads(result.read_text()) if result.exists() else []
    return found, run.returncode, run.stderr.strip()


def check_case(case, name):
    found, code, said = compile_example(name + ".mistake", case.mistake)
    have = sorted((d["line"], d["column"]) for d in found)
    want = sorted((line, bytes_before(case.mistake[line - 1], column)) for line, column in case.marks)
    others = sorted({d["number"] for d in found} - {case.number})
    if code != 65 or have != want or others:
        problems.append(f"{case.number}: its mistake is answered at {have}, marked are {want} {others or ''} {said}")
    found, code, said = compile_example(name + ".cure", case.cure)
    if code != 0:
        problems.append(f"{case.number}: its cure is refused: {[d['message'] for d in found]} {said}")
    return case.number


def messages_of(cases):
    """Number and message of every mistake that is checked with its place."""
    asserted = []
    for index, case in enumerate(cases):
        result = folder / f"{case.number}.{index}.mistake.json"
        if case.marks and result.exists():
            found = json.loads(result.read_text())
            asserted += [(d["number"], d["message"]) for d in found]
    return asserted


def messages_in_tests(path):
    """The same from the CHECK lines of tests: FILE:LINE:COLUMN: error: MESSAGE [NUMBER].

    FC-0009 is about a file as a whole, and the pass cannot always know a place: FC-02nn needs none.
    """
    check = re.compile(
        r"(?:#|//) *[A-Z][A-Z0-9_-]*: *(.*:(?:\d+|\[\[[^]]*\]\]):\d+: )?(?:\S+: )?(?:error|warning): (.*) ?\[(FC-\d{4})\]"
    )
    asserted = []
    for test in sorted(path.rglob("*")):
        if test.suffix in (".test", ".c", ".h") and test.is_file():
            for line in test.read_text(errors="replace").splitlines():
                match = check.match(line)
                if match and (match[1] or match[3].startswith(("FC-0009", "FC-02"))):
                    asserted.append((match[3], match[2].strip()))
    return asserted


def is_message_of(template, message):
    """{op} and the like stand for anything."""
    parts = re.split(r"\{[a-z]+\}", template)
    return re.fullmatch(".*".join(re.escape(part) for part in parts), message) is not None


def check_rules(asserted):
    """The rows of the table: number, where it applies, message; separated by tabs."""
    listed = subprocess.run([faridl, "--list-rules"], stdout=subprocess.PIPE, text=True, check=True)
    rows = [line.split("\t") for line in listed.stdout.splitlines()]
    for number, where, template in rows:
        if not any(number == n and is_message_of(template, m) for n, m in asserted):
            problems.append(f"{number} ({where}): no test of: {template}")
    return len(rows)


def main():
    numbers, cases = read_catalogue(root / "docs" / "errors.md")
    run = [check_case(case, f"{case.number}.{index}") for index, case in enumerate(cases) if case.marks]
    asserted = messages_of(cases) + messages_in_tests(root / "testsuite")
    for number in numbers:
        if not any(number == n for n, _ in asserted):
            problems.append(f"{number}: no test checks its place: mark its mistake with a caret in docs/errors.md")
    rows = check_rules(asserted)
    print("\n".join(problems))
    if not problems:
        print(f"{len(numbers)} numbers, {len(run)} mistakes with their cures, {rows} rules: each has a test")
    sys.exit(bool(problems))


main()
