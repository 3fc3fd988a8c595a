# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Running peers in turn, and what their numbers mean."""
import json
import os
import subprocess
import sys
import time

from calls_table import WAYS

SLICES = 9  # as peers/peer.h
MOST_CALLS = 20000
MANY_LONGER = 8  # a slice of many clients than all slices of one: that they wake and end one by one must not show
FEWEST_CALLS, FEWEST_CALLS_MANY = 3, 50  # of a first try
UNAVAILABLE = 69
MOST_SECONDS = 150  # more than a peer gives itself


class Missing(Exception):
    """A peer that cannot do a case here; the text says why."""


def quarter(values, part):
    """The part-th quarter of the sorted values: 1 and 3 are the quartiles, 2 is the median. As bench.h has it."""
    return sorted(values)[(len(values) - 1) * part // 4]


def spread(values):
    return {"median": quarter(values, 2), "low": quarter(values, 1), "high": quarter(values, 3)}


def ratios(comparison, rounds):
    """One ratio for each round in which both ran."""
    pairs = [(taken[comparison.ours], taken[comparison.theirs]) for taken in rounds
             if comparison.ours in taken and comparison.theirs in taken]
    return [theirs / ours if comparison.faster else ours / theirs for ours, theirs in pairs]


def verdict(comparison, ratio):
    """None: nothing is promised."""
    if comparison.most:
        return ratio <= comparison.most
    return ratio >= comparison.least if comparison.least else None


class Surroundings:
    """Where peers run: programs, cores, and the two name servers whose hosts spin or never do."""

    def __init__(self, build, peers, sockets, cores=()):
        self.build, self.peers, self.sockets = build, peers, sockets
        cores = cores or sorted(os.sched_getaffinity(0))
        self.client, self.server, self.all = cores[0], cores[1] if len(cores) > 1 else None, cores
        self.pinned = {}

    def why_not(self, way):
        if way.place == "two" and self.server is None:
            return "there is only one core"
        if way.gate == "pku" and not has_protection_keys():
            return "no protection keys here"
        if not os.access(os.path.join(self.peers, way.program), os.X_OK):
            return "not built: its packages are not installed (./dev setup bench)"
        return None

    def cores(self, way):
        return {"one": f"{self.client},{self.client}", "two": f"{self.client},{self.server}", "any": "any"}[way.place]

    def environment(self, name):
        way = WAYS[name]
        values = {key: value for key, value in os.environ.items() if not key.startswith("FARCALL_")}
        values["BENCH_WAY"] = name
        if not way.service or not self.sockets:
            return values
        values["FARCALL_SOCKET"] = self.sockets[way.asleep]
        if way.level:
            values["FARCALL_LEVEL"] = way.level
        if way.gate:
            values["FARCALL_GATE"], values["FARCALL_UNTRUSTED"] = way.gate, way.service
        if way.stub:
            values["PEER_STUB"] = way.stub
        if way.asleep:
            values["FARCALL_SPIN"] = "0"
        return values

    def host(self, way):
        """The process that serves the way's service."""
        said = subprocess.run([f"{self.build}/bin/far", "describe", way.service, "--json"], check=True, capture_output=True,
                              env={**os.environ, "FARCALL_SOCKET": self.sockets[way.asleep]})
        return json.loads(said.stdout)["host"]["pid"]

    def pin_host(self, way):
        if not way.service or not self.sockets:
            return
        cores = {"one": str(self.client), "two": str(self.server), "any": ",".join(map(str, self.all))}[way.place]
        place = (self.sockets[way.asleep], way.service)
        if self.pinned.get(place) != cores:
            subprocess.run(["taskset", "-apc", cores, str(self.host(way))], check=True, capture_output=True)
            self.pinned[place] = cores

    def command(self, way):
        return [os.path.join(self.peers, way.program)]

    def run(self, run, count):
        """The least of the slices: nanoseconds of one call. The others were disturbed."""
        way = WAYS[run.way]
        self.pin_host(way)
        try:
            done = subprocess.run(self.command(way) + [run.case, str(count), self.cores(way)], capture_output=True, text=True,
                                  env=self.environment(run.way), timeout=MOST_SECONDS)
        except subprocess.TimeoutExpired:
            raise Missing(f"it was not done after {MOST_SECONDS} s") from None
        if done.returncode == UNAVAILABLE:
            raise Missing(done.stderr.strip().removeprefix(f"{way.program}: ") or "not available")
        if done.returncode or not done.stdout.split():
            raise Missing(f"it broke ({done.returncode}): {done.stderr.strip()}")
        return min(map(float, done.stdout.split()))


def has_protection_keys():
    with open("/proc/cpuinfo") as lines:
        return any(line.startswith("flags") and "ospke" in line.split() for line in lines)


def clients_of(run):
    return int(run.case.rpartition("-")[2]) if run.case.startswith("clients-") else 1


def calls_in_slice(run, ns, budget_ns):
    clients = clients_of(run)
    if clients > 1:
        return max(FEWEST_CALLS_MANY, min(MOST_CALLS, int(budget_ns * MANY_LONGER / max(ns * clients, 1))))
    return max(1, min(MOST_CALLS, int(budget_ns / SLICES / max(ns, 1))))


def calibrate(group, surroundings, budget_ns):
    """How many calls a slice is to have, for each run that can be done; and why the others cannot."""
    counts, missing = {}, {}
    for run in group.runs:
        why = surroundings.why_not(WAYS[run.way])
        if why:
            missing[run] = why
            continue
        if group.whole:
            counts[run] = 1
            continue
        try:
            ns = surroundings.run(run, FEWEST_CALLS_MANY if clients_of(run) > 1 else FEWEST_CALLS)
        except Missing as reason:
            missing[run] = str(reason)
            continue
        counts[run] = calls_in_slice(run, ns, budget_ns)
    return counts, missing


def measure(group, surroundings, seconds, budget_ns, fewest, say):
    """Rounds of {run: ns}, until there are enough, or the fewest and the time is over; and what is missing."""
    end = time.monotonic() + seconds
    counts, missing = calibrate(group, surroundings, budget_ns)
    rounds = []
    while len(rounds) < group.rounds and (len(rounds) < fewest or time.monotonic() < end):
        say(f"{group.name}: round {len(rounds) + 1}")
        taken = {}
        for run, count in list(counts.items()):
            try:
                taken[run] = surroundings.run(run, count)
            except Missing as reason:
                missing[run] = str(reason)
                del counts[run]
        if not taken:
            break
        rounds.append(taken)
    return rounds, missing


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
