# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""crowd.py MODE: user 64001 does what could use up the host of service probe; user 64002 calls it all the same."""
import json
import os
import resource
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../runtime/Inputs"))
from fardclient import Fard, FardError, import_table

FAR = os.environ["FAR"]


def described():
    return json.loads(subprocess.check_output([FAR, "describe", "probe", "--json"]))


def become(uid):
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def in_child(uid, what):
    """what() as another user in a process that stays; returns after it is done."""
    ours, theirs = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            become(uid)
            what()
        except BaseException as error:
            print(type(error).__name__, error, flush=True)
        os.close(ours[1])
        os.close(theirs[1])
        os.read(theirs[0], 1)
        os._exit(0)
    os.close(ours[1])
    os.close(theirs[0])
    os.read(ours[0], 1)
    return pid, theirs[1]


def bound(table):
    fard = Fard()
    return fard, fard.bind(table)["id"]


def open_many(table):
    """As many channels as one user gets."""
    kept, count = [], 0
    try:
        while count < 9000:
            fard, service = bound(table)
            kept.append(fard)
            for _ in range(1024):
                _, _, astack, host = fard.open_channel(service, 65536)
                os.close(astack)
                os.close(host)
                count += 1
    except FardError as error:
        print("refused:", error.text)
    print("channels:", "some" if count >= 4 else count, flush=True)
    kept_for_good.extend(kept)


def open_large(table):
    """A-stacks larger than the service's memory: closing one must not need so much of it."""
    fard, service = bound(table)
    for _ in range(4):
        channel, _, astack, host = fard.open_channel(service, 512 << 20)
        fard.close_channel(channel)
    fard.ask(69)
    print("large: closed", flush=True)


def open_leaving(table):
    """Channels that are closed as soon as they are open, for a while."""
    fard, service = bound(table)
    for _ in range(3000):
        try:
            channel, _, astack, host = fard.open_channel(service, 65536)
        except FardError as error:
            assert error.code in (11, 122), error.text
            continue
        os.close(astack)
        os.close(host)
        fard.close_channel(channel)
    print("leaving: closed", flush=True)


kept_for_good = []
resource.setrlimit(resource.RLIMIT_NOFILE, (20000, 20000))
before = described()
table = import_table("probe", ops={o["name"]: int(o["fingerprint"], 16) for o in before["operations"]})
pid, end = in_child(64001, lambda: {"many": open_many, "large": open_large, "leaving": open_leaving}[sys.argv[1]](table))


def victim():
    environment = dict(os.environ, FARCALL_LEVEL="none")
    print("other:", subprocess.run(["./client"] + sys.argv[2:], env=environment, capture_output=True, text=True).stdout.strip(),
          flush=True)


other, other_end = in_child(64002, victim)
os.close(other_end)
os.close(end)
os.waitpid(pid, 0)
os.waitpid(other, 0)
ended = described()["settings"].get("ended")
print("host:", ended if ended else "the same")
