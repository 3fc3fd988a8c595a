# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: adopt_checks.py BUILD WORK COMPILER…: what the keeper holds is exchanged while there is no fard."""
import array
import atexit
import fcntl
import os
import socket
import sqlite3
import struct
import subprocess
import sys

from survive import Node, alive, build_ledger, wait_until

build, work, compiler = sys.argv[1], sys.argv[2], sys.argv[3:]
MAGIC, HELD, LAST, KEEP, DROP = 0x4B524146, 1, 2, 3, 4
ADD_SEALS, SEALS = 1033, 1 | 2 | 4  # F_ADD_SEALS; seal, shrink, grow
NAMES = ["another", "unsealed", "longer", "file", "missing", "dead", "half", "stranger", "recycled", "nosocket", "alone", "fine"]


class Keeper:
    """To far-keeper we are the next fard: it hands all over, and takes what we say."""

    def __init__(self, store):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(store + "/keeper")
        self.held = {}
        while True:
            bytes_, rights, _, _ = self.socket.recvmsg(100, socket.CMSG_SPACE(4))
            _, word, name = struct.unpack("<II48s", bytes_)
            if word == LAST:
                break
            self.held[name.rstrip(b"\0").decode()] = array.array("i", rights[0][2])[0]

    def say(self, word, name, fd=None):
        rights = [] if fd is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
        self.socket.sendmsg([struct.pack("<II48s", MAGIC, word, name.encode())], rights)

    def end(self):
        for fd in self.held.values():
            os.close(fd)
        self.socket.close()


def memory(size, seals=SEALS):
    fd = os.memfd_create("far:data", os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    if seals:
        fcntl.fcntl(fd, ADD_SEALS, seals)
    return fd


SLEEPERS = []


def sleeper():
    """Nobody in particular. Ends with us, and keeps nothing open that others wait for."""
    SLEEPERS.append(subprocess.Popen(["sleep", "1000"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    return SLEEPERS[-1]


@atexit.register
def end_sleepers():
    for one in SLEEPERS:
        one.kill()
        one.wait()


def started(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return int(stat.read().rsplit(")", 1)[1].split()[19])


def exchange_domains(keeper, store, database):
    """A segment of another's memory, one without seals, of a process whose number is another's, one at impossible addresses, and
    one that is not there."""
    size = 1 << 26
    base = database.execute("SELECT max(base + size) FROM ranges").fetchone()[0] + (1 << 26)
    database.execute("INSERT INTO ranges (base, size, name) VALUES (?, ?, 'client segments')", (base, 1 << 36))
    owners = []
    for number in range(1, 6):
        owner, kept = sleeper(), memory(size, 0 if number == 2 else SEALS)
        status = os.fstat(memory(size)) if number == 1 else os.fstat(kept)
        other = sleeper() if number == 3 else owner
        owners += [owner, other]
        where = 1 << 20 if number == 4 else base + number * 2 * size
        database.execute("INSERT INTO domains VALUES (?, ?, ?, 0, ?, ?, ?, ?, 1, '')",
                         (number, owner.pid, started(owner.pid), where, size, status.st_dev, status.st_ino))
        if number < 5:
            keeper.say(KEEP, f"domain-{number}", kept)
            keeper.say(KEEP, f"owner-{number}", os.pidfd_open(other.pid))
    return owners


def exchange(node, ids, hosts, strangers):
    keeper = Keeper(node.store)
    database = sqlite3.connect(node.store + "/names.db")
    size = lambda name: os.fstat(keeper.held[f"data-{ids[name]}"]).st_size
    of = lambda kind, name: next(key for key in keeper.held if key.startswith(f"{kind}-{ids[name]}-"))

    def note(name, **values):
        for column, value in values.items():
            assert database.execute(f"UPDATE hosts SET {column} = ? WHERE service = ?", (value, ids[name])).rowcount == 1

    def offer(name, fd):
        keeper.say(KEEP, f"data-{ids[name]}", fd)
        if name != "another":
            note(name, device=os.fstat(fd).st_dev, inode=os.fstat(fd).st_ino)

    offer("another", memory(size("another")))
    offer("unsealed", memory(size("unsealed"), 0))
    offer("longer", memory(size("longer") + 4096))
    offer("file", os.open(node.folder + "/file", os.O_RDWR | os.O_CREAT))
    keeper.say(DROP, f"data-{ids['missing']}")
    note("half", initialised=0)
    for name in "dead", "half":
        os.kill(hosts[name], 9)
        wait_until(lambda: not alive(hosts[name]))
    keeper.say(KEEP, of("host", "stranger"), os.pidfd_open(strangers[0].pid))
    keeper.say(KEEP, of("host", "recycled"), os.pidfd_open(strangers[1].pid))
    note("recycled", pid=strangers[1].pid)  # its start is another's
    keeper.kept_open = os.dup(keeper.held[of("socket", "nosocket")])  # or the host would end by itself
    keeper.say(KEEP, of("socket", "nosocket"), os.open("/dev/zero", os.O_RDONLY))
    keeper.say(DROP, of("host", "alone"))
    owners = exchange_domains(keeper, node.store, database)
    database.commit()
    database.close()
    keeper.end()
    return owners


build_ledger(build, work, compiler)
with Node(build) as node:
    node.up()
    for name in NAMES:
        node.far("register", work + "/ledger.seg", "--name", name, "--trust", "all")
    database = sqlite3.connect(node.store + "/names.db")
    ids = dict(database.execute("SELECT name, id FROM services"))
    database.close()
    hosts = {name: node.host_pid(name) for name in NAMES}
    strangers = [sleeper(), sleeper()]
    node.kill()
    owners = exchange(node, ids, hosts, strangers)
    node.up()
    wait_until(lambda: node.far("ls").stdout.count("ready") == len(NAMES))
    lines = node.log().split("\n")
    for name in NAMES:
        said = [line.split("': ", 1)[1] for line in lines[lines.index(next(line for line in lines if "domain segments:" in line)):]
                if f"'{name}': " in line]
        print(f"{name}:", *[line[line.index("goes on"):] if "goes on" in line else line for line in said])
    left = lambda: [name for name in NAMES if name != "fine" and alive(hosts[name])]
    wait_until(lambda: not left())
    print(f"strangers live: {all(one.poll() is None for one in strangers)}, hosts that were not taken over: {left()}")
    print(next(line for line in lines if "domain segments:" in line).split("fard: ")[1])
    for why in "memory is not what", "process is not what", "addresses are none", "it was not kept;":
        print(f"  {why}:", sum("domain segment of process" in line and why in line for line in lines))
    print("their processes live:", all(one.poll() is None for one in owners))
    print("an orderly end:", node.end())
