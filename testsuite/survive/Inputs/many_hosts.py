# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: many_hosts.py BUILD WORK COMPILER…: fard starts the hosts of a store with many services a few at a time, answers meanwhile,
and all are there in the end."""
import json
import shutil
import sys

from survive import Node, build_ledger, wait_until

build, work, compiler = sys.argv[1], sys.argv[2], sys.argv[3:]
COUNT = 40  # 16 at once, then 16 more, then the rest (fard.h: HOST_TURN_SIZE)
build_ledger(build, work, compiler)


def states(node):
    return [row["state"] for row in json.loads(node.far("ls", "--json").stdout)["services"]]


with Node(build) as node:
    node.up()
    for number in range(COUNT):
        node.far("register", work + "/ledger.seg", "--name", f"s{number}")
    store = work + "/kept"
    node.end_keeping(store)

with Node(build) as node:
    shutil.copytree(store, node.store)
    node.up()
    print("all are listed at once:", len(states(node)) == COUNT)
    wait_until(lambda: states(node) == ["ready"] * COUNT, 60)
    print("all run in the end: True")
    log = node.log()
    print("none was given up:", "did not become ready" not in log, "an orderly end:", node.end())
