# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: every_write.py BUILD WORK FIRST STEP COMPILER…: fard is killed at every write, message and change of a name of a few commands.

For N = FIRST, FIRST + STEP, … until the commands complete: a fard on a copy of the store is killed at its N-th; another is started on it.
What a command has reported is there; what was under way is there whole or not at all; no range is given twice; no segment is
left that nobody needs, none is missing; the data of a service that was called before lives on."""
import json
import os
import shutil
import subprocess
import sys

from survive import HERE, Node, build_ledger, wait_until

build, work, first, step, compiler = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:]
build_ledger(build, work, compiler)
subprocess.run([*compiler[:1], "-O1", os.path.join(HERE, "kill-at.c"), "-o", work + "/kill-at"], check=True)
segment = work + "/ledger.seg"
commands = [("register", segment, "--name", "first", "--trust", "all"), ("register", segment, "--name", "second"),
            ("unregister", "second"), ("unregister", "ledger"), ("register", segment)]
effects = [{"first": True}, {"second": True}, {"second": False}, {"ledger": False}, {"ledger": True}]


def names(node):
    return {row["name"] for row in json.loads(node.far("ls", "--json").stdout)["services"]}


def ranges(node):
    return [(int(row["base"], 16), int(row["size"])) for row in json.loads(node.far("map", "--json").stdout)["ranges"]]


def check(node, before, done, given):
    """The store after a death, by the next fard."""
    known, expected = names(node), {"ledger": True}
    for effect in effects[:done]:
        expected.update(effect)
    under_way = set(effects[done]) if done < len(effects) else set()
    for name in set(expected) - under_way:
        assert (name in known) == expected[name], f"{name}: {name in known} after {done} commands"
    for name in known:
        wait_until(lambda: json.loads(node.far("describe", name, "--json").stdout)["state"] == "ready")
    there = sorted(ranges(node))
    assert all(a[0] + a[1] <= b[0] for a, b in zip(there, there[1:])), f"ranges overlap: {there}"
    assert set(before) <= set(there), "a range that was taken is free again"
    assert given <= {base for base, _ in there}, "a range that was told to somebody is free again"
    segments = os.listdir(node.store + "/segments")
    assert len(segments) == (1 if known else 0) and not [name for name in segments if not name.endswith(".seg")], segments


# The store that all start from: one service, whose data somebody has changed.
with Node(build) as node:
    node.up()
    node.far("register", segment, "--trust", "all")
    base = work + "/base"
    before = ranges(node)
    node.end_keeping(base)

count, n = 0, first - step
complete = False
while not complete:
    n += step
    with Node(build) as node:
        shutil.copytree(base, node.store)
        node.start(before=[work + "/kill-at", str(n)])
        done, given, moves = 0, set(), None
        try:
            node.wait_listening()
            client = node.client(work + "/client")
            client.ask("move 1 2")
            moves = client.ask("moves")
            for command in commands:
                result = node.far(*command, check=False)
                if result.returncode:
                    break
                done += 1
                if command[0] == "register":
                    given.add(int(result.stdout.split(" at ")[1].split()[0].rstrip(",;:"), 16))
        except (AssertionError, OSError):
            try:
                node.process.wait(timeout=10)  # who counted ends a little later than fard
            except subprocess.TimeoutExpired:
                pass
            if node.process.poll() is None:
                raise
        complete = node.process.poll() is None and done == len(commands)
        if complete:
            break
        assert node.process.wait(timeout=20) == 137, f"at {n}: fard ended with {node.process.returncode}, {done} commands done"
        count += 1
        node.up()
        check(node, before, done, given)
        if moves == "1" and done < 3:  # ledger has not been unregistered
            later = node.client(work + "/client")
            assert (later.ask("moves"), later.ask("sum")) == ("1", "64000"), f"at {n}: its data is lost"
        assert node.end() == 0
print(f"killed at {count} writes; nothing was lost")
