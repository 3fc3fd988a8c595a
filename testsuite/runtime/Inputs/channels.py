# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import ctypes
import errno
import mmap
import os
import select
import signal
import struct
import threading
import time

import fardclient
from fardclient import DEAD, NONE, TRUSTED, Fard, import_table, refused

prefix = os.environ["FAR"]
fard = Fard()
fard.register(prefix + "/kv.seg", rules=[(0, 0, TRUSTED)])
service = fard.bind()
kv = service["id"]


def host():
    body, _ = Fard().ask(fardclient.DESCRIBE, struct.pack("<64sII", b"kv", 0, 0))
    state, pid, _, restarts, channels = struct.unpack_from("<IIIII", body, 20)
    return {"ready": state == 1, "pid": pid, "restarts": restarts, "channels": channels}


def wait_until(condition):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen")


class AStack:
    def __init__(self, fd, size=4096):
        self.memory = mmap.mmap(fd, size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)

    def word(self, offset):
        return struct.unpack_from("<I", self.memory, offset)[0]

    def fate(self):
        """(dead, call.sequence, reply.sequence)"""
        return self.word(128), self.word(0), self.word(64)

    def sleep_on(self, offset):
        """futex_wait in a thread, as a client that waits for its reply."""
        address = ctypes.addressof(ctypes.c_char.from_buffer(self.memory)) + offset
        libc = ctypes.CDLL(None, use_errno=True)
        limit = (ctypes.c_long * 2)(20, 0)
        result = []
        thread = threading.Thread(
            target=lambda: result.append(libc.syscall(202, ctypes.c_void_p(address), 0, 0, limit, None, 0)))
        thread.start()
        time.sleep(0.1)
        return thread, result


# Only what was bound over this connection, only sizes that make sense.
refused(lambda: Fard().open_channel(kv), "not bound")
refused(lambda: fard.open_channel(kv + 1), "not bound")
for size in [0, 1, 65537, (1 << 30) + 65536, 1 << 63]:
    refused(lambda: fard.open_channel(kv, size), "multiple of 64 KiB")

channel, generation, fd, pidfd = fard.open_channel(kv, 65536)
assert generation == 1 and os.fstat(fd).st_size == 65536
try:
    os.ftruncate(fd, 0)
    raise AssertionError("an A-stack can be shrunk")
except PermissionError:
    pass
stack = AStack(fd)
assert stack.fate() == (0, 0, 0)

# The host is killed: whoever sleeps is woken, both words say so, the pidfd too, and the host comes back.
sleeper, result = stack.sleep_on(64)
old = host()["pid"]
os.kill(old, signal.SIGKILL)
sleeper.join(10)
assert result == [0], "woken, not timed out"
assert stack.fate() == (1, DEAD, DEAD)
assert select.select([pidfd], [], [], 10)[0], "the pidfd tells the client as well"
again = fard.open_channel(kv, 65536)  # waits for the host if it must
assert again[1] == 2 and host()["pid"] != old and host()["restarts"] == 1
stack = AStack(again[2])

# Closing one: the host's worker is told. Closing twice, or what never was, is nothing.
fard.close_channel(again[0])
fard.close_channel(again[0])
fard.close_channel(12345)
wait_until(lambda: stack.fate() == (2, DEAD, DEAD))
wait_until(lambda: host()["channels"] == 0)

# A client that goes takes its channels along; nobody else's.
mine = AStack(fard.open_channel(kv, 65536)[2])
other = Fard()
other.bind(want=NONE)
theirs = AStack(other.open_channel(kv, 65536)[2])
other.close()
wait_until(lambda: theirs.fate() == (2, DEAD, DEAD))
assert mine.fate() == (0, 0, 0) and host()["channels"] == 1

# Limits: one client cannot take everything.
hungry = Fard()
hungry.bind()
count = 0
try:
    while count < 2000:
        try:
            _, _, fd, pidfd = hungry.open_channel(kv, 65536)
        except fardclient.FardError as error:
            if error.code != errno.EAGAIN: # the host takes its time
                raise
            time.sleep(0.002)
            continue
        os.close(fd)
        os.close(pidfd)
        count += 1
    raise AssertionError("no limit")
except fardclient.FardError as error:
    assert count == 1024 and "1024" in error.text, (count, error.text)
hungry.close()
wait_until(lambda: host()["channels"] == 1)

# Asking while the host is down waits until it is up.
# Killed again and again, so that fard pauses before it starts the next one.
for _ in range(4):
    wait_until(lambda: host()["ready"])
    os.kill(host()["pid"], signal.SIGKILL)
    time.sleep(0.05)
wait_until(lambda: mine.fate() == (1, DEAD, DEAD))
_, generation, fd, _ = fard.open_channel(kv, 65536)
assert generation >= 5
stack = AStack(fd)

# Unregistered: the client's channels say so, and nothing can be opened any more.
fard.ask(fardclient.UNREGISTER, struct.pack("<64sII", b"kv", 0, 0))
assert stack.fate() == (3, DEAD, DEAD)
refused(lambda: fard.open_channel(kv), "no longer registered")
assert fard.bind()["flags"] == 1 and fard.bind()["base"] != kv, "other addresses, for who binds before it is there again"
