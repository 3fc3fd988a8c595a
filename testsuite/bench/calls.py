# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every way of calling another process beside farcall's, in one run: the same cases in turn, round after round. Nothing passes
or fails on time: ratios of one run are printed with their quartiles, each beside what is wanted."""
import argparse
import dataclasses
import json
import os
import subprocess
import sys
import time

import calls_measure
import calls_plot
import calls_profile
import calls_report
from calls_table import GROUPS, WAYS, Run

QUICK = 0.2  # of a full run's time
FEWEST_ROUNDS = 3
SLICES_NS = 30e6  # for all slices of a run together


def read_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench calls", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds: two minutes instead of ten")
    parser.add_argument("--plot", action="store_true", help="draw docs/plots/*.svg (gnuplot) and put the figures into docs/calls.md")
    parser.add_argument("--json", action="store_true", help="on stdout what is written to BUILD/bench-calls.json")
    parser.add_argument("--only", metavar="GROUP", action="append", choices=[group.name for group in GROUPS],
                        help="only this group of cases: " + ", ".join(group.name for group in GROUPS))
    parser.add_argument("--profile", metavar="WAY:CASE:COUNT", help="instead: where the time of one way goes (sqlite-process:mix-10:5)")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--docs", default=os.path.join(os.path.dirname(__file__), "../../docs"), help=argparse.SUPPRESS)
    parser.add_argument("--peers", help=argparse.SUPPRESS)  # other programs in the place of ours, and no name server
    parser.add_argument("--cores", type=lambda text: [int(core) for core in text.split(",")], default=[], help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def profile_one(text, surroundings):
    way, _, rest = text.partition(":")
    case, _, count = rest.partition(":")
    if way not in WAYS or not case or not count.isdigit():
        raise SystemExit(f"bench: --profile WAY:CASE:COUNT, not {text}; ways: {', '.join(WAYS)}")
    calls_profile.profile(Run(way, case), surroundings, count)


def register(build, sockets):
    """The services at both name servers, with everything granted to us; levels are asked for by each client."""
    for socket in sockets:
        for service in ["crossing", "held", "zlib", "sqlite3"]:
            code = subprocess.run(
                [f"{build}/bin/far", "register", f"{build}/bench/peers/{service}.seg", "--trust", f"uid:{os.getuid()}"],
                env={**os.environ, "FARCALL_SOCKET": socket}, capture_output=True, text=True)
            if code.returncode:
                sys.exit(f"bench: {service} cannot be registered: {code.stderr.strip()}")


def measure_all(arguments, surroundings):
    part = QUICK if arguments.quick else 1
    rounds, missing = {}, {}
    for group in GROUPS:
        if arguments.only and group.name not in arguments.only:
            continue
        if arguments.rounds:
            group = dataclasses.replace(group, rounds=arguments.rounds)
        fewest = 1 if arguments.quick and group.whole else FEWEST_ROUNDS
        rounds[group.name], gone = calls_measure.measure(group, surroundings, group.seconds * part, SLICES_NS * (part + 1) / 2, fewest,
                                                         calls_measure.progress)
        missing.update(gone)
    calls_measure.progress("")
    return rounds, missing


def write_json(path, results):
    with open(path + ".tmp", "w") as out:
        json.dump(results, out, indent=1)
        out.write("\n")
    os.rename(path + ".tmp", path)


def main():
    arguments = read_arguments()
    begun = time.monotonic()
    sockets = () if arguments.peers else (os.environ["BENCH_AWAKE"], os.environ["BENCH_ASLEEP"])
    peers = arguments.peers or os.path.join(arguments.build, "bench/peers")
    register(arguments.build, sockets)
    surroundings = calls_measure.Surroundings(arguments.build, peers, sockets, arguments.cores)
    if arguments.profile:
        profile_one(arguments.profile, surroundings)
        return
    rounds, missing = measure_all(arguments, surroundings)
    results = calls_report.collect(rounds, missing, quick=arguments.quick)
    path = os.path.join(arguments.build, "bench-calls.json")
    write_json(path, results)
    if arguments.json:
        json.dump(results, sys.stdout, indent=1)
        print()
    else:
        calls_report.show(results)
        print(f"{time.monotonic() - begun:.0f} s; written: {path}")
    if arguments.plot:
        calls_plot.draw(results, os.path.join(arguments.docs, "plots"))
        calls_report.put_into_page(results, os.path.join(arguments.docs, "calls.md"))


if __name__ == "__main__":
    main()
