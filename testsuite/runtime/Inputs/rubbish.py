# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import os
import random
import socket
import struct
import time

import fardclient
from fardclient import TRUSTED, Fard, FardError, import_table, refused

prefix = os.environ["FAR"]
random.seed(1)  # the same packets every time
segment = open(prefix + "/kv.seg", "rb").read()
manager = Fard()
manager.register(segment, rules=[(0, 0, TRUSTED)])
fard_pid = struct.unpack_from("<I", manager.ask(fardclient.STATUS)[0], 24)[0]


def links():
    """What fard has open; what it closes while we look is not."""
    found = []
    for fd in os.listdir("/proc/%d/fd" % fard_pid):
        try:
            found.append(os.readlink("/proc/%d/fd/%s" % (fard_pid, fd)))
        except FileNotFoundError:
            pass
    return sorted(found)


# A sound request for a domain segment comes out of random bytes now and then: this process has it, by two descriptors, until it ends.
def descriptors():
    open_now = links()
    return len(open_now) - 2 * sum("far:domain" in link for link in open_now)


at_first = descriptors()
KINDS = list(range(0, 12)) + list(range(62, 72)) + [0x7FFF, 0x8000, 0x8003, 0xFFFF]


def header(size, kind):
    return struct.pack("<IIHHI", fardclient.MAGIC, 16 + size, kind, 1, random.getrandbits(32))


def bodies():
    """Nearly right: something that fard would accept, with bytes changed, cut off or added."""
    body = random.choice([
        struct.pack("<II", 0, 0) + import_table(),
        struct.pack("<IIQ", 1, 0, 65536),
        struct.pack("<II", random.getrandbits(3), 0),
        struct.pack("<64sII", b"kw", random.getrandbits(32), 0),
        struct.pack("<64sIIII", b"x", 0, 1, 1, 4) + struct.pack("<IIII", 0, 0, 1, 0) + b"fkv\0",
        b"",
    ])
    for _ in range(random.choice([0, 1, 1, 2, 8])):
        at = random.randrange(len(body)) if body else 0
        body = body[:at] + bytes([random.getrandbits(8)]) + body[at + 1:]
    return random.choice([body, body, body[:random.randrange(len(body) + 1)], body + random.randbytes(random.randrange(40))])


def packet():
    if random.random() < 0.2:
        return random.randbytes(random.choice([1, 15, 16, 17, 100, 5000, 65536, 70000]))
    body = bodies()
    head = bytearray(header(len(body), random.choice(KINDS)))
    if random.random() < 0.1:
        head[random.randrange(16)] ^= 1 << random.randrange(8)
    return bytes(head) + body


def rights():
    """Descriptors that nobody asked for: they must not stay open in fard."""
    if random.random() < 0.7:
        return []
    choice = [lambda: os.open("/dev/zero", os.O_RDWR), lambda: os.memfd_create("x"), lambda: os.pipe()[0],
              lambda: os.open("/", os.O_RDONLY)]
    return [random.choice(choice)() for _ in range(random.choice([1, 2, 8, 20]))]


def throw(client, data, fds):
    try:
        client.send_raw(data, fds)
        client.socket.settimeout(0.0)
        while client.socket.recv_into(bytearray(65536)):
            pass
        return False
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        for fd in fds:
            os.close(fd)


import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
client = Fard()
for i in range(6000):
    if not throw(client, packet(), rights()) or random.random() < 0.1:
        client.close()
        client = Fard()
client.close()

# One that never reads its answers: fard stops listening to it, and to nobody else.
silent = Fard()
silent.socket.settimeout(0.0)
try:
    for _ in range(100000):
        silent.send(fardclient.BIND, struct.pack("<II", 0, 0) + import_table())
except BlockingIOError:
    pass

# Many that say nothing: those over the limit are turned away, and the others still served.
crowd = []
for _ in range(1200):
    crowd.append(Fard())
answered = sum(1 for one in crowd[:50] if one.bind()["level"] == TRUSTED)
assert answered == 50
try:
    crowd[-1].bind()
    raise AssertionError("no limit on connections")
except (FardError, OSError):
    pass
for one in crowd:
    one.close()
silent.close()

# Nothing of all that stays open, to the last descriptor; fard may still be seeing off the crowd.
for _ in range(500):
    if descriptors() == at_first:
        break
    time.sleep(0.02)
assert descriptors() == at_first, "descriptors are lost: %d, at first %d: %s" % (descriptors(), at_first, links())

# Each byte of a segment changed, past the checks of `far register`: refused, every time, and fard lives.
for at in list(range(0, 2048)) + list(range(2048, len(segment), 61)):
    changed = segment[:at] + bytes([segment[at] ^ (1 << at % 8)]) + segment[at + 1:]
    refused(lambda: manager.register(changed, "broken"))
for size in list(range(0, 300)) + list(range(300, len(segment), 997)):
    refused(lambda: manager.register(segment[:size], "broken"))

assert Fard().bind()["level"] == TRUSTED
assert struct.unpack_from("<I", manager.ask(fardclient.LIST, struct.pack("<II", 0, 0))[0])[0] == 1
