# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `./dev bench net` compares: calls to another node, all of them over loopback, and the goals."""
import dataclasses

import calls_table
from calls_table import MEBIBYTE, SIZES, Comparison, Group, Run, Way, runs

BUSY = 1000000000  # looks before sleeping: it never sleeps


@dataclasses.dataclass(frozen=True)
class NetWay(Way):
    """A service at another node: the transport, and how often client and host look before they sleep."""
    transport: str = ""
    spin: int = 0


def away(label, transport, spin, place="two", service="crossing"):
    return NetWay(f"farcall, network gate, {label}", "farcall", place, stub="trap", service=service, transport=transport, spin=spin)


NET_WAYS = {
    "net-tcp": away("TCP, blocking", "tcp", 0),
    "net-tls": away("TLS, blocking", "tls", 0),
    "net-tcp-busy": away("TCP, busy", "tcp", BUSY),
    "net-tls-busy": away("TLS, busy", "tls", BUSY),
    "net-tcp-one": away("TCP, blocking, one core", "tcp", 0, "one"),
    "net-tls-one": away("TLS, blocking, one core", "tls", 0, "one"),
    "net-tcp-held": away("TCP, blocking", "tcp", 0, service="held"),
    "net-tcp-held-one": away("TCP, blocking, one core", "tcp", 0, "one", service="held"),
    "tcp": Way("bare TCP, blocking", "tcp", "two"),
    "tcp-busy": Way("bare TCP, busy", "tcp_busy", "two"),
    "tcp-one": Way("bare TCP, blocking, one core", "tcp", "one"),
    "grpc-tcp": Way("gRPC over TCP", "grpc", "two"),
    "grpc-tcp-one": Way("gRPC over TCP, one core", "grpc", "one"),
    "capnp-tcp": Way("Cap'n Proto RPC over TCP", "capnp", "two"),
    "capnp-tcp-one": Way("Cap'n Proto RPC over TCP, one core", "capnp", "one"),
}
calls_table.WAYS.update(NET_WAYS)

ALL = "net-tcp net-tls net-tcp-busy net-tls-busy tcp tcp-busy grpc-tcp capnp-tcp"
ONE_MEBIBYTE = f"in-{MEBIBYTE}"
FLOW = f"flow-{MEBIBYTE}"

NET_GROUPS = [
    Group("null", 100, 15, runs(ALL + " net-tcp-one net-tls-one tcp-one grpc-tcp-one capnp-tcp-one", "null") + runs("tcp-one", "sessions")),
    Group("throughput", 60, 15, runs("net-tcp net-tls net-tcp-busy net-tls-busy", ONE_MEBIBYTE) + runs("tcp tcp-busy", FLOW)),
    Group("pages", 40, 15, runs("net-tcp-held net-tcp-held-one", "parts-64", "follow-64")),
    Group("sizes", 70, 7, runs(ALL, *(f"in-{size}" for size in SIZES))),
]


def compare(name, ours, theirs, case="null", their_case="", **limit):
    return Comparison(name, Run(ours, case), Run(theirs, their_case or case), **limit)


NET_COMPARISONS = [
    compare("net/null-tcp", "net-tcp", "tcp", most=1.15),
    compare("net/null-tcp-busy", "net-tcp-busy", "tcp-busy", most=1.15),
    compare("net/null-tls", "net-tls", "tcp", most=1.5),
    compare("net/null-tls-busy", "net-tls-busy", "tcp-busy", most=1.5),
    compare("net/null-tcp-one", "net-tcp-one", "tcp-one", most=1.15),
    compare("net/null-tls-one", "net-tls-one", "tcp-one", most=1.5),
    compare("net/null-tcp-sessions", "net-tcp-one", "tcp-one", "null", "sessions"),
    # No goal on two cores: waking the other one is most of it, and bare TCP itself is not three times faster.
    compare("net/null-tcp-grpc", "net-tcp", "grpc-tcp", faster=True),
    compare("net/null-tcp-capnp", "net-tcp", "capnp-tcp", faster=True),
    compare("net/null-bare-grpc", "tcp", "grpc-tcp", faster=True),
    compare("net/null-bare-capnp", "tcp", "capnp-tcp", faster=True),
    compare("net/null-busy-grpc", "net-tcp-busy", "grpc-tcp", faster=True, least=3),
    compare("net/null-busy-capnp", "net-tcp-busy", "capnp-tcp", faster=True, least=3),
    compare("net/null-one-grpc", "net-tcp-one", "grpc-tcp-one", faster=True, least=3),
    compare("net/null-one-capnp", "net-tcp-one", "capnp-tcp-one", faster=True, least=3),
    compare("net/null-tls-grpc", "net-tls", "grpc-tcp", faster=True),
    compare("net/null-tls-capnp", "net-tls", "capnp-tcp", faster=True),
    # Throughput: the flow's time divided by the call's.
    compare("net/1MiB-tcp", "net-tcp", "tcp", ONE_MEBIBYTE, FLOW, faster=True, least=0.9),
    compare("net/1MiB-tcp-busy", "net-tcp-busy", "tcp-busy", ONE_MEBIBYTE, FLOW, faster=True, least=0.9),
    compare("net/1MiB-tls", "net-tls", "tcp", ONE_MEBIBYTE, FLOW, faster=True),
    compare("net/pages", "net-tcp-held", "net-tcp-held", "parts-64", "follow-64", faster=True, least=10),
    compare("net/pages-one", "net-tcp-held-one", "net-tcp-held-one", "parts-64", "follow-64", faster=True, least=10),
    *(compare(f"net/{size}-tcp", "net-tcp", "tcp", f"in-{size}") for size in SIZES),
    compare("net/1MiB-grpc", "net-tcp", "grpc-tcp", ONE_MEBIBYTE, faster=True),
    compare("net/1MiB-capnp", "net-tcp", "capnp-tcp", ONE_MEBIBYTE, faster=True),
]
# What goes over the line for one call: segments and bytes are counted for these.
NET_TRAFFIC = [*runs("net-tcp net-tls tcp grpc-tcp capnp-tcp", "null", "in-64", "in-4096", ONE_MEBIBYTE), Run("tcp", FLOW),
               *runs("net-tcp-held", "parts-64", "follow-64")]
