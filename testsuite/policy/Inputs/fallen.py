# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A client stays connected while the policy changes under it."""
import mmap
import os
import signal
import socket
import struct
import time

from fardclient import Fard, TRUSTED, READ

work = os.environ["T"]


def change(text):
    """Writes the policy, has fard read it, and waits until it has."""
    said = open(work + "/log").read().count("policy file")
    with open(work + "/policy", "w") as out:
        out.write(text)
    credentials = fard.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    os.kill(struct.unpack("3i", credentials)[0], signal.SIGHUP)
    deadline = time.monotonic() + 20
    while open(work + "/log").read().count("policy file") == said:
        assert time.monotonic() < deadline
        time.sleep(0.02)


fard = Fard()
fard.register(work + "/prefix/kv.seg", rules=[(0, 0, TRUSTED)])
bound = fard.bind()
assert bound["level"] == TRUSTED
data = mmap.mmap(bound["fds"]["data"], mmap.PAGESIZE)
fard.open_channel(bound["id"])

change("service kv\ndefault read\n")
fard.open_channel(bound["id"])
data[0:4] = b"mine"  # mapped is mapped
assert fard.bind(want=TRUSTED)["level"] == READ

change("service kv\ndefault none\n")
fard.open_channel(bound["id"])
