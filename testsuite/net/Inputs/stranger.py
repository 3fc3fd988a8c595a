# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""stranger.py HOST:PORT TLS-FOLDER WHAT...: what comes to a node's port that is no node of this release, and what is answered.

Each WHAT is one connection (or many); a line is printed for what the node says to it.
"""
import os
import random
import socket
import ssl
import struct
import sys
import time

MAGIC = b"FARCALL\n"
NODE, CHANNEL = 1, 2
LINK_HELLO, LINK_PING, LINK_OPEN, LINK_REOPEN, LINK_CLOSE, LINK_CHANNELS = 256, 257, 265, 266, 267, 269
LINK_DOMAIN = 273
MESSAGE = struct.Struct("<4sIHHI")
WINDOW = 0x300000000000, 0x500000000000


def connect(place):
    host, port = place.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=20)


def preface(purpose, version=1, magic=MAGIC, transport=0, ticket=bytes(16)):
    return magic + struct.pack("<HHHH", version, purpose, transport, 0) + ticket + bytes(32)


def take(sock, size):
    got = b""
    while len(got) < size:
        more = sock.recv(size - len(got))
        if not more:
            break
        got += more
    return got


def answer(sock):
    said = take(sock, 256)
    if len(said) < 256:
        return "closed"
    version, refused = struct.unpack_from("<HH", said, 8)
    return f"refused {refused}: {said[16:].split(bytes(1))[0].decode()}" if refused else "welcome"


def to_link(place, folder):
    sock = connect(place)
    sock.sendall(preface(NODE))
    if answer(sock) != "welcome":
        raise SystemExit("the preface was refused")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(os.path.join(folder, "ca.pem"))
    if os.path.exists(os.path.join(folder, "node.pem")):
        context.load_cert_chain(os.path.join(folder, "node.pem"), os.path.join(folder, "node.key"))
    return context.wrap_socket(sock)


def packet(kind, body, serial=0, magic=b"FAR1", size=None, version=1):
    return MESSAGE.pack(magic, MESSAGE.size + len(body) if size is None else size, kind, version, serial) + body


def hello(version=2, window=WINDOW, size=None, address=b""):
    body = struct.pack("<II272sQQQ", version, 0, address, *window, random.getrandbits(64))
    return packet(LINK_HELLO, body if size is None else body[:size])


def next_packet(link):
    head = take(link, MESSAGE.size)
    if len(head) < MESSAGE.size:
        return None, 0, b""
    magic, size, kind, _, serial = MESSAGE.unpack(head)
    return kind, serial, take(link, size - MESSAGE.size)


def words(link):
    """What the node says in the end, its own greeting and pings left out."""
    while True:
        try:
            kind, _, body = next_packet(link)
        except (ssl.SSLError, OSError):
            return "closed"
        if kind is None:
            return "closed"
        if kind == 1 | 0x8000:
            code, _ = struct.unpack_from("<ii", body)
            return f"error {code}: {body[8:].split(bytes(1))[0].decode()}"


def first(place, data):
    sock = connect(place)
    try:
        sock.sendall(data)
        return answer(sock)
    except OSError:
        return "closed"


def linked(place, folder, *packets):
    link = to_link(place, folder)
    try:
        for data in packets:
            link.sendall(data)
    except OSError:
        pass
    return words(link)


def asks(place, folder, kind, body):
    """A request of a node that has greeted; the words of the refusal."""
    return linked(place, folder, hello(), packet(LINK_CHANNELS, struct.pack("<II", 0, 1)), packet(kind, body, serial=7))


def opening(service=b"kv", major=1, size=1 << 20, transports=0, domain=(0, 0)):
    return struct.pack("<64sIIQQIIIIIIQQ", service, major, 2, size, 1, 1000, 1000, 1, 0, transports, 0, *domain)


def garbage(place, count, seed):
    """Random bytes instead of a preface, behind one, and inside TLS records; nothing of it may be believed, or hurt."""
    dice = random.Random(seed)
    for number in range(count):
        sock = connect(place)
        try:
            if number % 3:
                sock.sendall(preface(NODE))
                answer(sock)
            if number % 3 == 2:
                sock.sendall(b"\x16\x03\x01\x40\x00")
            sock.sendall(dice.randbytes(dice.randrange(1, 20000)))
            if number % 2:
                sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        sock.close()
    return "done"


def packets(place, folder, count, seed):
    """Packets of a node that has a certificate and has gone mad."""
    dice = random.Random(seed)
    for _ in range(count):
        link = to_link(place, folder)
        try:
            link.sendall(hello())
            for _ in range(dice.randrange(1, 30)):
                body = dice.randbytes(dice.choice([0, 4, 8, 16, 72, 128, dice.randrange(0, 2000)]))
                if dice.randrange(4) == 0:
                    body = opening(dice.choice([b"kv", b"nothing", dice.randbytes(64)]), dice.randrange(3), dice.choice([0, 1 << 16, 1 << 40]))
                link.sendall(packet(dice.randrange(256, 274), body, serial=dice.randrange(5)))
            link.settimeout(0.05)
            words(link)
        except OSError:
            pass
        link.close()
    return "done"


def reply_to(link, serial):
    while True:
        kind, answered, body = next_packet(link)
        if kind is None or (answered == serial and kind & 0x8000 and kind != LINK_PING | 0x8000):
            return body


def show(place, ticket, transport=1):
    sock = connect(place)
    sock.sendall(preface(CHANNEL, transport=transport, ticket=ticket))
    said = answer(sock)
    sock.close()
    return said


def tickets(place, folder, service):
    """A channel, and each way to show its tickets."""
    link = to_link(place, folder)
    link.sendall(hello() + packet(LINK_CHANNELS, struct.pack("<II", 0, 1)))
    serial, given = 10, []

    def another(kind, body):
        nonlocal serial
        serial += 1
        link.sendall(packet(kind, body, serial=serial))
        got = reply_to(link, serial)
        given.append((got[32:48], got[48:80]))
        return struct.unpack_from("<I", got)[0]

    channel = another(LINK_OPEN, opening(service))
    again = struct.pack("<II", channel, 0)
    said = ["by another transport: " + show(place, given[0][0], transport=2), "after that: " + show(place, given[0][0])]
    another(LINK_REOPEN, again)
    another(LINK_REOPEN, again)
    said.append("one that another took the place of: " + show(place, given[1][0]))
    said += ["the last: " + show(place, given[2][0]), "again: " + show(place, given[2][0])]
    link.close()
    return "\n".join(said + [f"different: {len({t for t, _ in given}) == 3} {len({s for _, s in given}) == 3}"])


held = []


def hold(place, count):
    """Connections that say nothing, or half of what they should."""
    for number in range(count):
        sock = connect(place)
        try:
            sock.sendall(preface(NODE)[: number % 40])
        except OSError:
            pass
        held.append(sock)
    return "holding"


def main():
    place, folder = sys.argv[1:3]
    for what in sys.argv[3:]:
        name, _, value = what.partition("=")
        said = {
            "http": lambda: first(place, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
            "tls": lambda: first(place, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(80)),
            "version": lambda: first(place, preface(NODE, version=int(value))),
            "purpose": lambda: first(place, preface(int(value))),
            "ticket": lambda: first(place, preface(CHANNEL, transport=1, ticket=os.urandom(16))),
            "link-version": lambda: linked(place, folder, hello(version=int(value))),
            "window": lambda: linked(place, folder, hello(window=(0x1000000000, 0x9000000000))),
            "address": lambda: linked(place, folder, hello(address=value.encode())),
            "short-hello": lambda: linked(place, folder, hello(size=100)),
            "no-hello": lambda: linked(place, folder, packet(LINK_PING, b"")),
            "two-hellos": lambda: linked(place, folder, hello(), hello()),
            "size": lambda: linked(place, folder, hello(), packet(LINK_PING, b"", size=int(value))),
            "magic": lambda: linked(place, folder, hello(), packet(LINK_PING, b"", magic=b"HTTP")),
            "open": lambda: asks(place, folder, LINK_OPEN, opening(value.encode())),
            "open-size": lambda: asks(place, folder, LINK_OPEN, opening(size=int(value))),
            "open-domain": lambda: asks(place, folder, LINK_OPEN, opening(domain=(int(value, 16), 1 << 21))),
            "domain": lambda: asks(place, folder, LINK_DOMAIN, struct.pack("<QQQ", 1, int(value, 16), 1 << 21)),
            "open-transports": lambda: asks(place, folder, LINK_OPEN, opening(transports=int(value))),
            "reopen": lambda: asks(place, folder, LINK_REOPEN, struct.pack("<II", int(value), 0)),
            "type": lambda: asks(place, folder, int(value), b""),
            "tickets": lambda: tickets(place, folder, value.encode()),
            "garbage": lambda: garbage(place, int(value), 1),
            "packets": lambda: packets(place, folder, int(value), 2),
            "hold": lambda: hold(place, int(value)),
            "pause": lambda: time.sleep(float(value)) or "",
        }[name]()
        print(f"{what}: {said}", flush=True)
    if held:
        sys.stdin.read()


main()
