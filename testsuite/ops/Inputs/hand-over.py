# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Runs a command with one descriptor handed over as systemd does: hand-over.py abstract|file COMMAND…
import os
import socket
import sys

if sys.argv[1] == "abstract":
    given = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    given.bind(f"\0farcall-test-{os.getpid()}")
    given.listen()
    given = given.detach()
else:
    given = os.open("/dev/null", os.O_RDONLY)
if given == 3:
    os.set_inheritable(3, True)
else:
    os.dup2(given, 3, inheritable=True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
