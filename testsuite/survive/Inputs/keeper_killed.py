# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: keeper_killed.py BUILD WORK COMPILER…: who may talk to the keeper, and what is lost when it dies with fard."""
import os
import socket
import subprocess
import sys

from survive import CLIENT_UID, Node, alive, build_ledger, wait_until

build, work, compiler = sys.argv[1], sys.argv[2], sys.argv[3:]
ASK = """
import os, socket, sys
if os.getuid() == 0:
    os.setgroups([]), os.setresgid(*[{uid}] * 3), os.setresuid(*[{uid}] * 3)
try:
    socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect(sys.argv[1])
    print("connected")
except OSError as error:
    print(error.strerror)
"""
build_ledger(build, work, compiler)
with Node(build) as node:
    node.up()
    node.far("register", work + "/ledger.seg", "--trust", "all")
    host, keeper = node.host_pid(), node.keeper_pid()
    if os.getuid() == 0:
        done = subprocess.run([sys.executable, "-c", ASK.format(uid=CLIENT_UID), node.store + "/keeper"], capture_output=True, text=True)
        print("another user:", done.stdout.strip())
    else:
        print("another user: Permission denied")
    # There is one fard a store: a second connection is closed, and nothing is handed over.
    second = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    second.connect(node.store + "/keeper")
    print("a second one of ours:", second.recv(100))

    client, branch = node.client(work + "/client", "none"), node.client(work + "/client")
    print("moved:", client.ask("move 1 2"), branch.ask("move 1 2"))
    os.kill(node.process.pid, 19)  # so that it cannot start another
    os.kill(keeper, 9)
    node.kill()
    wait_until(lambda: not alive(host))
    print("fard and keeper killed: the host has ended; branch", branch.ask("moves"))
    client.send("moves")  # the host has said that it goes: the call waits for the next fard
    node.up()
    print("the next fard has no data:", client.receive(), client.ask("openings"), "fresh data" in node.log())
    print("and the same address: branch", branch.ask("wait 0"), branch.ask("moves"))
    print("an orderly end:", node.end())
