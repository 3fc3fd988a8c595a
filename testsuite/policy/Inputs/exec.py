# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Processes that connect to fard and run another program then, while fard is stopped or after it has looked."""
import json
import os
import signal
import socket
import struct
import subprocess
import time

from fardclient import Fard, STATUS

far, place = os.environ["FAR"], os.environ["PLACE"]
fard = struct.unpack("3i", Fard().socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def connect_and_run(name, wait_for_fard):
    """The process number of one that has connected and runs NAME now, over the same connection."""
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setresgid(64001, 64001, 64001)
        os.setresuid(64001, 64001, 64001)
        connection = Fard()
        if wait_for_fard:
            connection.ask(STATUS)
        connection.socket.set_inheritable(True)
        os.execv(place + "/" + name, [name, "60"])
    until(lambda: os.readlink("/proc/%d/exe" % pid) == place + "/" + name)
    return pid


def show(what, pid):
    said = subprocess.run([far, "explain", "kv", "--json", "--as", "pid:%d" % pid], stdout=subprocess.PIPE, check=True)
    answer = json.loads(said.stdout)
    runs = os.path.basename(answer["executable"] or "nothing").rstrip("0123456789.")
    trouble = answer["executable_trouble"]
    print("%s: %s, runs %s%s" % (what, answer["level"], runs, ": " + trouble if trouble else ""))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


subprocess.run([far, "register", os.environ["KV"] + "/kv.seg", "--trust", "exe:" + place + "/viewer", "--trust",
                "exe:" + place + "/raised"], stdout=subprocess.DEVNULL, check=True)
for name, looked in [("viewer", False), ("viewer", True), ("raised", False)]:
    if not looked:
        os.kill(fard, signal.SIGSTOP)
    try:
        pid = connect_and_run(name, looked)
    finally:
        os.kill(fard, signal.SIGCONT)
    Fard().ask(STATUS)  # connections are taken in their order
    show("%s %s" % (name, "after fard has looked" if looked else "before fard looks"), pid)
