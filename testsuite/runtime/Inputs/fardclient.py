# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""fard's protocol (runtime/protocol.h) as a test speaks it: raw packets over the socket."""
import array
import os
import socket
import struct

MAGIC = 0x31524146
ERROR, RESOLVE, BIND, OPEN_CHANNEL, CLOSE_CHANNEL = 1, 2, 3, 4, 5
REGISTER, UNREGISTER, LIST, DESCRIBE, MAP, STATUS = range(64, 70)
REPLY = 0x8000
NONE, READ, TRUSTED = 1, 2, 3
PARTS = 7
DEAD = 0xFFFFFFFF
# What make_record() says of service kv 1.0.
KV_OPS = {"kv_find": 0x1111111111111111, "kv_put": 0x2222222222222222, "kv_read": 0x3333333333333333}


class FardError(Exception):
    def __init__(self, code, exit, text):
        super().__init__(text)
        self.code, self.exit, self.text = code, exit, text


def import_table(service="kv", major=1, minor=0, ops=None, fingerprint=0):
    ops = dict(sorted((KV_OPS if ops is None else ops).items()))
    strings, entries = b"", b""
    base = 104 + 24 * len(ops)
    for name, print_ in ops.items():
        entries += struct.pack("<QQII", print_, 0, base + len(strings), 0)
        strings += name.encode() + b"\0"
    size = (base + len(strings) + 7) // 8 * 8
    head = struct.pack("<8sII64sHHIQII", b"FARIMPRT", 3, size, service.encode(), major, minor, len(ops), fingerprint, 0, 0)
    return (head + entries + strings).ljust(size, b"\0")


class Fard:
    def __init__(self, path=None):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(30)
        self.socket.connect(path or os.environ["FARCALL_SOCKET"])
        self.serial = 0

    def close(self):
        self.socket.close()

    def send_raw(self, data, fds=()):
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.socket.sendmsg([data], rights)

    def send(self, kind, body=b"", fds=()):
        self.serial += 1
        self.send_raw(struct.pack("<IIHHI", MAGIC, 16 + len(body), kind, 1, self.serial) + body, fds)
        return self.serial

    def receive(self):
        """(type, serial, body, descriptors); None when fard has hung up."""
        data, fds, flags, _ = socket.recv_fds(self.socket, 65536, 16)
        if not data:
            return None
        magic, size, kind, version, serial = struct.unpack("<IIHHI", data[:16])
        assert (magic, size, version) == (MAGIC, len(data), 1)
        if kind == ERROR | REPLY:
            code, exit, text = struct.unpack("<ii1016s", data[16:])
            raise FardError(code, exit, text.split(b"\0")[0].decode())
        return kind, serial, data[16:], fds

    def ask(self, kind, body=b"", fds=()):
        serial = self.send(kind, body, fds)
        answer = self.receive()
        assert answer and answer[0] == kind | REPLY and answer[1] == serial
        return answer[2], answer[3]

    def bind(self, table=None, want=0, kind=BIND, machine=0):
        body, fds = self.ask(kind, struct.pack("<II", want, machine) + (table or import_table()))
        head = struct.unpack("<QQIIIIII", body[:40])
        parts = [struct.unpack("<QQ", body[40 + 16 * i:56 + 16 * i]) for i in range(PARTS)]
        pending_base, pending_count, _ = struct.unpack("<QII", body[40 + 16 * PARTS + 64:][:16])
        words = struct.unpack("<%dQ" % (head[5] + pending_count), body[40 + 16 * PARTS + 80:])
        stubs = words[:head[5]]
        names = ["stubs", "iface", "image", "reloc", "data"]
        present = [name for i, name in enumerate(names) if head[4] & 1 << i]
        assert kind == RESOLVE or len(fds) == len(present)
        return {"base": head[0], "fingerprint": head[1], "id": head[2], "level": head[3], "parts": parts, "stubs": stubs,
                "flags": head[7], "pending_base": pending_base, "pending": words[head[5]:], "fds": dict(zip(present, fds))}

    def open_channel(self, service_id, size=1 << 20):
        body, fds = self.ask(OPEN_CHANNEL, struct.pack("<IIQ", service_id, 0, size))
        channel, generation, got = struct.unpack("<IIQ", body)
        assert got == size and len(fds) == 2
        return channel, generation, fds[0], fds[1]

    def close_channel(self, channel):
        self.send(CLOSE_CHANNEL, struct.pack("<II", channel, 0))

    def register(self, path, name="", rules=(), host_uid=0xFFFFFFFF, fd=None, seal=True, machine=0):
        if fd is None:
            import fcntl
            fd = os.memfd_create("segment", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
            os.write(fd, open(path, "rb").read() if isinstance(path, str) else path)
            if seal:
                fcntl.fcntl(fd, 1033, 0xE)
        body = struct.pack("<64sIIIIIIII", name.encode(), host_uid, len(rules), 0, 0, machine, 0, 0, 0)
        for who, id_, level in rules:
            body += struct.pack("<IIII", who, id_, level, 0)
        try:
            return self.ask(REGISTER, body, [fd])[0]
        finally:
            os.close(fd)


def refused(call, *words):
    """call() must be refused with a message that has all the words in it."""
    try:
        call()
    except FardError as error:
        missing = [word for word in words if word not in error.text]
        assert not missing, "%r lacks %r" % (error.text, missing)
        return error
    raise AssertionError("it was not refused")
