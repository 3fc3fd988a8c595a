# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Is the linkage header's word for unwinders the address of .eh_frame? From llvm-readelf's and llvm-objdump's words."""
import re
import sys

text = open(sys.argv[1]).read()
frames = int(re.search(r"\.eh_frame\s+PROGBITS\s+([0-9a-f]+)", text).group(1), 16)
rows = re.findall(r"^ [0-9a-f]+ ((?:[0-9a-f]{8} ){2,4})", text, re.M)
content = bytes.fromhex("".join(rows).replace(" ", ""))
word = int.from_bytes(content[24:32], "little")
sys.exit(0 if word == frames else "the word is %#x, .eh_frame is at %#x" % (word, frames))
