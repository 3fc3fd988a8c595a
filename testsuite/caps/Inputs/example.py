# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The session in docs/capabilities.md, run: usage: example.py DOCUMENT. Numbers of processes and times are PID and TIME."""
import os
import re
import subprocess
import sys

text = open(sys.argv[1]).read()
text = text.split("test runs these lines as they stand", 1)[1].split("\nFiles, because", 1)[0]
lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
assert lines and lines[0].startswith("$ ")
wanted = []
for line in lines:
    if line.startswith("$ "):
        wanted.append((line[2:], []))
    else:
        wanted[-1][1].append(line)


def masked(output):
    output = re.sub(r"host [0-9]+ \(uid [0-9]+\)", "host PID (uid 61185)", output)
    output = re.sub(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z", "TIME", output)
    return [line.rstrip() for line in output.splitlines()]


os.environ["PATH"] = os.path.join(os.environ["FARCALL_BUILD"], "bin") + ":" + os.environ["PATH"]
for command, expected in wanted:
    done = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    got = masked(done.stdout)
    assert got == [line.rstrip() for line in expected], "$ %s\n%s\nbut the document says\n%s" % (
        command, "\n".join(got), "\n".join(expected))
    print("$ " + command)
