# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: revoked_others.py BUILD WORK COMPILER…: after fard was started anew one capability is revoked; who holds by another,
and has not been able to ask the new fard for anything, loses nothing."""
import os
import signal
import sys

from survive import Node, alive, build_ledger, wait_until

build, work, compiler = sys.argv[1], sys.argv[2], sys.argv[3:]
build_ledger(build, work, compiler)
with Node(build) as node:
    node.up()
    node.far("register", work + "/ledger.seg", "--name", "ledger")
    one, other = [node.far("cap", "grant", "ledger", "--level", "trusted").stdout.split()[0] for _ in range(2)]
    # All of one user: whom revoking one capability may end.
    by_one, reads_by_one = node.client(work + "/client", capabilities=one), node.client(work + "/client", "read", capabilities=one)
    by_other, reads_by_other = node.client(work + "/client", capabilities=other), node.client(work + "/client", "read", capabilities=other)
    everybody = by_one, reads_by_one, by_other, reads_by_other
    print("before:", *(client.ask("kind") + client.ask("wait 0") for client in everybody))
    for client in reads_by_one, reads_by_other:
        client.send("wait 3000")  # under way all the while
    for client in by_other, reads_by_other:
        os.kill(client.process.pid, signal.SIGSTOP)
    node.kill()
    node.up()
    wait_until(lambda: node.far("ls").stdout.count("ready"))
    done = node.far("cap", "revoke", "1", check=False)
    print("revoked:", done.returncode, "kept:", "kept" in done.stdout + done.stderr)
    wait_until(lambda: not alive(by_one.process.pid))
    print("by the other: alive:", alive(by_other.process.pid), alive(reads_by_other.process.pid))
    for client in by_other, reads_by_other:
        os.kill(client.process.pid, signal.SIGCONT)
    print("the call under way:", reads_by_other.receive(), "branch:", by_other.ask("move 1 2"), "trap:", by_other.ask("wait 0"),
          reads_by_other.ask("wait 0"))
    try:
        print("by what was revoked:", reads_by_one.receive())
    except AssertionError:
        print("by what was revoked: ended")
    print("an orderly end:", node.end())
