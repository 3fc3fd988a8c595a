# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The functions that a header declares, sorted: declared.py HEADER-NAME < what the compiler's -E makes of a file that
includes it. Only what stands in the file of that name counts, at file scope."""
import os
import re
import sys


def text_of(header, preprocessed):
    """What remains of that file, line by line, by the preprocessor's line markers."""
    here = False
    for line in preprocessed:
        marker = re.match(r'# \d+ "([^"]*)"', line)
        if marker:
            here = os.path.basename(marker[1]) == header
        elif here:
            yield line


def declarations(text):
    """Each declaration at file scope, without what is in braces."""
    depth, start = 0, 0
    kept = []
    for at, character in enumerate(text):
        if character == "{":
            if depth == 0:
                kept.append(text[start:at])
            depth += 1
        elif character == "}":
            depth -= 1
            start = at + 1
        elif character == ";" and depth == 0:
            yield "".join(kept) + text[start:at]
            kept, start = [], at + 1


def function_name(declaration):
    declaration = re.sub(r"__attribute__\s*\(\(.*?\)\)", " ", declaration, flags=re.S)
    found = re.match(r"[^(]*\(\s*(\w+)\s*\)\s*\(", declaration) or re.search(r"\b(\w+)\s*\(", declaration)
    return found[1] if found and not re.match(r"\s*(__extension__\s+)?typedef\b", declaration) else None


text = re.sub(r'extern\s+"C"\s*\{', " ", "".join(text_of(sys.argv[1], sys.stdin)))
names = {function_name(declaration) for declaration in declarations(text)} - {None}
print("\n".join(sorted(names)))
