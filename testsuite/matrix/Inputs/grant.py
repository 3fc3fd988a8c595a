# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The second table of docs/trust.md, for every pair of grants: each level of the service × trusted by the client or not.

usage: grant.py TRUST.md CLIENT LEVEL=UID…"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from trust import table  # noqa: E402

manual, client, *levels = sys.argv[1:]
rows = {"its domain segment": "domain", "the rest of the process": "private",
        "parameters and results, in the A-stack": "parameter",
        "a region that it has granted for reading ([grants.md](grants.md))": "lent",
        "a region that it has granted for both": "shared-region"}
columns = {"trust": "client trusts the service", "distrust": "client does not"}
grants = table(manual, "What a client grants")
for level, uid in (word.split("=") for word in levels):
    for word, column in columns.items():
        result = subprocess.run(["setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", client, level, word],
                                stdout=subprocess.PIPE, text=True)
        lines = dict(line.replace(": ", " ").rsplit(" ", 1) for line in result.stdout.splitlines())
        assert result.returncode == 0 and lines["level"] == level and lines["unchanged"] == "yes", (result, lines)
        wrong = [f"{row}: the manual says {grants[row][column]}, a service that grants {level} has {lines[name]}"
                 for row, name in rows.items() if lines[name] != grants[row][column]]
        assert not wrong, f"{column}:\n" + "\n".join(wrong)
        assert lines.get("distrusted", "---") == "---" and lines["revoked"] == "---", lines
        # Without a copy only where both trust each other.
        assert lines["in place"] == ("yes" if (level, word) == ("trusted", "trust") else "no"), (level, word, lines)
        print(f"the service grants {level}, the client {'everything' if word == 'trust' else 'parameters'}: as the manual says")
