# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `./dev bench calls` compares: the ways to call, the cases, and the goals. No code runs here but what makes these tables."""
import collections
import dataclasses

MEBIBYTE = 1 << 20
SIZES = [64, 4096, 65536, MEBIBYTE]
CLIENTS = [1, 2, 16, 256]
BATCH = 64  # as peers/farcall.c
PIECES = 100  # megabytes through zlib
ROWS = 10  # thousands of them in SQLite's mix


@dataclasses.dataclass(frozen=True)
class Way:
    """One way to call: a peer (peers/peer.h), where its processes are, and what surrounds it."""
    label: str
    program: str
    place: str  # one: everything on one core; two: client and server on a core each; any: where the scheduler puts them
    level: str = ""  # which the client asks for: trusted, none
    stub: str = ""  # what must be mapped at the operations: branch, trap
    asleep: bool = False  # neither client nor host ever spins
    service: str = ""  # whose host is put where `place` says
    gate: str = ""  # other than that of the level


def farcall(label, place, **more):
    return Way(label, more.pop("program", "farcall"), place, service=more.pop("service", "crossing"), **more)


WAYS = {
    "library": Way("ordinary shared library", "library", "one"),
    "branch": farcall("farcall, branch", "one", level="trusted", stub="branch"),
    "pku": farcall("farcall, pku gate", "one", gate="pku"),
    "process": farcall("farcall, process gate, spinning, two cores", "two", level="none", stub="trap"),
    "process-two": farcall("farcall, process gate, asleep, two cores", "two", level="none", stub="trap", asleep=True),
    "process-one": farcall("farcall, process gate, asleep, one core", "one", level="none", stub="trap", asleep=True),
    "process-any": farcall("farcall, process gate", "any", level="none", stub="trap"),
    "held": farcall("farcall, process gate, both trust", "two", level="trusted", service="held"),
    "cacheline": Way("bare cache-line ping-pong", "cacheline", "two"),
    "futex-two": Way("bare futex ping-pong, two cores", "futex", "two"),
    "futex-one": Way("bare futex ping-pong, one core", "futex", "one"),
    "futex-any": Way("pairs in a bare futex ping-pong", "futex", "any"),
    "ucx": Way("UCX active messages, shared memory", "ucx", "two"),
}
for peer, label in [("capnp", "Cap'n Proto RPC"), ("grpc", "gRPC"), ("oncrpc", "ONC RPC")]:
    for place, where in [("two", ", two cores"), ("one", ", one core"), ("any", "")]:
        WAYS[f"{peer}-{place}"] = Way(label + where, peer, place)
for library, service, name in [("zlib", "zlib", "zlib"), ("sqlite", "sqlite3", "SQLite")]:
    WAYS[f"{library}-direct"] = Way(f"{name}, linked directly", f"{library}_direct", "one")
    WAYS[f"{library}-branch"] = farcall(f"{name} by branch", "one", program=f"{library}_far", service=service, level="trusted")
    WAYS[f"{library}-process"] = farcall(f"{name} untrusted, process gate", "two", program=f"{library}_far", service=service,
                                         level="none")
    WAYS[f"{library}-process-one"] = farcall(f"{name} untrusted, process gate, one core", "one", program=f"{library}_far",
                                             service=service, level="none", asleep=True)

# What is measured in turn, round after round: names of ways with a case each.
Run = collections.namedtuple("Run", "way case")


@dataclasses.dataclass(frozen=True)
class Group:
    name: str
    seconds: float  # at most, in a full run
    rounds: int  # at most
    runs: tuple
    whole: bool = False  # one call is all the work there is


def runs(ways, *cases):
    return tuple(Run(way, case) for case in cases for way in ways.split())


GROUPS = [
    Group("null", 90, 15, runs("library branch pku process process-two process-one cacheline futex-two futex-one ucx capnp-two "
                                "capnp-one grpc-two grpc-one oncrpc-two oncrpc-one", "null") + runs("futex-one", "sessions")),
    Group("by reference", 70, 15,
          runs("process", "null") + runs("held", "held-null", f"held-in-{MEBIBYTE}", f"held-inout-{MEBIBYTE}", "list", "walk") +
          runs("library", "walk") + runs("capnp-two", "list-local", "list", "walk")),
    Group("sizes", 110, 9, runs("library branch process ucx capnp-two grpc-two oncrpc-two", *(f"in-{size}" for size in SIZES)) +
          runs("held", *(f"held-in-{size}" for size in SIZES)) +
          runs("library process ucx capnp-two grpc-two oncrpc-two", f"inout-{MEBIBYTE}")),
    Group("batches", 40, 11, runs("process process-two process-one", "null", f"batch-{BATCH}", "in-64", f"batch-in-{BATCH}")),
    Group("clients", 100, 7, runs("process-any futex-any capnp-any grpc-any oncrpc-any", *(f"clients-{n}" for n in CLIENTS))),
    Group("zlib", 85, 5, runs("zlib-direct zlib-branch zlib-process zlib-process-one", f"stream-{PIECES}") +
          runs("zlib-direct zlib-process", f"pieces-{PIECES // 4}"), whole=True),
    Group("SQLite", 50, 7, runs("sqlite-direct sqlite-branch sqlite-process sqlite-process-one", f"mix-{ROWS}"), whole=True),
]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """`ours` against `theirs`, of one group: ours / theirs, wanted to be at most `most`; or, if ours is to be the faster, theirs /
    ours, wanted to be at least `least`. 0: nothing is wanted."""
    name: str
    ours: Run
    theirs: Run
    most: float = 0
    faster: bool = False
    least: float = 0


def compare(name, ours, theirs, case="null", their_case="", **limit):
    return Comparison(name, Run(ours, case), Run(theirs, their_case or case), **limit)


COMPARISONS = [
    compare("call/branch", "branch", "library"),
    compare("call/pku-library", "pku", "library"),
    compare("call/spinning-cacheline", "process", "cacheline", most=1.2),
    compare("call/spinning-ucx", "process", "ucx", most=1.0),
    compare("call/spinning-grpc", "process", "grpc-two", faster=True, least=200),
    compare("call/spinning-capnp", "process", "capnp-two", faster=True, least=150),
    compare("call/spinning-oncrpc", "process", "oncrpc-two", faster=True),
    compare("call/asleep-futex", "process-one", "futex-one", most=1.15),
    compare("call/asleep-sessions", "process-one", "futex-one", "null", "sessions"),
    compare("call/asleep-futex-two", "process-two", "futex-two", most=1.15),
    compare("call/asleep-capnp", "process-one", "capnp-one", faster=True, least=5),
    compare("call/asleep-oncrpc", "process-one", "oncrpc-one", faster=True, least=2),
    compare("call/asleep-grpc", "process-one", "grpc-one", faster=True),
    compare("segment/1MiB", "held", "process", f"held-in-{MEBIBYTE}", "null", most=1.2),
    compare("segment/1MiB-inout", "held", "process", f"held-inout-{MEBIBYTE}", "null"),
    compare("segment/1MiB-same-path", "held", "held", f"held-in-{MEBIBYTE}", "held-null"),
    compare("list/handed-over", "held", "capnp-two", "list", "list-local", faster=True, least=100),
    compare("list/handed-over-rpc", "held", "capnp-two", "list", "list", faster=True),
    compare("list/walk", "held", "library", "walk"),
    compare("copied/64-ucx", "process", "ucx", "in-64"),
    compare("copied/4096-ucx", "process", "ucx", "in-4096"),
    compare("copied/1MiB-ucx", "process", "ucx", f"in-{MEBIBYTE}"),
    compare("copied/1MiB-inout-ucx", "process", "ucx", f"inout-{MEBIBYTE}"),
    compare("copied/1MiB-grpc", "process", "grpc-two", f"in-{MEBIBYTE}", faster=True),
    compare("copied/1MiB-capnp", "process", "capnp-two", f"in-{MEBIBYTE}", faster=True),
    *(compare(f"batch/{name}-{case}", way, way, batch, one, faster=True)
      for name, way in [("spinning", "process"), ("asleep-two", "process-two"), ("asleep", "process-one")]
      for case, batch, one in [("null", f"batch-{BATCH}", "null"), ("64", f"batch-in-{BATCH}", "in-64")]),
    *(compare(f"clients/{n}", "process-any", "futex-any", f"clients-{n}", most=1.0 if n == 256 else 0) for n in CLIENTS),
    compare("zlib/stream-branch", "zlib-branch", "zlib-direct", f"stream-{PIECES}"),
    compare("zlib/stream", "zlib-process", "zlib-direct", f"stream-{PIECES}", most=1.05),
    compare("zlib/stream-one", "zlib-process-one", "zlib-direct", f"stream-{PIECES}"),
    compare("zlib/pieces", "zlib-process", "zlib-direct", f"pieces-{PIECES // 4}"),
    compare("sqlite/branch", "sqlite-branch", "sqlite-direct", f"mix-{ROWS}"),
    compare("sqlite/process", "sqlite-process", "sqlite-direct", f"mix-{ROWS}"),
    compare("sqlite/process-one", "sqlite-process-one", "sqlite-direct", f"mix-{ROWS}"),
]


def size_text(size):
    return f"{size} B" if size < 1024 else f"{size >> 10} KiB" if size < MEBIBYTE else f"{size >> 20} MiB"


def case_text(case):
    """A case in plain words."""
    name, _, number = case.rpartition("-")
    if not number.isdigit():
        return {"null": "null call", "sessions": "null call, two sessions", "held-null": "null call, memory shared", "list": "list of 100,000 handed over",
                "list-local": "list of 100,000 built, serialised, parsed", "walk": "list of 100,000 walked"}[case]
    return {"in": f"{size_text(int(number))} in", "inout": f"{size_text(int(number))} in and out",
            "held-in": f"{size_text(int(number))} in, in a segment", "held-inout": f"{size_text(int(number))} in and out, in a segment",
            "flow": f"{size_text(int(number))} after another, one answer at the end",
            "parts": f"{number} scattered pages in one message", "follow": f"{number} scattered pages, one a fault", "batch": f"null call, one of {number} in a batch", "batch-in": f"64 B in, one of {number} in a batch",
            "clients": f"{number} client{'s' * (number != '1')} at once", "stream": f"{number} MB, one stream, 64 KiB at a time",
            "pieces": f"{number} MB, pieces of 64 KiB", "mix": f"mix, {number},000 rows"}[name]
