# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the tests of survival share: a fard that can be killed and started again on its store, its hosts, its keeper, and
clients of the service ledger that do what they are told."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
CLIENT_UID = 64017


def build_ledger(build, folder, compiler):
    """The service, its import library and the clients, in folder. Returns nothing; a failure raises."""
    def run(*words):
        subprocess.run(words, check=True, cwd=folder)

    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    tool = lambda name: os.path.join(build, "bin", name)
    run(tool("farcc"), "-O1", "-g", "-c", os.path.join(HERE, "ledger.c"), "-o", "ledger.o")
    run(tool("farld"), "-o", "ledger.seg", "ledger.o")
    run(tool("far"), "implib", "ledger.seg", "-o", "libledger.so")
    for name in ["client", "hammer"]:
        run(*compiler, "-D_GNU_SOURCE", "-O1", "-g", "-I" + os.path.join(ROOT, "include"), os.path.join(HERE, name + ".c"),
            "-o", name, "-L.", "-lledger", "-L" + os.path.join(build, "lib"), "-lfarcall", "-lpthread", "-Wl,-rpath," + folder,
            "-Wl,-rpath," + os.path.join(build, "lib"))


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def wait_until(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"did not come true within {seconds} s: {what}")


class Node:
    """A fard with socket and store in a folder of its own."""

    def __init__(self, build, options=()):
        self.build, self.options = build, list(options)
        self.folder = tempfile.mkdtemp(prefix="survive.", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.socket, self.store = self.folder + "/run/socket", self.folder + "/store"
        self.log_path = self.folder + "/log"
        self.env = dict(os.environ, FARCALL_SOCKET=self.socket)
        self.process = None
        self.clients = []

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        """After a failure nothing stays behind either: a keeper whose store has gone ends its hosts and itself."""
        if kind and os.path.exists(self.log_path):
            print("fard said:", self.log(), sep="\n", file=sys.stderr)
        for client in self.clients:
            client.kill()
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, before=(), env=None):
        offset = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*before, self.build + "/bin/fard", "--foreground", "--socket", self.socket, "--store", self.store, *self.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=dict(self.env, **(env or {})))
        self.started_at = offset

    def log(self):
        with open(self.log_path, errors="replace") as log:
            return log.read()

    def wait_listening(self, seconds=30):
        def listens():
            with open(self.log_path, "rb") as log:
                log.seek(self.started_at)
                if b"listening on" in log.read():
                    return True
            if self.process.poll() is not None:
                raise AssertionError(f"fard ended with {self.process.returncode}:\n{self.log()}")
            return False
        wait_until(listens, seconds)

    def up(self, **options):
        self.start(**options)
        self.wait_listening()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def far(self, *words, check=True):
        done = subprocess.run([self.build + "/bin/far", *words], env=self.env, capture_output=True, text=True, timeout=60)
        if check and done.returncode:
            raise AssertionError(f"far {' '.join(words)}: {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def host_pid(self, service="ledger"):
        return json.loads(self.far("describe", service, "--json").stdout)["host"]["pid"]

    def keeper_pid(self):
        """Whoever runs as far-keeper on this store; 0: nobody."""
        for name in os.listdir("/proc"):
            try:
                with open(f"/proc/{name}/cmdline", "rb") as line:
                    if name.isdigit() and line.read().split(b"\0")[:2] == [b"far-keeper", os.path.realpath(self.store).encode()]:
                        return int(name)
            except OSError:
                continue
        return 0

    def client(self, program, level=None, uid=CLIENT_UID, capabilities=None):
        """A client program, spoken to by lines, as a user of its own where we may."""
        env = dict(self.env, **({"FARCALL_CAPABILITIES": capabilities} if capabilities else {}))
        if level:
            env["FARCALL_LEVEL"] = level
        client = Client(program, env, uid)
        self.clients.append(client)
        return client

    def end(self):
        """In order; nothing may be left behind. Returns fard's exit code."""
        for client in self.clients:
            client.end()
        keeper = self.keeper_pid()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        if keeper:
            wait_until(lambda: not alive(keeper))
        shutil.rmtree(self.folder, ignore_errors=True)
        return code

    def end_keeping(self, copy):
        """In order, and the store is copied."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=30) == 0
        shutil.copytree(self.store, copy)


class Client:
    def __init__(self, program, env, uid):
        demote = (lambda: (os.setgroups([]), os.setresgid(*[uid] * 3), os.setresuid(*[uid] * 3))) \
            if os.getuid() == 0 else None
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=env,
                                        preexec_fn=demote)

    def send(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def receive(self):
        answer = self.process.stdout.readline()
        if not answer:
            raise AssertionError(f"the client ended with {self.process.wait()}")
        return answer.strip()

    def ask(self, line):
        self.send(line)
        return self.receive()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # it was killed
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.kill()
