# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: restart.py BUILD WORK COMPILER…: fard is killed and started again while clients call, by branch and by trap."""
import os
import sys

from survive import Node, alive, build_ledger, wait_until

build, work, compiler = sys.argv[1], sys.argv[2], sys.argv[3:]
build_ledger(build, work, compiler)
with Node(build) as node:
    node.up()
    node.far("register", work + "/ledger.seg", "--trust", "all")
    host, keeper = node.host_pid(), node.keeper_pid()
    print("a keeper runs:", keeper > 0)
    branch, trap = node.client(work + "/client"), node.client(work + "/client", "none")
    print("kinds:", branch.ask("kind"), trap.ask("kind"))
    for client in branch, trap:
        for verb in "move 1 2", "note 100", "wait 0":
            assert client.ask(verb) == "0", verb

    trap.send("wait 700")  # under way while fard dies
    node.kill()
    print("fard killed: the host lives:", alive(host), "and the keeper:", alive(keeper))
    print("a call that was under way:", trap.receive())
    for name, client in ("branch", branch), ("trap", trap):
        print(f"{name} without fard: move {client.ask('move 2 3')}, wait {client.ask('wait 0')}, sum {client.ask('sum')}")

    trap.send("threads 300")  # a new thread needs a channel, and with it fard: it waits
    wait_until(lambda: alive(trap.process.pid))
    node.up()
    print("a new thread's call waited for fard:", trap.receive())
    print("the same host:", node.host_pid() == host, "the same keeper:", node.keeper_pid() == keeper)
    for name, client in ("branch", branch), ("trap", trap):
        print(f"{name} with the next fard: moves {client.ask('moves')}, notes {client.ask('notes')}, openings {client.ask('openings')}")
    later = node.client(work + "/client")
    print("a later client:", later.ask("kind"), later.ask("moves"), later.ask("sum"))
    print("what fard says:", "goes on, and so does its data" in node.log())

    # The keeper dies: another takes its place, and the next death of fard is survived as well.
    os.kill(keeper, 9)
    keeper = wait_until(lambda: node.keeper_pid() not in (0, keeper) and node.keeper_pid())
    wait_until(lambda: "another has been started" in node.log())
    node.kill()
    node.up()
    print("after the keeper's death and fard's:", node.host_pid() == host, later.ask("moves"), later.ask("sum"))

    # The host dies while there is no fard.
    node.kill()
    os.kill(host, 9)
    wait_until(lambda: not alive(host))
    print("fard and host killed: a call on an open channel:", trap.ask("wait 0"))
    print("branch:", branch.ask("move 5 6"), branch.ask("sum"))
    trap.send("wait 0")
    node.up()
    print("the next call waits for fard:", trap.receive())
    print("another host:", node.host_pid() != host, "on the same data:", trap.ask("moves"), trap.ask("openings"))
    host = node.host_pid()

    # In order: everything ends.
    print("an orderly end:", node.end(), "host gone:", wait_until(lambda: not alive(host)))
