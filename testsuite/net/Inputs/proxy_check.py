# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: proxy_check.py PROXY: what the proxy does to connections, each fault once, as both ends see it."""
import os
import select
import socket
import subprocess
import sys
import threading
import time

HOST = f"127.{64 + (os.getpid() >> 16)}.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"  # of this process alone
ENDS = "end", "reset", "silence"


def server(listener):
    """Says back what it hears."""
    def echo(sock):
        try:
            while bytes_ := sock.recv(65536):
                sock.sendall(bytes_)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=echo, args=(sock,), daemon=True).start()


listener = socket.create_server((HOST, 7001))
threading.Thread(target=server, args=(listener,), daemon=True).start()
proxy = subprocess.Popen([sys.argv[1], "--route", "one", f"{HOST}:7002", f"{HOST}:7001"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         text=True, bufsize=1)
assert proxy.stdout.readline() == "ready\n"


def command(line, right=True):
    proxy.stdin.write(line + "\n")
    said = proxy.stdout.readline().strip()
    assert said.startswith("ok") == right, said
    return said


def connect():
    return socket.create_connection((HOST, 7002), timeout=20)


def hear(sock, size, seconds=20):
    """That many bytes, or how it ended before."""
    got = b""
    while len(got) < size:
        if not select.select([sock], [], [], seconds)[0]:
            return got, "silence"
        try:
            more = sock.recv(size - len(got))
        except ConnectionResetError:
            return got, "reset"
        if not more:
            return got, "end"
        got += more
    return got, ""


def exchange(sock, bytes_, **more):
    begun = time.monotonic()
    sock.sendall(bytes_)
    got, end = hear(sock, len(bytes_), **more)
    assert got == bytes_[:len(got)], "bytes have changed, or their order"
    return end or "all", time.monotonic() - begun


BYTES = os.urandom(300000)
sock = connect()
print("as it is:", exchange(sock, BYTES)[0])
sock.shutdown(socket.SHUT_WR)
print("its end:", hear(sock, 1)[1])

sock = connect()
command("delay 60 20")
end, seconds = exchange(sock, BYTES)
print("delayed:", end, seconds >= 0.12)
command("heal")
command("rate 400000")
end, seconds = exchange(sock, BYTES[:100000])
print("at a rate:", end, seconds >= 0.2)
command("heal")
command("slow")
end, seconds = exchange(sock, BYTES[:500])
print("a byte at a time:", end, seconds >= 0.03)
command("heal")

command("partition")
print("partition:", exchange(sock, b"x" * 100, seconds=0.3)[0])
command("heal")
print("healed:", hear(sock, 100)[0] == b"x" * 100)

command("reset")
print("reset:", hear(sock, 1)[1])
sock = connect()
command("cut 5000")
got, end = b"", ""
sock.sendall(BYTES)
got, end = hear(sock, len(BYTES))
print("cut:", end, len(got) <= 5000)

for side in "there", "back", "both":
    sock = connect()
    assert exchange(sock, b"hello")[0] == "all"
    command(f"swallow {side}")
    silent = exchange(sock, b"hello", seconds=0.2)[0]
    command("heal")
    print(f"half-open, {side}:", silent, "then", hear(sock, 1)[1])

sock = connect()
command("refuse")
try:
    connect()
    print("not refused")
except ConnectionRefusedError:
    print("refused; who was connected before:", exchange(sock, b"still")[0])
command("refuse-and-reset")
print("and reset:", hear(sock, 1)[1])
command("heal")
print("after all that:", exchange(connect(), BYTES)[0])
print(command("dance", right=False))


def faults_of(seed):
    """Which faults a seed makes: their numbers, once there are some."""
    command(f"chance {seed}")
    end = time.monotonic() + 20
    while time.monotonic() < end:
        said = command("report").partition("; ")[2].split(", ")
        if sum(int(word.split()[0]) for word in said) >= 2:
            break
        time.sleep(0.05)
    command("chance off")
    return len(said)


print("kinds of faults at random:", faults_of(7))
print("after those:", exchange(connect(), BYTES)[0])
proxy.stdin.close()
print("its exit code:", proxy.wait(timeout=20))
