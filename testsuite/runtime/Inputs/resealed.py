# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""resealed.py SEGMENT: bytes changed and the digest made right again, so that everything behind the digest sees them.

fard may refuse such a segment or accept it (a changed constant is still a segment); it must be there afterwards, with
nothing registered that was refused."""
import hashlib
import struct
import sys

from fardclient import *

segment = open(sys.argv[1], "rb").read()
note = segment.find(struct.pack("<III", 8, 64, 1) + b"farcall\0")
digest = note + 20 + 32
assert note > 0


def sealed(changed):
    blank = changed[:digest] + bytes(32) + changed[digest + 32:]
    return blank[:digest] + hashlib.sha256(blank).digest() + blank[digest + 32:]


manager = Fard()
assert sealed(segment) == segment
accepted = refused_count = 0
positions = list(range(0, 512, 3)) + list(range(512, len(segment), 347))
for at in positions:
    changed = sealed(segment[:at] + bytes([segment[at] ^ (1 << at % 8)]) + segment[at + 1:])
    try:
        manager.register(changed, "changed")
        accepted += 1
        manager.ask(UNREGISTER, struct.pack("<64sII", b"changed", 0, 0))
    except FardError as error:
        assert error.text, "refused without a reason"
        refused_count += 1
manager.register(segment, "kv")
print("%d accepted, %d refused, fard is there" % (accepted, refused_count))
