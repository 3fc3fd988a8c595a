# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""impostor.py HOST:PORT TLS-FOLDER: where a node should be, somebody with these certificates, who asks nobody who he is.

One connection; a line says whether whoever came has greeted him as a node.
"""
import os
import socket
import ssl
import struct
import sys

MESSAGE = struct.Struct("<4sIHHI")
LINK_HELLO = 256


def take(sock, size):
    got = b""
    while len(got) < size:
        more = sock.recv(size - len(got))
        if not more:
            break
        got += more
    return got


def is_greeted(sock, folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(os.path.join(folder, "node.pem"), os.path.join(folder, "node.key"))
    try:
        head = take(context.wrap_socket(sock, server_side=True), MESSAGE.size)
    except OSError:
        return False
    return len(head) == MESSAGE.size and MESSAGE.unpack(head)[2] == LINK_HELLO


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    listener = socket.create_server((host, int(port)))
    print("listening", flush=True)
    listener.settimeout(60)
    sock, _ = listener.accept()
    sock.settimeout(60)
    take(sock, 64)
    sock.sendall(b"FARCALL\n" + struct.pack("<HHI", 1, 0, 0) + bytes(240))
    print("greeted" if is_greeted(sock, sys.argv[2]) else "not greeted", flush=True)


main()
