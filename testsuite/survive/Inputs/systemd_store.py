# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: systemd_store.py BUILD WORK COMPILER…: a service manager that keeps descriptors, as sd_notify(3) and sd_listen_fds(3)
say, in place of far-keeper."""
import array
import fcntl
import os
import socket
import subprocess
import sys
import threading

from survive import Node, alive, build_ledger, wait_until

build, work, compiler = sys.argv[1], sys.argv[2], sys.argv[3:]


class Manager:
    """What systemd does of it: a datagram socket, and descriptors by name."""

    def __init__(self, path):
        self.path, self.kept = path, {}
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            text, rights, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(64 * 4))
            words = dict(line.split("=", 1) for line in text.decode().split("\n") if "=" in line)
            fds = array.array("i")
            for _, _, data in rights:
                fds.frombytes(data)
            name = words.get("FDNAME")
            if "FDSTORE" in words:
                self.kept.setdefault(name, []).extend(fds)
            elif "FDSTOREREMOVE" in words:
                for fd in self.kept.pop(name, []):
                    os.close(fd)

    def start(self, node):
        """A start of the unit: the descriptors from 3 on, their names in the environment."""
        given = [(name, fd) for name, fds in self.kept.items() for fd in fds]
        env = dict(node.env, NOTIFY_SOCKET=self.path, FDSTORE="64", LISTEN_FDS=str(len(given)),
                   LISTEN_FDNAMES=":".join(name for name, _ in given))

        def arrange():
            away = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for _, fd in given]
            for at, fd in enumerate(away):
                os.dup2(fd, 3 + at, inheritable=True)
            os.closerange(3 + len(given), 200)

        node.started_at = os.path.getsize(node.log_path) if os.path.exists(node.log_path) else 0
        with open(node.log_path, "ab") as log:
            node.process = subprocess.Popen(["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", build + "/bin/fard", "--foreground",
                                             "--socket", node.socket, "--store", node.store],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, preexec_fn=arrange,
                                            close_fds=False)
        node.wait_listening()


build_ledger(build, work, compiler)
with Node(build) as node:
    manager = Manager(node.folder + "/notify")
    manager.start(node)
    node.far("register", work + "/ledger.seg", "--trust", "all")
    host = node.host_pid()
    client = node.client(work + "/client")
    print("moved:", client.ask("move 1 2"), client.ask("wait 0"), "a keeper process:", node.keeper_pid())
    wait_until(lambda: len(manager.kept) == 4)
    print("kept:", sorted(manager.kept))
    node.kill()
    print("fard killed:", client.ask("move 1 2"), client.ask("wait 0"))
    manager.start(node)
    print("the same host:", node.host_pid() == host, "moves:", node.client(work + "/client").ask("moves"))
    print("an orderly end:", node.end(), "host gone:", wait_until(lambda: not alive(host)))
    wait_until(lambda: not manager.kept)
    print("nothing is kept any more")
