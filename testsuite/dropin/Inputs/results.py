# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# results.py COMMAND…: runs Python's tests (-v) and prints how each of them ended, in the order of their names. To be compared:
# the exit code is the command's, and what it said is shown only if it was ended by a signal.
import re
import subprocess
import sys

run = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
ends, name = [], "?"
for line in run.stdout.splitlines():
    started = re.match(r"(\w+ \([\w.]+\))", line)
    name = started[1] if started else name
    ended = re.search(r"(?:^|\.\.\. |\s)(ok|FAIL|ERROR|expected failure|unexpected success|skipped .*)$", line)
    if ended and name:
        ends.append(f"{name}: {ended[1]}")
        name = None
print(*sorted(ends), sep="\n")
print("results:", len(ends))
if run.returncode < 0:
    print(run.stdout, file=sys.stderr)
sys.exit(run.returncode if run.returncode >= 0 else 128 - run.returncode)
