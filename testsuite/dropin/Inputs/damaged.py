# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""far implib --like of a library with damaged tables: damaged.py FAR SEGMENT LIBRARY. Ends well if each is 0 or 65."""
import random
import struct
import subprocess
import sys

far, segment, library = sys.argv[1:]
whole = open(library, "rb").read()
sections = struct.unpack_from("<Q", whole, 0x28)[0]
count = struct.unpack_from("<H", whole, 0x3C)[0]
places = list(range(sections, sections + 64 * count))  # and the tables themselves
for i in range(count):
    kind, offset, size = (struct.unpack_from(form, whole, sections + 64 * i + at)[0] for form, at in
                          (("<I", 4), ("<Q", 24), ("<Q", 32)))
    if kind in (6, 11, 0x6FFFFFFD, 0x6FFFFFFF):  # dynamic, dynsym, versions
        places += range(offset, offset + size)
chance = random.Random(1)
refused = 0
for _ in range(120):
    bytes_ = bytearray(whole)
    for place in chance.sample(places, chance.choice((1, 3, 20))):
        bytes_[place] = chance.choice((0, 1, 0x7F, 0xFF, bytes_[place] ^ 1 << chance.randrange(8)))
    open("damaged.so", "wb").write(bytes_)
    done = subprocess.run([far, "implib", segment, "--like", "damaged.so", "--dump=asm"], capture_output=True)
    if done.returncode not in (0, 65):
        open("crash.so", "wb").write(bytes_)
        sys.exit(f"it ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    refused += done.returncode == 65
if not refused:
    sys.exit("nothing was ever refused: is it read at all?")
