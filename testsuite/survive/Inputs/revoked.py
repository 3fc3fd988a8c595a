# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: revoked.py BUILD WORK COMPILER…: rights that were used before fard was killed are known after it."""
import os
import signal
import sys

from survive import CLIENT_UID, Node, alive, build_ledger, wait_until

build, work, compiler = sys.argv[1], sys.argv[2], sys.argv[3:]
build_ledger(build, work, compiler)
with Node(build) as node:
    node.up()
    node.far("register", work + "/ledger.seg", "--name", "ledger", "--trust", f"uid:{CLIENT_UID + 1}")
    token = node.far("cap", "grant", "ledger", "--level", "trusted").stdout.split()[0]
    holder = node.client(work + "/client", capabilities=token)
    ruled = node.client(work + "/client", uid=CLIENT_UID + 1)
    stranger = node.client(work + "/client")
    print("before:", *(client.ask("kind") + client.ask("wait 0") for client in (holder, ruled, stranger)))
    os.kill(holder.process.pid, signal.SIGSTOP)  # or it comes back at once, is told, and lets go
    node.kill()
    node.up()
    wait_until(lambda: node.far("ls").stdout.count("ready"))
    print("the host goes on:", "its data" in node.log())
    node.far("cap", "revoke", "1")
    wait_until(lambda: not alive(holder.process.pid))
    print("revoked: who held the memory by it has ended; by the service's rule:", ruled.ask("move 1 2"), ruled.ask("wait 0"),
          "a stranger:", stranger.ask("wait 0"))
    print("an orderly end:", node.end())
