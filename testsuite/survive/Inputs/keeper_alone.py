# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: keeper_alone.py BUILD WORK COMPILER…: how long a keeper waits for another fard."""
import sys
import time

from survive import Node, alive, build_ledger, wait_until

build, work, compiler = sys.argv[1], sys.argv[2], sys.argv[3:]
build_ledger(build, work, compiler)


def begin(node, seconds):
    node.up(env={"FARCALL_KEEPER_SECONDS": seconds} if seconds else {})
    node.far("register", work + "/ledger.seg")
    host, keeper = node.host_pid(), node.keeper_pid()
    node.kill()
    return host, keeper


with Node(build) as node:
    host, keeper = begin(node, "2")
    killed = time.monotonic()
    node.up()
    came = time.monotonic() - killed < 1.8  # a busy machine: then it may have ended, and rightly
    within = not came or (node.host_pid() == host and alive(keeper))
    node.kill()
    wait_until(lambda: not alive(host) and not alive(keeper))
    print("a number: within the time", within, "then both gone", True)
for name, said in ("none", None), ("no number", "1x"):
    with Node(build) as node:
        host, keeper = begin(node, said)
        time.sleep(1.5)
        print(f"{name}: there is somebody still", alive(host) and alive(keeper))
