# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The trust matrix of docs/trust.md against what a client of each level can really do.

usage: matrix.py FAR TRUST.md CLIENT LEVEL UID

The table that the manual prints is the expectation; a cell that differs is named. The service is registered already."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from trust import PARTS, table  # noqa: E402


def main():
    far, manual, client, level, uid = sys.argv[1:]
    expected = {PARTS[row]: cells[level] for row, cells in table(manual, "What a server grants").items()}
    assert len(expected) == len(PARTS), expected
    service = json.loads(subprocess.run([far, "describe", "vault", "--json"], check=True, stdout=subprocess.PIPE).stdout)
    address = {part["name"]: part["address"] for part in service["parts"]}
    arguments = [f"{name}={address[name]}" for name in PARTS.values()]
    host = service["host"]["pid"]
    result = subprocess.run(["setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", client, str(host), *arguments],
                            stdout=subprocess.PIPE, text=True)
    sys.stdout.write(result.stdout)
    assert result.returncode == 0, result.returncode
    lines = dict(line.split(" ", 1) for line in result.stdout.splitlines())
    assert lines.pop("level") == level
    wrong = [f"{part}: the manual says {rights}, a {level} client has {lines[part]}" for part, rights in expected.items()
             if lines[part] != rights]
    assert not wrong, "\n".join(wrong)
    print(f"{level}: as the manual says")


main()
