#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""examples.py FARIDL CLANG GCC ROOT FOLDER: every example of docs/annotations.md is accepted, by faridl and by compilers.

An example is a run of lines indented by four. One without #include gets <stddef.h>, the annotations and a service."""

import pathlib
import subprocess
import sys

faridl, clang, gcc, root, folder = sys.argv[1:]
folder = pathlib.Path(folder)
folder.mkdir(parents=True, exist_ok=True)


def examples(text):
    block = []
    for line in text.splitlines() + ["end"]:
        if line.startswith("    ") or (block and not line):
            block.append(line[4:])
        elif block:
            yield "\n".join(block)
            block = []


bad = good = 0
for example in examples(pathlib.Path(root, "docs/annotations.md").read_text()):
    prologue = ""
    if "#include" not in example:
        prologue = "#include <farcall/annotate.h>\n#include <stddef.h>\nfar_service(example, 1, 0);\n"
    header = folder / f"example{good + bad}.h"
    header.write_text(prologue + example + "\n")
    commands = [[faridl, str(header), "-o", str(header) + ".o"]]
    for compiler in clang, gcc:
        commands.append([compiler, "-std=c17", "-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only", "-xc"])
        commands[-1] += [f"-I{root}/include", "-include", str(header), "/dev/null"]
    results = [subprocess.run(command, capture_output=True, text=True) for command in commands]
    failed = [result.stderr for result in results if result.returncode]
    print("\n".join([example] + failed) if failed else "", end="")
    bad += bool(failed)
    good += not failed
print(f"{good} examples are right, {bad} are wrong")
sys.exit(bool(bad))
