#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
usage: damage.py FARLD STRIDE WORK FILE [OTHER…]

Links FILE, damaged in many ways, with the others: its first bytes inverted one by one, behind them every STRIDE-th byte changed,
and the file cut short at as many places. Each time farld either succeeds (not every byte matters) or ends with a status of
sysexits.h, a message that names the file, and no output; and nothing temporary is left in either case. In WORK.
"""
import concurrent.futures
import os
import re
import subprocess
import sys

FIRST = 72  # bytes: the header of an object; an archive's magic and its first header
MASKS = (0xFF, 0x01, 0x80, 0x20)
SECONDS = 60
# Errors about what is not there, which no file has.
NOWHERE = re.compile("is declared here, but no input defines it|no interface record in the inputs|no input, import library or library of")


def cases(original, stride):
    """What is done, and the bytes that it leaves."""
    for at in [*range(min(FIRST, len(original))), *range(FIRST, len(original), stride)]:
        mask = 0xFF if at < FIRST else MASKS[at // stride % len(MASKS)]
        yield f"byte {at} ^ {mask:#x}", original[:at] + bytes([original[at] ^ mask]) + original[at + 1 :]
    for size in [*range(0, FIRST, 8), *range(FIRST, len(original), 2 * stride)]:
        yield f"cut to {size}", original[:size]


def complaints(done, name, left):
    """What is wrong with how farld ended."""
    said = done.stderr
    if done.returncode < 0 or done.returncode > 78 or 0 < done.returncode < 64:
        yield f"ended with {done.returncode}"
    if done.returncode and not re.search(r"^farld: ", said, re.M):
        yield "said nothing"
    if done.returncode and name not in said and not NOWHERE.search(said):
        yield "did not name the file"
    if left != (["out.seg"] if done.returncode == 0 else []):
        yield f"left {left}"


def try_one(farld, work, number, path, others, contents):
    folder = os.path.join(work, str(number))
    output, scratch = os.path.join(folder, "output"), os.path.join(folder, "scratch")
    os.makedirs(output)
    os.makedirs(scratch)
    damaged = os.path.join(folder, os.path.basename(path))
    with open(damaged, "wb") as out:
        out.write(contents)
    done = subprocess.run(
        [farld, "-o", os.path.join(output, "out.seg"), damaged, *others],
        env={**os.environ, "TMPDIR": scratch},
        capture_output=True, text=True, errors="replace", timeout=SECONDS,
    )
    left = os.listdir(output) + os.listdir(scratch)
    return done, list(complaints(done, os.path.basename(path), left))


def main():
    farld, stride, work, path, *others = sys.argv[1:]
    original = open(path, "rb").read()
    wrong = refused = tried = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        running = [
            (what, pool.submit(try_one, farld, work, number, path, others, contents))
            for number, (what, contents) in enumerate(cases(original, int(stride)))
        ]
        for what, future in running:
            done, found = future.result()
            tried += 1
            refused += done.returncode != 0
            if found:
                wrong += 1
                print(f"{what}: {'; '.join(found)}\n  {done.stderr.strip()}")
    print(f"{tried} tried, {refused} refused, {wrong} wrong")


main()
