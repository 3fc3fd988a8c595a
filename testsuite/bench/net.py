# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls to another node beside bare TCP, gRPC and Cap'n Proto, in one run over loopback: the same cases in turn, round after round.
Nothing passes or fails on time: ratios of one run are printed with their quartiles, each beside what is wanted."""
import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time

import calls_measure
import calls_plot
import calls_report
import net_nodes
import net_table

QUICK = 0.2  # of a full run's time
FEWEST_ROUNDS = 3
OTHERS = ["traffic", "transport"]
SLICES_NS = 30e6  # for all slices of a run together
LINES = {"tcp": ("#808080", 1, "bare TCP"), "net-tcp": ("#3b82f6", 1, "farcall, TCP"), "net-tls": ("#3b82f6", 2, "farcall, TLS"),
         "capnp-tcp": ("#d9488b", 1, "Cap'n Proto over TCP"), "grpc-tcp": ("#8b5cf6", 1, "gRPC over TCP")}


def read_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench net", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds: one minute instead of five")
    parser.add_argument("--plot", action="store_true", help="draw docs/plots/net-size.svg (gnuplot) and put the figures into docs/net.md")
    parser.add_argument("--json", action="store_true", help="on stdout what is written to BUILD/bench-net.json")
    parser.add_argument("--only", metavar="GROUP", action="append", choices=[group.name for group in net_table.NET_GROUPS] + OTHERS,
                        help="only this group of cases: " + ", ".join([group.name for group in net_table.NET_GROUPS] + OTHERS))
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--docs", default=os.path.join(os.path.dirname(__file__), "../../docs"), help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure_all(arguments, surroundings):
    part = QUICK if arguments.quick else 1
    rounds, missing = {}, {}
    for group in net_table.NET_GROUPS:
        if arguments.only and group.name not in arguments.only:
            continue
        if arguments.rounds:
            group = dataclasses.replace(group, rounds=arguments.rounds)
        rounds[group.name], gone = calls_measure.measure(group, surroundings, group.seconds * part, SLICES_NS * (part + 1) / 2, FEWEST_ROUNDS,
                                                         calls_measure.progress)
        missing.update(gone)
    calls_measure.progress("")
    return rounds, missing


def count_traffic(arguments, surroundings, missing):
    rows = []
    for run in net_table.NET_TRAFFIC:
        if run in missing or (arguments.only and "traffic" not in arguments.only):
            continue
        try:
            rows.append({**calls_report.about(run, [0]), **net_nodes.traffic(run, surroundings)})
        except calls_measure.Missing as reason:
            missing[run] = str(reason)
    return rows


def traffic_table(rows):
    lines = ["| one call | segments | bytes, headers of TCP and IP included |", "|---|---|---|"]
    return lines + [f"| {row['what']} | {row['segments']:.1f} | {row['bytes']:.0f} |" for row in rows]


def show_traffic(rows):
    for row in rows:
        print(f"{row['what']:<68s} {row['segments']:8.1f} segments {row['bytes']:10.0f} bytes")


def measure_transport(arguments, surroundings):
    """A channel's connection by itself, without fards, beside a bare socket."""
    program, cores = os.path.join(arguments.build, "bench/net_transport"), (surroundings.client, surroundings.server or surroundings.client)
    if (arguments.only and "transport" not in arguments.only) or not os.access(program, os.X_OK):
        return []
    with tempfile.NamedTemporaryFile("r", prefix="farcall-net.") as rows:
        done = subprocess.run([program, *map(str, cores)], env={**os.environ, "BENCH_JSON": rows.name},
                              stdout=sys.stderr if arguments.json else None)
        if done.returncode:
            print(f"bench: net_transport broke ({done.returncode})", file=sys.stderr)
        return [json.loads(line) for line in rows]


def plot(results, docs):
    sizes = {"64": "64", "4096": "4 KiB", "65536": "64 KiB", str(net_table.MEBIBYTE): "1 MiB"}
    by_size = calls_plot.in_a_row(results, {f"in-{size}": size for size in net_table.SIZES})
    path = os.path.join(docs, "plots", "net-size.svg")
    if by_size:
        head = calls_plot.SIZE.format(output=path + ".tmp", sizes=", ".join(f'"{text}" {size}' for size, text in sizes.items()))
        calls_plot.draw_one(head + calls_plot.curves(LINES, by_size), path)
        print("drawn:", os.path.relpath(path))
    extra = ["", "What goes over the line, both ways together:", ""] + traffic_table(results["traffic"]) if results["traffic"] else []
    calls_report.put_into_page(results, os.path.join(docs, "net.md"), extra)


def write_json(path, results):
    with open(path + ".tmp", "w") as out:
        json.dump(results, out, indent=1)
        out.write("\n")
    os.rename(path + ".tmp", path)


def main():
    arguments = read_arguments()
    begun = time.monotonic()
    peers = os.path.join(arguments.build, "bench/peers")
    with tempfile.TemporaryDirectory(prefix="farcall-net.", dir="/tmp") as folder:
        cluster = net_nodes.Cluster(arguments.build, folder, [f"{peers}/crossing.seg", f"{peers}/held.seg"])
        try:
            surroundings = net_nodes.Surroundings(arguments.build, peers, cluster)
            rounds, missing = measure_all(arguments, surroundings)
            rows = count_traffic(arguments, surroundings, missing)
        finally:
            cluster.end()
    results = calls_report.collect(rounds, missing, arguments.quick, net_table.NET_COMPARISONS)
    results["traffic"] = rows
    results["transport"] = measure_transport(arguments, surroundings)
    path = os.path.join(arguments.build, "bench-net.json")
    write_json(path, results)
    if arguments.json:
        json.dump(results, sys.stdout, indent=1)
        print()
    else:
        calls_report.show(results)
        show_traffic(rows)
        print(f"{time.monotonic() - begun:.0f} s; written: {path}")
    if arguments.plot:
        plot(results, arguments.docs)


if __name__ == "__main__":
    main()
