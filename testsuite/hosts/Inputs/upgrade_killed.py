# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: upgrade_killed.py BUILD WORK STEP COMPILER…: fard is killed at one in STEP of its writes, messages and changes of a name during a live upgrade.

Each time to a version with more variables than the one before. The next fard goes on with the data; the version in force is the old one
or the new one; what all older variables hold is what was counted; and the new ones begin with their first values, once, however
often the upgrade was begun."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "survive", "Inputs"))
from survive import ROOT, Node, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
build, work, step, compiler = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
LAST = 9


def run(*words):
    subprocess.run(words, check=True, cwd=work)


def make():
    for version in range(1, LAST + 1):
        run(build + "/bin/farcc", "-O1", f"-DVERSION={version}", "-c", HERE + "/chain.c", "-o", "chain.o")
        run(build + "/bin/farld", "-o", f"{version}.seg", "chain.o", *([f"--like={version - 1}.seg"] if version > 1 else []))
    run(build + "/bin/far", "implib", "1.seg", "-o", "libchain.so")
    run(*compiler, "-O1", "-I" + ROOT + "/include", HERE + "/chain-client.c", "-o", "client", "-L.", "-lchain", "-L" + build + "/lib",
        "-lfarcall", "-Wl,-rpath," + work, "-Wl,-rpath," + build + "/lib")
    run(compiler[0], "-O1", ROOT + "/testsuite/survive/Inputs/kill-at.c", "-o", "kill-at")


def in_force(node):
    def ready():
        described = json.loads(node.far("describe", "chain", "--json").stdout)
        return described["state"] == "ready" and described["version"]
    return int(wait_until(ready).split(".")[1])


def count_all(node, counted, version):
    """Who runs the code himself, and who does not, see the same."""
    for level in (None, "none"):
        client = node.client(work + "/client", level=level)
        for variable in range(1, version + 1):
            k = counted[variable] = counted.get(variable, 0) + 1
            said = int(client.ask(str(variable)))
            assert said == 1000 * variable + 11 * k, f"variable {variable} of version {version}, counted {k} times: {said}"
        client.end()


def upgrade_and_die(node, version, n):
    """True: fard was killed. False: it was done first, and went on."""
    killer = subprocess.Popen([work + "/kill-at", str(n), "-p", str(node.process.pid)], stdout=subprocess.PIPE, text=True)
    assert killer.stdout.readline() == "counting\n"
    done = node.far("register", "--upgrade", f"{work}/{version}.seg", check=False)
    if done.returncode == 0:
        node.kill()  # it may have died since: a reply is not the last that it does
    node.process.wait(timeout=20)
    killer.wait(timeout=20)
    return done.returncode != 0


os.makedirs(work, exist_ok=True)
make()
kills, n, counted, begun_again = 0, 1, {}, 0
with Node(build) as node:
    node.up()
    node.far("register", work + "/1.seg", "--trust", "all")
    version = 1
    while version < LAST:
        count_all(node, counted, version)
        killed = upgrade_and_die(node, version + 1, n)
        kills += killed
        node.up()
        now = in_force(node)
        assert now in (version, version + 1), f"version {now} after {version}"
        assert killed or now == version + 1, f"version {now} is in force, but {version + 1} was said to be"
        if now == version:
            begun_again += 1
            count_all(node, counted, version)
            if n % 2:
                node.far("register", "--upgrade", f"{work}/{version + 1}.seg")
                now = in_force(node)
        n = n + step if killed else 1 + step // 2
        version = now
    count_all(node, counted, version)
    assert node.end() == 0
print("killed:", "often" if kills > 5 else kills, "before the store knew:", begun_again > 3)
