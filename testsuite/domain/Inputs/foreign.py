# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""foreign.py FARD FAR SEGMENT: fard in a PID namespace of its own, its clients outside: all have number 0 there."""
import json
import mmap
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time

from fardclient import Fard, FardError, import_table, refused

DOMAIN, READ = 7, 2
PRESENT = 9


def start(fard, folder):
    socket = folder + "/socket"
    os.environ["FARCALL_SOCKET"] = socket
    clean = {name: value for name, value in os.environ.items() if name != "FARCALL_SOCKET"}
    apart = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", fard, "--foreground", "--socket", socket,
                              "--store", folder + "/store", "--policy", "none"], env=clean, stderr=subprocess.DEVNULL)
    for _ in range(2000):
        try:
            Fard().close()
            return apart
        except OSError:
            assert apart.poll() is None
            time.sleep(0.01)
    raise AssertionError("fard does not listen")


def stop(apart):
    for child in open("/proc/%d/task/%d/children" % (apart.pid, apart.pid)).read().split():
        os.kill(int(child), signal.SIGTERM)
    return apart.wait()


def domain(client, claim=0):
    body, fds = client.ask(DOMAIN, struct.pack("<QQ", 1 << 26, claim))
    return struct.unpack_from("<Q", body)[0], fds[0]


def in_another(call):
    """What call() says in another process of this user."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            said = call()
        except FardError as error:
            said = error.text
        except BaseException as error:
            said = repr(error)
        os.write(writing, str(said).encode())
        os._exit(0)
    os.close(writing)
    said = os.read(reading, 4096).decode()
    os.wait()
    return said


def told_apart():
    """Does the kernel give pidfds of different processes different inodes?"""
    one, other = os.pidfd_open(os.getpid()), os.pidfd_open(os.getppid())
    return os.fstat(one).st_ino != os.fstat(other).st_ino


def check_claims():
    first = Fard()
    base, memory = domain(first)
    mmap.mmap(memory, 1 << 20)[:6] = b"secret"
    said = in_another(lambda: hex(domain(Fard(), base)[0]))
    print("another claims it:", "refused" if "knows none" in said else said)
    first.close()
    said = in_another(lambda: hex(domain(Fard())[0]))
    print("another asks for its own:", "another" if int(said, 16) != base else said)
    first = Fard()
    try:
        again, memory = domain(first, base)
        said = "it is ours" if again == base and mmap.mmap(memory, 1 << 20)[:6] == b"secret" else "other memory"
    except FardError as error:
        said = "it is ours" if not told_apart() and "Linux 6.9" in error.text else error.text
    print("claimed again:", said)


def check_capability(token, operation):
    client = Fard()
    client.ask(PRESENT, token.encode().ljust(128, b"\0"))
    table = import_table("kv", ops={operation["name"]: int(operation["fingerprint"], 16)})
    refused(lambda: client.bind(table), "PID namespace that fard does not see")
    print("memory by a capability: refused; level", client.bind(table, want=1)["level"])


def check_all():
    far = sys.argv[2]
    subprocess.check_call([far, "register", sys.argv[3]], stdout=subprocess.DEVNULL)
    token = subprocess.check_output([far, "cap", "grant", "kv", "--level", "read"], text=True, stderr=subprocess.DEVNULL).strip()
    operation = json.loads(subprocess.check_output([far, "describe", "kv", "--json"]))["operations"][0]
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setresgid(64001, 64001, 64001)
        os.setresuid(64001, 64001, 64001)
        try:
            check_claims()
            check_capability(token, operation)
        except BaseException as error:
            print(repr(error))
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(pid, 0)


def main():
    folder = tempfile.mkdtemp(dir="/tmp")
    os.chmod(folder, 0o755)
    apart = start(sys.argv[1], folder)
    try:
        check_all()
    finally:
        print("fard ended with", stop(apart))
    subprocess.call(["rm", "-rf", folder])


main()
