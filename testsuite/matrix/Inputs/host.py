# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The host's column of docs/trust.md against what a service can really touch.

usage: host.py FAR TRUST.md CLIENT UID"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from trust import PARTS, table  # noqa: E402

far, manual, client, uid = sys.argv[1:]
expected = {PARTS[row]: cells["host"] for row, cells in table(manual, "What a server grants").items()}
expected["private"] = table(manual, "What a client grants")["the rest of the process"]["client trusts the service"]
service = json.loads(subprocess.run([far, "describe", "vault", "--json"], check=True, stdout=subprocess.PIPE).stdout)
address = {part["name"]: part["address"] for part in service["parts"]}
become = ["setpriv", "--reuid", uid, "--regid", uid, "--clear-groups"]
other = subprocess.Popen(["sleep", "100"])
result = subprocess.run([*become, client, str(other.pid), *(f"{name}={address[name]}" for name in PARTS.values())],
                        stdout=subprocess.PIPE, text=True)
other.kill()
other.wait()
sys.stdout.write(result.stdout)
assert result.returncode == 0, result.returncode
lines = dict(line.split(" ", 1) for line in result.stdout.splitlines()[:len(expected)])
wrong = [f"{part}: the manual says {rights}, the host has {lines.get(part)}" for part, rights in expected.items()
         if lines.get(part) != rights]
assert not wrong, "\n".join(wrong)
print("host: as the manual says")
