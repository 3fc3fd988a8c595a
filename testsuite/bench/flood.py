# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: flood.py FLOOD: how long a bind takes while another user floods fard (testsuite/ops/Inputs/flood.c, built as FLOOD), as a
ratio to the same without the flood."""
import json
import os
import re
import statistics
import subprocess
import sys

RUNS = 5
LIMIT = 3  # docs/observing.md
KINDS = [("describe", "while another user asks without end"), ("burst", "while another user's requests pile up"),
         ("rubbish", "while another user sends rubbish"), ("churn", "while another user connects and goes"),
         ("narrow", "while another user narrows and revokes")]


def once(kind):
    said = subprocess.run([sys.argv[1], kind, "300", "3"], capture_output=True, text=True, timeout=120, check=True).stdout
    return [float(number) for number in re.search(r"bind ([\d.]+) us alone, ([\d.]+) us under attack", said).groups()]


far = os.path.join(os.path.dirname(sys.argv[1]), "../bin/far")
os.environ["FLOOD_TOKEN"] = subprocess.check_output([far, "cap", "grant", "kv", "--level", "read"], text=True).strip()
for kind, what in KINDS:
    runs = [once(kind) for _ in range(RUNS)]
    ratios = sorted(during / alone for alone, during in runs)
    low, median, high = ratios[RUNS // 4], ratios[RUNS // 2], ratios[RUNS - 1 - RUNS // 4]
    alone, during = (statistics.median(times) * 1000 for times in zip(*runs))
    promise = f"at most {LIMIT:.2f}: {'yes' if median <= LIMIT else 'NO'}"
    print(f"{'a bind ' + what:<50s} {during:5.0f}  {'the same bind without':<34s} {alone:11.0f}  {median:7.3f}  [{low:.3f} … {high:.3f}]  {promise}")
    with open(os.environ["BENCH_JSON"], "a") as out:
        print(json.dumps({"name": "flood/" + kind, "ratio": median, "ratio_low": low, "ratio_high": high, "limit": LIMIT,
                          "ns": during, "floor_ns": alone, "rounds": RUNS}), file=out)
