# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where the time of one way goes: perf looks at the client and at the service's host while one case runs."""
import collections
import os
import re
import shutil
import signal
import subprocess
import tempfile

from calls_table import WAYS, case_text

SHOWN = 14  # functions of each side


ROW = re.compile(r"\s*([\d.]+)%\s+(.*?)\s+\[.\] (.*)")


def functions(data):
    """[(share, object, function)], the largest first. A service's code has no names there: it is one row."""
    said = subprocess.run(["perf", "report", "-i", data, "--stdio", "--no-children", "-g", "none", "-F", "overhead,dso,symbol"],
                          capture_output=True, text=True)
    shares = collections.Counter()
    for share, where, function in filter(None, (ROW.match(line) and ROW.match(line).groups() for line in said.stdout.splitlines())):
        unnamed = function.startswith("0x")
        shares[where.removesuffix(" (deleted)"), "(all of it)" if unnamed else function.strip()] += float(share)
    return [(share, where, function) for (where, function), share in shares.most_common()]


def show(title, data):
    print(title)
    for share, where, function in functions(data)[:SHOWN]:
        print(f"  {share:6.2f} %  {where:<30s} {function}")


def profile(run, surroundings, count):
    if not shutil.which("perf"):
        raise SystemExit("bench: perf is not installed (./dev setup)")
    way = WAYS[run.way]
    surroundings.pin_host(way)
    with tempfile.TemporaryDirectory() as folder:
        host, client = os.path.join(folder, "host"), os.path.join(folder, "client")
        watch = None
        if way.service:
            watch = subprocess.Popen(["perf", "record", "-q", "-o", host, "-p", str(surroundings.host(way))], stderr=subprocess.DEVNULL)
        done = subprocess.run(["perf", "record", "-q", "-o", client] + surroundings.command(way) +
                              [run.case, str(count), surroundings.cores(way)], env=surroundings.environment(run.way),
                              capture_output=True, text=True)
        if watch:
            watch.send_signal(signal.SIGINT)
            watch.wait()
        if done.returncode:
            raise SystemExit(f"bench: {run.way}, {run.case}: it broke ({done.returncode}): {done.stderr.strip()}")
        show(f"{way.label}, {case_text(run.case)}: the client's process", client)
        if watch:
            show(f"the host of {way.service}", host)
