# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: soak.py BUILD WORK SECONDS SEED COMPILER…: fard, hosts, clients and the keeper are killed at random while clients
call a service by branch and by trap. Says what was survived; fails if anything is lost, wrong, left behind, or hangs."""
import json
import os
import random
import subprocess
import sys
import time

from survive import CLIENT_UID, Node, alive, build_ledger, wait_until

build, work, seconds, seed, compiler = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), sys.argv[5:]
build_ledger(build, work, compiler)
chance = random.Random(seed)
faults = dict.fromkeys(["fard", "fard while it starts", "host", "host without fard", "client", "keeper"], 0)
total = dict.fromkeys(["done", "failed", "wrong", "moved"], 0)
slowest = 0
end = time.monotonic() + seconds


def drop_rights():
    os.setgroups([])
    os.setresgid(*[CLIENT_UID] * 3)
    os.setresuid(*[CLIENT_UID] * 3)


class Hammer:
    """One place for a client: whoever ends there is followed by another."""
    serial = 0

    def __init__(self, node, level):
        self.node, self.level, self.process = node, level, None
        self.start()

    def start(self):
        Hammer.serial += 1
        left = max(1, min(int(end - time.monotonic()), chance.randint(2, 15)))
        env = dict(self.node.env, **({"FARCALL_LEVEL": self.level} if self.level else {}))
        self.process = subprocess.Popen([work + "/hammer", str(left), str(seed * 1000 + Hammer.serial)], env=env,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        preexec_fn=drop_rights if os.getuid() == 0 else None)

    def collect(self):
        """What it has to say, once it has ended."""
        global slowest
        out, err = self.process.communicate()
        code, self.process = self.process.returncode, None
        words = out.split()
        if code == -9 or "cannot reach fard" in err or "connection to fard is lost" in err:
            return  # killed by us, or started while there was no fard
        assert code == 0 and len(words) == 10, f"a client ended with {code}: {out}{err}"
        for word, number in zip(words[1::2], words[::2]):
            if word == "slowest":
                slowest = max(slowest, int(number))
            else:
                total[word] += int(number)

    def look(self):
        if self.process.poll() is not None:
            self.collect()
            self.start()


def kill_host(node, pid):
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        pass


def start_again(node):
    """The next fard; now and then it is killed before it has said that it listens."""
    time.sleep(chance.choice([0, 0, 0.05, 0.3, 0.8]))
    node.start()
    while chance.random() < 0.25:
        time.sleep(chance.random() * 0.1)
        if node.process.poll() is not None:
            raise AssertionError(f"fard ended with {node.process.returncode}:\n{node.log()}")
        node.kill()
        faults["fard while it starts"] += 1
        node.start()
    node.wait_listening()


def strike(node, hammers):
    what = chance.choices(["fard", "host", "host without fard", "client", "keeper"], [40, 15, 6, 35, 4])[0]
    faults[what] += 1
    if what == "fard":
        node.kill()
        start_again(node)
    elif what == "host":
        kill_host(node, node.host_pid())
    elif what == "host without fard":
        pid = node.host_pid()
        node.kill()
        if pid:
            kill_host(node, pid)
        start_again(node)
    elif what == "client":
        chance.choice(hammers).process.kill()
    else:
        said = node.log().count("another has been started")
        os.kill(node.keeper_pid(), 9)
        wait_until(lambda: node.log().count("another has been started") > said)


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def check_nothing_lost(node):
    wait_until(lambda: json.loads(node.far("describe", "ledger", "--json").stdout)["state"] == "ready")
    for level in None, "none":
        client = node.client(work + "/client", level)
        assert client.ask("sum") == "64000", "money was made or lost"
        assert int(client.ask("notes")) >= 0, "a note is damaged"
        assert client.ask("openings") == "1", "the constructors ran again: the data was lost"
        moves = int(client.ask("moves"))
        assert moves >= total["moved"], f"{total['moved']} moves were answered, {moves} are in the data"
        client.end()
    # Whoever was killed has left nothing behind in the host: no thread, no A-stack.
    pid = node.host_pid()
    wait_until(lambda: len(os.listdir(f"/proc/{pid}/task")) == 1)
    with open(f"/proc/{pid}/maps") as maps:
        assert "far:astack" not in maps.read(), "an A-stack is still mapped in the host"
    return pid


with Node(build) as node:
    node.up()
    node.far("register", work + "/ledger.seg", "--trust", "all")
    node.kill()
    node.up()
    at_first = descriptors(node.process.pid)
    hammers = [Hammer(node, level) for level in (None, None, "none")]
    while time.monotonic() < end - 2:
        time.sleep(chance.random() * 0.5)
        strike(node, hammers)
        for hammer in hammers:
            hammer.look()
    for hammer in hammers:
        hammer.collect()
    host = check_nothing_lost(node)
    wait_until(lambda: descriptors(node.process.pid) <= at_first + 2)
    log = node.log()
    assert "fresh data" not in log, log
    assert node.end() == 0, "fard's own end"
    wait_until(lambda: not alive(host))
print(f"survived {sum(faults.values())} faults (seed {seed}): " + ", ".join(f"{count} of {name}" for name, count in faults.items()))
print(f"calls: {total['done']} done, {total['failed']} failed, {total['wrong']} wrong, none hung; the slowest took {slowest} ms")
print("nothing was lost")
