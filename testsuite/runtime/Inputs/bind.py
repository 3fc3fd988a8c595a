# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import mmap
import os
import struct
import sys

import fardclient
from fardclient import NONE, READ, TRUSTED, Fard, FardError, import_table, refused

prefix = os.environ["FAR"]
uid, gid = os.getuid(), os.getgid()
ALL, GID, UID = 0, 1, 2
fard = Fard()
fard.register(prefix + "/kv.seg", "trusting", [(UID, uid, TRUSTED), (ALL, 0, READ)])
fard.register(prefix + "/kv.seg", "reading", [(GID, gid, READ), (ALL, 0, TRUSTED)])
fard.register(prefix + "/kv.seg", "closed", [(UID, uid + 1, TRUSTED)])


def content(fd, size):
    with mmap.mmap(fd, size, mmap.MAP_SHARED, mmap.PROT_READ) as memory:
        return memory[:]


def slot(stubs, part, number):
    return stubs[part * 0x10000 + 16 * number:][:16]


# RESOLVE: addresses and no descriptors. A table may name some of the operations.
answer = fard.bind(import_table("trusting", ops={"kv_put": 0x2222222222222222}), kind=fardclient.RESOLVE)
assert not answer["fds"] and answer["stubs"] == (answer["base"] + 0x20,)

# trusted: everything, and the data may be written.
trusted = fard.bind(import_table("trusting"))
assert trusted["level"] == TRUSTED and list(trusted["fds"]) == ["stubs", "iface", "image", "reloc", "data"]
assert trusted["stubs"] == (trusted["base"] + 0x10010, trusted["base"] + 0x20, trusted["base"] + 0x30)
stubs = content(trusted["fds"]["stubs"], 0x20000)
assert slot(stubs, 1, 1)[4] == 0xE9, "neutral: a branch"
assert slot(stubs, 0, 2)[4:6] == b"\x41\xbb", "not neutral: a trap"
assert slot(stubs, 0, 3)[4:6] == b"\x41\xbb", "absent: a trap"
assert slot(stubs, 0, 1) == b"\xcc" * 16 and slot(stubs, 1, 2) == b"\xcc" * 16, "the other part: breakpoints"
assert slot(stubs, 0, 4) == b"\xcc" * 16, "an unused slot: breakpoints"
assert slot(stubs, 0, 0)[:3] == b"\x4c\x8d\x15" and slot(stubs, 1, 0)[:3] == b"\x4c\x8d\x15", "the way to the gate"

# The image is bound: REBASE in const, STUB in const and data.
base = trusted["base"]
image = content(trusted["fds"]["image"], 0x50000)
assert struct.unpack_from("<QQQ", image, 0x30000) == (base + 0x20030, base + 0x50000, base + 0x10010)
data = trusted["fds"]["data"]
assert struct.unpack_from("<QQ", content(data, 0x1000)) [1] == base + 0x10010
assert os.fstat(data).st_size == 0x10000 + 0x20000

# Sealed means sealed; the data neither shrinks nor grows.
for name in ["stubs", "iface", "image", "reloc"]:
    for attempt in [lambda fd: os.write(fd, b"x"), lambda fd: os.ftruncate(fd, 1),
                    lambda fd: mmap.mmap(fd, 4096, mmap.MAP_SHARED, mmap.PROT_WRITE)]:
        try:
            attempt(trusted["fds"][name])
        except (OSError, ValueError):
            continue
        raise AssertionError(name + " can be changed")
for size in [0, 1 << 30]:
    try:
        os.ftruncate(data, size)
        raise AssertionError("the data can be resized")
    except PermissionError:
        pass

# Less than granted can be asked for; more cannot.
read = fard.bind(import_table("trusting"), want=READ)
assert read["level"] == READ and list(read["fds"]) == ["stubs", "iface", "data"]
none = fard.bind(import_table("trusting"), want=NONE)
assert none["level"] == NONE and list(none["fds"]) == ["stubs", "iface"]
assert fard.bind(import_table("reading"), want=TRUSTED)["level"] == READ, "gid before all"
assert fard.bind(import_table("closed"))["level"] == NONE
refused(lambda: fard.bind(import_table("closed"), want=4), "level")
fard = Fard()

# Below trusted every operation traps, and reading is all that the descriptor gives.
stubs = content(read["fds"]["stubs"], 0x20000)
assert slot(stubs, 1, 1)[4:6] == b"\x41\xbb" and slot(stubs, 0, 2)[4:6] == b"\x41\xbb"
assert content(none["fds"]["stubs"], 0x20000) == stubs
os.pwrite(data, struct.pack("<Q", 77), 4096)
assert struct.unpack_from("<Q", content(read["fds"]["data"], 8192), 4096) == (77,), "one copy"
try:
    mmap.mmap(read["fds"]["data"], 4096, mmap.MAP_SHARED, mmap.PROT_WRITE)
    raise AssertionError("a reader can write")
except PermissionError:
    pass

# Another user cannot get more by opening the descriptor again; the kernel says who connects.
if uid == 0:
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(61500)
            os.setuid(61501)
            other = Fard()
            bound = other.bind(import_table("trusting"))
            assert bound["level"] == READ
            for name, fd in bound["fds"].items():
                try:
                    os.open("/proc/self/fd/%d" % fd, os.O_RDWR)
                    os._exit(2)
                except PermissionError:
                    pass
            assert refused(lambda: other.register(prefix + "/kv.seg", "mine"), "only uid 0").exit == 77
            other = Fard()
            for i in range(64): # names that nobody registers: so many and no more
                assert other.bind(import_table("ghost%d" % i, ops={"f": 1}))["flags"] == 1
            assert refused(lambda: other.bind(import_table("more")), "'more'", "uid", "64 names").exit == 69
            assert other.bind(import_table("ghost5", ops={"f": 1, "g": 2}))["flags"] == 1
            other = Fard() # who sends descriptors without being a manager is disconnected
            refused(lambda: other.ask(fardclient.UNREGISTER, struct.pack("<64sII", b"trusting", 0, 0)), "only uid 0")
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0

# What is not there.
ghost = fard.bind(import_table("ghost"))
assert ghost["flags"] == 1 and not ghost["fds"] and ghost["level"] == NONE, "pending addresses"
refused(lambda: fard.bind(import_table("trusting", major=2)), "2.0", "1.0")
refused(lambda: fard.bind(import_table("trusting", minor=3)), "1.3", "1.0")
refused(lambda: fard.bind(import_table("trusting", ops={"kv_put": 5})), "kv_put", "0x0000000000000005",
        "0x2222222222222222", "int kv_put(const char *key, void *val, unsigned long n)")
refused(lambda: fard.bind(import_table("trusting", ops={"kv_drop": 5})), "kv_drop")
assert fard.bind(import_table("trusting"))["level"] == TRUSTED, "an error is no reason to hang up"

# A machine that the service has no code for; its own.
refused(lambda: fard.bind(import_table("trusting"), machine=183), "registered for x86-64", "client runs on aarch64", "--machine")
assert fard.bind(import_table("trusting"), machine=62)["level"] == TRUSTED
refused(lambda: Fard().bind(import_table("trusting"), machine=8), "ELF machine 8 is not known")

# A table that is not one is rubbish: an answer, and the end.
for table in [b"", b"x" * 200, import_table()[:-8], import_table().replace(b"kv_put", b"kv\0put")]:
    other = Fard()
    try:
        other.bind(b"" if not table else table)
    except (FardError, OSError):
        pass
    else:
        if table:
            raise AssertionError("a broken table was accepted")

# Management: only sealed memory is looked at.
refused(lambda: Fard().register(prefix + "/kv.seg", "x", seal=False), "sealed")
refused(lambda: Fard().register(None, "x", fd=os.open(prefix + "/kv.seg", os.O_RDONLY)), "sealed")
refused(lambda: Fard().register(b"\x7fELF" + b"x" * 500, "x"), "not a sound segment")
refused(lambda: Fard().ask(fardclient.REGISTER, struct.pack("<64sIIII", b"x", 0, 0, 0, 0)), "the segment's descriptor")
