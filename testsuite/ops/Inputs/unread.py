# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: unread.py BUILD FOLDER: a service says much while there is no fard; the next fard has the last of it."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../survive/Inputs"))
from survive import Node, wait_until  # noqa: E402

build, folder = sys.argv[1:]
with Node(build) as node:
    node.up()
    node.far("register", folder + "/talk.seg")
    client = subprocess.Popen([folder + "/client", "later", "5000"], env=node.env, text=True, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    node.clients.append(client)
    print(client.stdout.readline().strip())
    node.kill()
    print(client.communicate("go\n", timeout=60)[0].strip())  # some 450 KiB
    node.up()
    wait_until(lambda: "line 4999 of" in node.log())
    said = [line for line in node.log().splitlines() if "of many" in line]
    print("kept:", 100 < len(said) < 1500, "whole:", all(re.search(r"pid \d+\): line \d+ of many", line) for line in said))
    print("end:", node.far("unregister", "talk").returncode)
