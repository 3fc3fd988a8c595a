# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: every_instruction.py BUILD WORK SAMPLES SEED COMPILER…: the host is killed before the N-th instruction of a call, for
the first, the last, and some N between. The client gets its failure, or its result, and the data keeps its invariant."""
import os
import random
import subprocess
import sys
import time

from survive import HERE, Node, build_ledger, wait_until

build, work, samples, seed, compiler = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:]
LIMIT_S = 3  # what a caller may be kept waiting by a host that is dead; a machine that is busy included
build_ledger(build, work, compiler)
subprocess.run([*compiler[:1], "-O1", os.path.join(HERE, "step-kill.c"), "-o", work + "/step-kill"], check=True)
chance = random.Random(seed)


def worker_of(pid):
    return wait_until(lambda: [int(tid) for tid in os.listdir(f"/proc/{pid}/task") if int(tid) != pid])[0]


def step(node, client, call, n):
    """What the follower said, the client's answer, and how long that took."""
    assert client.ask("wait 0") == "0"  # there is a channel, and a worker
    host = node.host_pid()
    follower = subprocess.Popen([work + "/step-kill", str(host), str(worker_of(host)), str(n)], stdout=subprocess.PIPE, text=True)
    assert follower.stdout.readline() == "waiting\n"
    begin = time.monotonic()
    client.send(call)
    said = follower.stdout.readline().strip()
    killed_at = time.monotonic()
    answer = client.receive()
    took = time.monotonic() - killed_at
    follower.wait()
    return said, answer, took


killed = answered = 0
slowest = 0.0
with Node(build) as node:
    node.up(env={"FARCALL_SPIN": "0"})
    node.far("register", work + "/ledger.seg", "--trust", "all")
    for call in "move-there 3 4", "note-there 900":
        client = node.client(work + "/client", "none")
        assert client.ask(call) == "0"
        length = int(step(node, client, call, 10**7)[0])
        points = sorted({1, 2, length, *(chance.randint(1, length) for _ in range(samples - 3))})
        for n in points:
            said, answer, took = step(node, client, call, n)
            if said != "killed":
                continue  # it was a shorter way this time
            assert answer in ("0", "-1 EHOSTDOWN"), f"{call}, instruction {n}: {answer}"
            assert took < LIMIT_S, f"{call}, instruction {n}: the answer took {took} s"
            killed += 1
            answered += answer == "0"
            slowest = max(slowest, took)
            if killed % 4 == 0:  # otherwise the pause before the host's next start doubles each time
                node.kill()
                node.up(env={"FARCALL_SPIN": "0"})
            if answer == "0":  # the client may not have noticed yet
                assert client.ask("wait 0") in ("0", "-1 EHOSTDOWN")
            found = client.ask("sum")
            assert found == "64000", f"{call}, instruction {n}: sum {found}"
            assert client.ask("openings") == "1" and int(client.ask("notes")) >= 0
        client.end()
    assert node.end() == 0
print(f"killed {killed} times at instructions of a call of {length}; {answered} calls had their answer already; none hung")
assert killed >= samples
