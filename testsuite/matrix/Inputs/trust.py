# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""docs/trust.md as tests read it."""
import re

PARTS = {"function-shipping stubs": "fstubs", "data-shipping stubs": "dstubs", "code": "code", "constants": "const",
         "linkage": "linkage", "data": "data", "heap": "heap"}


def table(path, heading):
    """{row: {column: cell}} of the first table behind a heading."""
    text = open(path).read().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in text.splitlines()
            if line.startswith("|") and not re.match(r"^\|[\s:|-]+$", line)]
    return {row[0]: dict(zip(rows[0][1:], row[1:])) for row in rows[1:]}
