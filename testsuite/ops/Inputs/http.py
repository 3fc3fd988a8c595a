# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# http.py unix:PATH METHOD PATH | raw TEXT | long | many | often: what fard's HTTP side answers.
import os
import socket
import sys
import time

path = sys.argv[1].removeprefix("unix:")


def connect():
    here = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    here.connect(path)
    here.settimeout(30)
    return here


def ask(request):
    with connect() as here:
        here.sendall(request)
        answer = b""
        while more := here.recv(65536):
            answer += more
    return answer.decode()


def is_open(here):
    here.setblocking(False)
    try:
        return here.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


if sys.argv[2] == "raw":
    print(ask(sys.argv[3].encode() + b"\r\n\r\n"))
elif sys.argv[2] == "long":
    print(ask(b"GET /metrics HTTP/1.1\r\nX: " + b"y" * 4070))
elif sys.argv[2] == "many":
    idle = [connect() for _ in range(20)]
    end = time.monotonic() + 3
    while sum(map(is_open, idle)) > 8 and time.monotonic() < end:
        time.sleep(0.01)
    kept = sum(map(is_open, idle))
    for here in idle:
        here.close()
    while not ask(b"GET /metrics HTTP/1.0\r\n\r\n").startswith("HTTP/1.1 200"):
        time.sleep(0.01)
    print(f"{kept} of 20 were kept, and after them one was answered")
elif sys.argv[2] == "often":
    begin, texts = time.monotonic(), set()
    for _ in range(30):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as here:
            here.connect(os.environ["FARCALL_SOCKET"])
            here.send(b"rubbish")  # counted, so that no two texts are alike
            here.recv(4096)
        texts.add(ask(b"GET /metrics HTTP/1.0\r\n\r\n"))
    seconds = time.monotonic() - begin
    print("30 requests, made once a second" if len(texts) <= seconds + 2 else f"{len(texts)} texts in {seconds} s")
else:
    print(ask(f"{sys.argv[2]} {sys.argv[3]} HTTP/1.1\r\nHost: x\r\n\r\n".encode()))
