# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Two nodes on loopback for each way to call: one has the service, the other one has clients."""
import json
import os
import signal
import subprocess
import time

import calls_measure
from calls_table import WAYS
from net_table import NetWay

FIRST_PORT = 7401


class Nodes:
    """A pair of fards: `server` has the services, `client` none."""

    def __init__(self, build, folder, way, port, certificates):
        self.build, self.folder, self.way, self.port, self.certificates = build, folder, way, port, certificates
        self.processes = []
        self.server, self.client = os.path.join(folder, "server"), os.path.join(folder, "client")
        os.makedirs(folder)

    def start(self, name, port, *options):
        place = os.path.join(self.folder, name)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("FARCALL_")}
        log = open(place + ".log", "w+")
        self.processes.append(subprocess.Popen(
            [f"{self.build}/bin/fard", "--foreground", "--socket", place, "--store", place + ".store", "--policy", "none",
             "--listen", f"127.0.0.1:{port}", "--tls", f"{self.certificates}/{name}", "--transport", self.way.transport, *options],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**environment, "FARCALL_SPIN": str(self.way.spin)}))
        for _ in range(400):
            log.seek(0)
            said = log.read()
            if "listening" in said:
                return
            if self.processes[-1].poll() is not None:
                break
            time.sleep(0.05)
        raise SystemExit(f"bench: fard does not start: {said}")

    def up(self, segments):
        self.start("server", self.port)
        self.start("client", self.port + 1, "--peer", f"127.0.0.1:{self.port}")
        for segment in segments:
            done = subprocess.run([f"{self.build}/bin/far", "register", segment, "--trust", "all"], capture_output=True, text=True,
                                  env={**os.environ, "FARCALL_SOCKET": self.server})
            if done.returncode:
                raise SystemExit(f"bench: {segment} cannot be registered: {done.stderr.strip()}")

    def end(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def make_certificates(build, folder):
    def cert(*words):
        done = subprocess.run([f"{build}/bin/far", "cert", *words], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"bench: no certificates: {done.stderr.strip()}")
    cert("init", f"{folder}/ca")
    for name in "server", "client":
        cert("node", name, "--ca", f"{folder}/ca", "--host", "127.0.0.1", "-o", f"{folder}/{name}")


class Cluster:
    """All pairs that the ways need."""

    def __init__(self, build, folder, segments):
        make_certificates(build, folder)
        self.pairs = {}
        try:
            for number, (name, way) in enumerate((name, way) for name, way in WAYS.items() if isinstance(way, NetWay)):
                # A pair of its own for each: its host stays where it was put.
                self.pairs[name] = Nodes(build, os.path.join(folder, name), way, FIRST_PORT + 2 * number, folder)
                self.pairs[name].up(segments)
        except BaseException:
            self.end()
            raise

    def end(self):
        for pair in self.pairs.values():
            pair.end()


class Surroundings(calls_measure.Surroundings):
    """Clients at the one node, hosts at the other."""

    def __init__(self, build, peers, cluster):
        super().__init__(build, peers, ())
        self.cluster, self.tcp_port = cluster, 20000

    def environment(self, name):
        values = {key: value for key, value in os.environ.items() if not key.startswith("FARCALL_")}
        values["BENCH_WAY"] = name
        way = WAYS[name]
        if isinstance(way, NetWay):
            # AHEAD: a fault fetches its page, and no other.
            values.update(FARCALL_SOCKET=self.cluster.pairs[name].client, FARCALL_SPIN=str(way.spin), FARCALL_AHEAD="0", PEER_STUB=way.stub)
        elif way.program in ("grpc", "capnp"):
            self.tcp_port = 20000 + (self.tcp_port + 1) % 20000  # another one each time: nobody waits for an old one
            values["PEER_TCP"] = f"127.0.0.1:{self.tcp_port}"
        return values

    def pin_host(self, way):
        if not isinstance(way, NetWay) or way in self.pinned or self.server is None:
            return
        pair = next(pair for pair in self.cluster.pairs.values() if pair.way == way)
        said = subprocess.run([f"{self.build}/bin/far", "describe", way.service, "--json"], check=True, capture_output=True,
                              env={**os.environ, "FARCALL_SOCKET": pair.server}).stdout
        core = self.client if way.place == "one" else self.server
        subprocess.run(["taskset", "-apc", str(core), str(json.loads(said)["host"]["pid"])], check=True, capture_output=True)
        self.pinned[way] = core


def counters():
    """Segments and bytes that this network has sent."""
    found = {}
    for path in "/proc/net/snmp", "/proc/net/netstat":
        with open(path) as lines:
            for names, values in zip(lines, lines):
                prefix = names.split(":")[0]
                found.update({f"{prefix}.{name}": int(value) for name, value in zip(names.split()[1:], values.split()[1:])})
    return found["Tcp.OutSegs"], found["IpExt.OutOctets"]


FEW, MANY = 20, 120


def calls_of(count):
    return calls_measure.SLICES * count + count // 4


def traffic(run, surroundings):
    """Segments and bytes of one call, both ways: what more calls cost more."""
    sent = []
    for count in FEW, MANY:
        before = counters()
        surroundings.run(run, count)
        sent.append([after - at_first for at_first, after in zip(before, counters())])
    calls = calls_of(MANY) - calls_of(FEW)
    return {"segments": (sent[1][0] - sent[0][0]) / calls, "bytes": (sent[1][1] - sent[0][1]) / calls}
