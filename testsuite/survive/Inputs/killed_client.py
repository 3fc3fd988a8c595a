# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: killed_client.py BUILD WORK COMPILER…: clients are killed with something in their hands. Nobody else hangs, and
nothing stays."""
import json
import os
import sys
import time

from survive import Node, build_ledger, wait_until

build, work, compiler = sys.argv[1], sys.argv[2], sys.argv[3:]
build_ledger(build, work, compiler)


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def astacks(pid):
    with open(f"/proc/{pid}/maps") as maps:
        return sum("far:astack" in line for line in maps)


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def cpu_seconds(client):
    with open(f"/proc/{client.process.pid}/stat") as stat:
        return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")


with Node(build) as node:
    node.up()
    node.far("register", work + "/ledger.seg", "--trust", "all")
    host = node.host_pid()
    witness, other = node.client(work + "/client"), node.client(work + "/client", "none")
    for client in witness, other:
        assert client.ask("sum") == "64000" and client.ask("wait 0") == "0"
    at_rest = threads(host), astacks(host)
    of_fard, of_host = descriptors(node.process.pid), descriptors(host)
    ranges = node.far("map", "--json").stdout

    # A-stacks: two threads' worth, one of them in a call.
    victim = node.client(work + "/client", "none")
    victim.send("threads 600000")
    wait_until(lambda: threads(host) >= at_rest[0] + 2)
    victim.kill()
    print("killed in a call: other calls", witness.ask("wait 0"), other.ask("wait 0"))
    # The operation itself goes on to its end: it is the host's, and nobody can know what it has half done.
    wait_until(lambda: threads(host) <= at_rest[0] + 1 and astacks(host) <= at_rest[1] + 1)

    # The lock that guards the data, held in the client's own thread.
    victim = node.client(work + "/client")
    victim.send("seize")
    wait_until(lambda: cpu_seconds(victim) > 0.05)
    other.send("sum")
    time.sleep(0.2)
    victim.kill()
    print("killed with the lock held: the host's call", other.receive(), "a client's", witness.ask("sum"))

    # Inside what pthread_once runs.
    victim = node.client(work + "/client")
    victim.send("once 1")
    wait_until(lambda: cpu_seconds(victim) > 0.05)
    victim.kill()
    print("killed inside pthread_once: it runs again:", witness.ask("once 0"), other.ask("once 0"))

    # In the segment's heap, and everywhere else: a client that allocates without a pause, killed 30 times.
    for i in range(30):
        victim = node.client(work + "/client")
        for _ in range(200):
            victim.send("note 500")
        time.sleep(0.001 * i)
        victim.kill()
        assert witness.ask("note 700") == "0" and int(other.ask("notes")) >= 0
    print("killed 30 times while it allocates: sum", other.ask("sum"), "notes sound", int(witness.ask("notes")) > 0)

    # What is left of all of them: one worker, which is still in the first one's call.
    wait_until(lambda: threads(host) <= at_rest[0] + 1 and astacks(host) <= at_rest[1] + 1)
    wait_until(lambda: descriptors(node.process.pid) <= of_fard and descriptors(host) <= of_host + 1)
    print("descriptors, threads and A-stacks are given back")

    # The same without fard: nobody is there to see it but the host.
    victim = node.client(work + "/client", "none")
    assert victim.ask("wait 0") == "0"
    busy = threads(host)
    node.kill()
    victim.kill()
    wait_until(lambda: threads(host) < busy)
    print("killed without fard: its worker is gone")
    node.up()
    for client in witness, other:
        client.ask("wait 0")
    print("ranges are as before:", node.far("map", "--json").stdout == ranges, "the same host:", node.host_pid() == host)
    print("an orderly end:", node.end())
