# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A holder that speaks the protocol itself and does as it likes. usage: raw_holder.py HOW [MORE] < TOKEN

Binds hold by the token, maps its data, says `held`, and then:
    leaves      ends at once
    image       keeps the code alone, and says that it has let go
    hands FD    passes the data's descriptor through that socket, and lets go as it is told
    parent PROGRAM TOKEN  starts the program with the other token, passes it what it reads, and lets go as it is told
    ignores     does nothing of what it is told
    lies        says at once that it has let go
    descriptor  unmaps, says so, and keeps the descriptor
    child       unmaps and closes, says so; a child of its keeps the mapping
    thread      as `child`, but it is a thread with descriptors of its own that keeps one, behind a first thread that has ended
    calls       keeps nothing of the memory, and looks into its A-stack for what arrives after all
    closes      the same, but closes the channel itself before the right is taken away
"""
import ctypes
import mmap
import os
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../runtime/Inputs"))
from fardclient import Fard, import_table  # noqa: E402

PRESENT, REVOKED, REVOKE_DONE = [int(word) for word in os.environ["CAPS_MESSAGES"].split()]


def say(word):
    print(word, flush=True)


def bind(token):
    fard = Fard()
    fard.socket.settimeout(None)
    fard.ask(PRESENT, token.encode().ljust(128, b"\0"))
    service = fard.bind(import_table("hold", ops={"hold_get": int(os.environ["CAPS_FINGERPRINT"], 16)}))
    assert service["level"] >= 2, service
    return fard, service


def wait_revoked(fard):
    kind, serial, body, fds = fard.receive()
    assert kind == REVOKED and serial == 0, kind
    for fd in fds:
        os.close(fd)
    return struct.unpack("<QII", body)[2]


def done(fard, number):
    fard.send(REVOKE_DONE, struct.pack("<II", number, 0))


def keep_in_thread(fd, held):
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(0x400) == 0  # CLONE_FILES: a table of its own
    held.set()
    while True:
        time.sleep(100)


def begin_call(fard, service):
    """hold_slow(700, buffer), as runtime/astack.h has it; the A-stack stays mapped whatever becomes of the channel."""
    channel, _, fd, _ = fard.open_channel(service["id"])
    astack = mmap.mmap(fd, 1 << 20)
    astack[8:24] = struct.pack("<QQ", 700, 1)
    astack[4:8] = struct.pack("<I", int(os.environ["CAPS_SLOW"]))
    astack[0:4] = struct.pack("<I", 1)
    word = ctypes.addressof(ctypes.c_char.from_buffer(astack))
    libc = ctypes.CDLL(None)
    libc.syscall(98 if os.uname().machine == "aarch64" else 202, ctypes.c_void_p(word), 1, 1, None, None, 0)
    return channel, astack


def call(how):
    fard, service = bind(sys.stdin.readline().strip())
    channel, astack = begin_call(fard, service)
    for fd in service["fds"].values():
        os.close(fd)
    time.sleep(0.2)
    if how == "closes":
        fard.close_channel(channel)
    say("held 0")
    done(fard, wait_revoked(fard))
    time.sleep(1.5)
    say("it arrived" if b"secret" in astack[:] else "nothing arrived")


def lead(how, fard, service):
    """What happens to others by what this one does."""
    if how == "hands":
        socket.send_fds(socket.socket(fileno=int(sys.argv[2])), [b"x"], [service["fds"]["data"]])
    else:
        subprocess.Popen([sys.argv[2]], env=dict(os.environ, FARCALL_CAPABILITIES=sys.argv[3]))
    say("held 0")
    number = wait_revoked(fard)
    for fd in service["fds"].values():
        os.close(fd)
    done(fard, number)
    while True:
        time.sleep(100)


def main():
    how = sys.argv[1]
    if how in ("calls", "closes"):
        call(how)
        return
    fard, service = bind(sys.stdin.readline().strip())
    if how == "leaves":
        return
    if how in ("hands", "parent"):
        lead(how, fard, service)
        return
    data = service["fds"]["data"]
    memory = mmap.mmap(data, 4096, mmap.MAP_SHARED, mmap.PROT_READ)
    assert memory[:4]
    child = 0
    if how == "child":
        child = os.fork()
        if child == 0:
            while True:
                time.sleep(100)
    if how == "thread":
        held = threading.Event()
        threading.Thread(target=keep_in_thread, args=(data, held), daemon=True).start()
        held.wait()
    if how == "image":
        memory.close()
        memory = mmap.mmap(service["fds"]["image"], 4096, mmap.MAP_SHARED, mmap.PROT_READ)
        for fd in service["fds"].values():
            os.close(fd)
    say("held %d" % child)
    if how == "ignores":
        while True:
            memory[:4]
            time.sleep(0.01)
    number = wait_revoked(fard)
    if how not in ("lies", "image"):
        memory.close()
    if how not in ("lies", "descriptor", "image"):
        for fd in service["fds"].values():
            os.close(fd)
    done(fard, number)
    say("done")
    if how == "thread":
        ctypes.CDLL(None).pthread_exit(None)
    while True:
        time.sleep(100)


main()
