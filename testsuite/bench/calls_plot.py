# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Two drawings by gnuplot: the time of a call against its size, throughput against the number of clients."""
import os
import re
import shutil
import subprocess

from calls_table import CLIENTS, MEBIBYTE, SIZES

# Of a middle lightness, to be told from each other and from white and black paper; dashes for those who cannot tell colours.
LINES = {"library": ("#808080", 1, "ordinary shared library"), "branch": ("#2a9d5c", 1, "farcall, branch"),
         "process": ("#3b82f6", 1, "farcall, process gate, copied"), "held": ("#3b82f6", 2, "farcall, process gate, in a segment"),
         "ucx": ("#c77d0a", 1, "UCX, shared memory"), "capnp-two": ("#d9488b", 1, "Cap'n Proto"),
         "grpc-two": ("#8b5cf6", 1, "gRPC"), "oncrpc-two": ("#14908f", 2, "ONC RPC")}
MANY = {"process-any": ("#3b82f6", 1, "farcall, process gate"), "futex-any": ("#808080", 2, "bare futex ping-pong, pairs"),
        "oncrpc-any": ("#14908f", 2, "ONC RPC"), "capnp-any": ("#d9488b", 1, "Cap'n Proto"), "grpc-any": ("#8b5cf6", 1, "gRPC")}

COMMON = """set terminal svg size 760,460 dynamic font "sans-serif,13" linewidth 1.4
set output "{output}"
set border 3 linecolor "#808080"
set tics nomirror
set grid ytics linecolor "#808080" linewidth 0.3
set logscale xy
set key outside bottom center Left reverse samplen 2 maxrows 4 title " "
"""
SIZE = COMMON + """set xlabel "bytes handed over"
set ylabel "time of one call"
set xrange [50:1400000]
set xtics ({sizes})
set ytics ("1 ns" 1, "10 ns" 10, "100 ns" 100, "1 µs" 1e3, "10 µs" 1e4, "100 µs" 1e5, "1 ms" 1e6, "10 ms" 1e7)
"""
THROUGHPUT = COMMON + """set xlabel "clients at once"
set ylabel "calls a second, all clients together"
set xrange [0.9:300]
set xtics ({clients})
set ytics ("1,000" 1e3, "10,000" 1e4, "100,000" 1e5, "1 million" 1e6, "10 million" 1e7, "100 million" 1e8)
"""
# Letters as dark as the paper is light.
STYLE = """<style>text { fill: #222 } @media (prefers-color-scheme: dark) { text { fill: #ddd } }</style>"""


def block(name, points):
    return f"${name} << EOD\n" + "".join(f"{x} {y}\n" for x, y in points) + "EOD\n"


def curves(lines, series):
    """Data blocks and the plot command for what there is of `lines`."""
    there = [(way, look) for way, look in lines.items() if series.get(way)]
    blocks = "".join(block(way.replace("-", "_"), series[way]) for way, _ in there)
    return blocks + "plot " + ", \\\n  ".join(
        f'${way.replace("-", "_")} with linespoints pointtype 7 pointsize 0.5 linewidth 1.6 dashtype {dash} '
        f'linecolor "{colour}" title "{title}"' for way, (colour, dash, title) in there) + "\n"


def in_a_row(results, cases, turn=lambda ns, n: ns):
    """{way: [(n, value)]} for the cases {name: n}."""
    series = {}
    for row in results["times"]:
        if row["case"] in cases:
            series.setdefault(row["way"], []).append((cases[row["case"]], turn(row["ns"], cases[row["case"]])))
    return {way: sorted(points) for way, points in series.items() if len(points) > 1}


def draw_one(text, path):
    subprocess.run(["gnuplot"], input=text, text=True, check=True)
    with open(path + ".tmp") as drawn:
        drawing = drawn.read()
    # No name and no version of who drew it, and style that follows the reader's.
    drawing = re.sub(r"<(title|desc)>.*?</\1>\s*", "", drawing, count=2, flags=re.DOTALL)
    drawing = re.sub(r"(<svg[^>]*>)", lambda found: found.group(1) + STYLE, drawing, count=1, flags=re.DOTALL)
    drawing = re.sub(r'(<g [^>]*?)\bfill="(?:black|rgb\(0,0,0\))"', r"\1", drawing)
    with open(path + ".tmp", "w") as out:
        out.write(drawing)
    os.rename(path + ".tmp", path)


def draw(results, folder):
    if not shutil.which("gnuplot"):
        print("no drawings: gnuplot is not installed (./dev setup bench)")
        return
    os.makedirs(folder, exist_ok=True)
    sizes = {"64": "64", "4096": "4 KiB", "65536": "64 KiB", str(MEBIBYTE): "1 MiB"}
    by_size = in_a_row(results, {f"{kind}-{size}": size for size in SIZES for kind in ["in", "held-in"]})
    by_clients = in_a_row(results, {f"clients-{n}": n for n in CLIENTS}, lambda ns, n: 1e9 / ns)
    for name, head, lines, series in [
            ("calls-size.svg", SIZE, LINES, by_size), ("calls-clients.svg", THROUGHPUT, MANY, by_clients)]:
        if not series:
            continue
        path = os.path.join(folder, name)
        head = head.format(output=path + ".tmp", sizes=", ".join(f'"{text}" {size}' for size, text in sizes.items()),
                           clients=", ".join(f'"{n}" {n}' for n in CLIENTS))
        draw_one(head + curves(lines, series), path)
        print("drawn:", os.path.relpath(path))
