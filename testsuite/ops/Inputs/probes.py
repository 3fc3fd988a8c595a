# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# From readelf -n: probes.py FILE-NAME prints "FILE probe arguments" for each probe of farcall. far-host has libfarcall's
# gates in it too: those are left out there.
import re
import sys

notes = sys.stdin.read().split("Provider: ")
for note in notes[1:]:
    provider = note.split("\n", 1)[0].strip()
    name = re.search(r"Name: (\S+)", note)[1]
    arguments = re.search(r"Arguments: ?(.*)", note)[1].split()
    if provider == "farcall" and not (sys.argv[1] == "far-host" and not name.startswith("host__")):
        print(sys.argv[1], name, len(arguments))
