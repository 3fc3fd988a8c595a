# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# fard by socket activation, without systemd: activate.py FARD FAR FOLDER SEGMENT
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

fard, far, folder, segment = sys.argv[1:]
# Paths of sockets are short.
work = tempfile.mkdtemp(prefix="activate.", dir="/tmp")
path, told = f"{work}/socket", f"{work}/notify"


def wait(condition, what):
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"waited in vain: {what}")
        time.sleep(0.01)


manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(told)
manager.settimeout(60)
log = open(f"{folder}/log", "w")
process = subprocess.Popen(
    ["systemd-socket-activate", "--seqpacket", "-l", path, "-E", f"NOTIFY_SOCKET={told}", "-E", "WATCHDOG_USEC=100000",
     fard, "--store", f"{folder}/store", "--policy", "none"], stderr=log, stdin=subprocess.DEVNULL)
try:
    wait(lambda: os.path.exists(path), "the socket")
    print("nothing runs yet" if "listening on" not in open(f"{folder}/log").read() else "it runs already", flush=True)
    environment = dict(os.environ, FARCALL_SOCKET=path)
    subprocess.run([far, "register", segment], env=environment, check=True)
    subprocess.run([far, "ls"], env=environment, check=True)
    said = set()
    while "WATCHDOG=1" not in said:
        said.add(manager.recv(4096).decode().splitlines()[0])
    print("\n".join(sorted(said)), flush=True)
    process.send_signal(signal.SIGTERM)
    message = ""
    while "STOPPING=1" not in message:
        message = manager.recv(4096).decode()
    print(message)
    print("fard ended with", process.wait(60))
    print("the socket is still there" if os.path.exists(path) else "the socket is gone")
    print("its log says listening" if f"fard: listening on {path}" in open(f"{folder}/log").read() else "no log")
finally:
    process.kill()
    process.wait()
    shutil.rmtree(work)
