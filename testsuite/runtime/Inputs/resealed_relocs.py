# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""resealed_relocs.py SEGMENT NOTES: every byte of .far.reloc, in two ways, and the digest made right again.

What is refused must not have reached a host: NOTES, which the fake hosts write, has one start for each accepted one. What is
accepted is bound, and the words that were relocated lie in the service or among addresses that fard gave out."""
import hashlib
import os
import struct
import sys

from fardclient import *

segment = open(sys.argv[1], "rb").read()
note = segment.find(struct.pack("<III", 8, 64, 1) + b"farcall\0")
digest = note + 20 + 32
start = segment.find(b"FARRELOC")
size = struct.unpack_from("<I", segment, start + 12)[0]
assert note > 0 and start > 0 and size > 200
CONST, LINKAGE, DATA = 3, 4, 5
LINKAGE_HEADER = 32
IMAGE = 0x80000 + 1
NEAR = 1 << 31  # what a command may add to an address
WINDOW = range(0x300000000000 - NEAR, 0x500000000000 + NEAR)


def sealed(changed):
    blank = changed[:digest] + bytes(32) + changed[digest + 32:]
    return blank[:digest] + hashlib.sha256(blank).digest() + blank[digest + 32:]


def words_of(fd, offset, length):
    return struct.unpack("<%dQ" % (length // 8), os.pread(fd, length // 8 * 8, offset))


def look(bound):
    """The words of the parts that commands change: none leads anywhere else, and the gate's own are untouched."""
    image, data, parts, base = bound["fds"]["image"], bound["fds"]["data"], bound["parts"], bound["base"]
    # Data from its second word on: the first is the fake host's.
    words = words_of(image, parts[CONST][0] - base, parts[CONST][1]) + words_of(data, 8, 56)
    # A word that REBASE forgets stays what the file says: an address in an image at 0, which nobody maps.
    assert all(word < IMAGE or word in WINDOW for word in words), words
    assert not any(words_of(image, parts[LINKAGE][0] - base, LINKAGE_HEADER))
    stream = os.pread(bound["fds"]["reloc"], 1 << 20, 0)
    assert stream[:8] == b"FARRELOC" and struct.unpack_from("<I", stream, 12)[0] == len(stream)
    for fd in bound["fds"].values():
        os.close(fd)


manager = Fard()
assert sealed(segment) == segment
accepted = refused_count = named = 0
for at in range(start, start + size):
    for mask in (0xFF, 1 << at % 8):
        changed = sealed(segment[:at] + bytes([segment[at] ^ mask]) + segment[at + 1:])
        try:
            manager.register(changed, "changed", rules=[(0, os.getuid(), TRUSTED)])
        except FardError as error:
            assert error.text, "refused without a reason"
            refused_count += 1
            named += "relocation commands" in error.text
            continue
        accepted += 1
        look(manager.bind(import_table("changed")))
        manager.ask(UNREGISTER, struct.pack("<64sII", b"changed", 0, 0))
starts = open(sys.argv[2]).read().count("start changed")
assert starts == accepted, "%d hosts started for %d accepted segments" % (starts, accepted)
print("%d accepted, %d refused, %d of them by a word about relocation commands, fard is there"
      % (accepted, refused_count, named))
