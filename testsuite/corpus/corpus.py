#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
Real headers, one by one: what clang accepts faridl must accept, and the layout of every structure must be clang's.

    fetch.py     packages.txt -> build/corpus/root
    corpus.py    each header -> clang, faridl -> compare.py -> table, build/corpus/report.json, lit's result file
"""
import argparse
import collections
import json
import multiprocessing
import os
import re
import shlex
import subprocess
import sys

sys.dont_write_bytecode = True  # the source tree may be read-only, and stays as it is

import compare
import fetch

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MACHINES = {"x86_64": "x86_64-linux-gnu", "aarch64": "aarch64-linux-gnu"}
TIME_LIMIT = 120  # seconds for one program on one header

Job = collections.namedtuple("Job", "package machine header clang faridl")
Result = collections.namedtuple("Result", "package machine header accepted error compared differing")


def read_list():
    """{section: {package: flags}} of packages.txt."""
    sections, current = {}, None
    for line in open(os.path.join(HERE, "packages.txt")):
        words = shlex.split(line, comments=True)
        if words and words[0].startswith("["):
            current = sections.setdefault(words[0].strip("[]"), {})
        elif words:
            current[words[0]] = words[1:]
    return sections


def directories_of(root, headers):
    """Where a package's headers look for each other; after all others, so that none hides a system header."""
    found = set()
    for header in headers:
        directory = os.path.dirname(header)
        while directory.startswith("usr/include/") and directory[len("usr/include/"):] not in MACHINES.values():
            found.add(directory)
            directory = os.path.dirname(directory)
    return [flag for directory in sorted(found)[:40] for flag in ("-idirafter", os.path.join(root, directory))]


def flags_from_pkg_config(packages, name):
    """--cflags of all that the package offers, each asked alone: some exclude each other or need what has no header."""
    root, flags = packages.root, []
    places = [os.path.join(root, place, "pkgconfig") for place in ("usr/lib/x86_64-linux-gnu", "usr/lib", "usr/share")]
    environment = {**os.environ, "PKG_CONFIG_SYSROOT_DIR": root, "PKG_CONFIG_LIBDIR": ":".join(places)}
    for file in packages.index[name].get("pc", []):
        module = os.path.basename(file)[: -len(".pc")]
        result = subprocess.run(["pkg-config", "--cflags", module], capture_output=True, text=True, env=environment)
        flags += [flag for flag in shlex.split(result.stdout) if flag not in flags and flag.startswith(("-I", "-D"))]
    return flags


def flags_of(packages, name, extra, machine):
    root, target = packages.root, MACHINES[machine]
    system = [f"--target={target}", f"--sysroot={root}", "-std=gnu17", "-w", *extra]
    # Packages come for one machine; where their headers differ from machine to machine, the others' must do.
    others = [flag for other in MACHINES.values() if other != target
              for flag in ("-idirafter", f"{root}/usr/include/{other}")]
    headers = packages.index[name]["headers"]
    return system + flags_from_pkg_config(packages, name) + directories_of(root, headers) + others


def header_for(packages, header, machine):
    """The same header of the other machine, where there is one."""
    other = header.replace("/x86_64-linux-gnu/", f"/{MACHINES[machine]}/", 1)
    return other if os.path.exists(os.path.join(packages.root, other)) else header


def jobs_of(packages, chosen, tools):
    for (name, machine), extra in chosen.items():
        flags = flags_of(packages, name, extra, machine)
        for header in sorted({header_for(packages, h, machine) for h in packages.index[name]["headers"]}):
            path = os.path.join(packages.root, header)
            faridl = [tools.faridl, f"--cc={tools.clang}", "--all-types", "--dump=json", *flags, path]
            yield Job(name, machine, header, [tools.clang, *flags, "-xc", path], faridl)


def run(command):
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        return None, "", f"no end after {TIME_LIMIT} seconds"
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def first_error(text, code):
    lines = [line for line in text.splitlines() if "error" in line or "faridl:" in line] or text.splitlines()
    return lines[0] if lines else f"ended with {code} and said nothing"


def in_functions(clang):
    """The structures that stand inside functions, which faridl skips: tags, and the lines of those without one."""
    _, tree, _ = run([*clang, "-fsyntax-only", "-Xclang", "-ast-dump"])
    found, function_depth, line = set(), None, None
    for text in tree.splitlines():
        depth = len(re.match(r"[|` -]*", text).group(0))
        for place in re.finditer(r"(?:<|, |> )[^\s<>,:]+:(\d+):\d+", text):
            line = place.group(1)  # left out where it is that of the place before
        if function_depth is not None and depth <= function_depth:
            function_depth = None
        if function_depth is None and text.startswith("FunctionDecl", depth):
            function_depth = depth
        record = re.search(r"^RecordDecl .* (?:struct|union)(?: (\w+))? definition", text[depth:])
        if function_depth is not None and record:
            found.add(record.group(1) or line)
    return found


def short(name):
    """The tag, or the line, of `struct tag` or `union at FILE:LINE`."""
    return name.rpartition(":")[2] if " at " in name else name.split(" ")[1]


def check(job):
    place = job.package, job.machine, job.header
    code, dump, _ = run([*job.clang, *compare.LAYOUTS])
    if code != 0:
        code, dump = run([*job.clang, "-fsyntax-only"])[0], ""
    if code != 0:
        return Result(*place, False, None, (), [])
    code, answer, errors = run(job.faridl)
    if code != 0:
        return Result(*place, True, first_error(errors, code), (), [])
    compared, differing, missing, unasked = compare.compare(dump, answer)
    if unasked:
        found, different, _, unknown = compare.compare(run([*job.clang, *compare.COMPLETE])[1], answer)
        compared |= found & set(unasked)
        differing += [(name, what) for name, what in different if name in unasked]
        differing += [(name, "the compiler has no such structure") for name in unknown if name in unasked]
    if missing:
        excused = in_functions(job.clang)
        differing += [(name, "faridl does not have it") for name in missing if short(name) not in excused]
    root = job.clang[-1].removesuffix(job.header)
    return Result(*place, True, None, {name.replace(root, "") for name in compared},
                  [(name.replace(root, ""), what) for name, what in differing])


class Progress:
    def __init__(self, total):
        self.total, self.done, self.shown = total, 0, sys.stderr.isatty()

    def step(self):
        self.done += 1
        if self.shown and (self.done % 10 == 0 or self.done == self.total):
            end = "\n" if self.done == self.total else ""
            print(f"\rcorpus: {self.done} of {self.total} headers", end=end, file=sys.stderr, flush=True)


def check_all(jobs, workers):
    progress, results = Progress(len(jobs)), []
    with multiprocessing.Pool(workers) as pool:
        for result in pool.imap_unordered(check, jobs, chunksize=4):
            results.append(result)
            progress.step()
    return sorted(results)


def table(results):
    """{(package, machine): numbers}."""
    rows = {}
    for result in results:
        row = rows.setdefault((result.package, result.machine), collections.Counter())
        row["headers"] += 1
        row["clang"] += result.accepted
        row["faridl"] += result.accepted and not result.error
        row["structures"] += len(result.compared)
        row["differ"] += len(result.differing)
    return rows


def print_table(rows):
    columns = "headers", "clang", "faridl", "structures", "differ"
    print(f"{'package':<28} {'machine':<8}", *(f"{column:>10}" for column in columns))
    for (name, machine), row in rows.items():
        print(f"{name:<28} {machine:<8}", *(f"{row[column]:>10}" for column in columns))


def print_failures(results):
    for result in results:
        if result.error:
            print(f"{result.machine} {result.header}: {result.error}")

    seen = set()
    for result in results:
        for name, what in result.differing:
            if (result.machine, name, what) not in seen:
                print(f"{result.machine} {result.header}: {name}: {what}")
            seen.add((result.machine, name, what))


def total_line(results):
    accepted = [result for result in results if result.accepted]
    taken = [result for result in accepted if not result.error]
    compared = {(result.machine, result.package, name) for result in taken for name in result.compared}
    differing = {(result.machine, result.package, name) for result in taken for name, _ in result.differing}
    return (f"{len(taken)} of {len(accepted)} headers that clang accepts are accepted by faridl; "
            f"{len(compared)} structures compared, {len(differing)} differ")


def write_json(path, value):
    with open(path + ".new", "w") as out:
        json.dump(value, out, indent=1)
    os.rename(path + ".new", path)


def write_report(path, rows, results):
    failures = [{"package": r.package, "machine": r.machine, "header": r.header, "error": r.error,
                 "differing": [{"structure": name, "what": what} for name, what in r.differing]}
                for r in results if r.error or r.differing]
    write_json(path, {
        "total": total_line(results),
        "packages": [{"package": name, "machine": machine, **row} for (name, machine), row in rows.items()],
        "rejected_by_clang": [f"{r.machine} {r.header}" for r in results if not r.accepted],
        "failures": failures})


def lit_results(rows, code_of):
    return {"tests": [{"name": f"corpus :: {name} ({machine})", "code": code_of(row)}
                      for (name, machine), row in rows.items()]}


def choose(sections, wanted, machines):
    """{(package, machine): flags}"""
    both, one, rest = sections["both"], sections["x86_64"], sections["corpus"]
    every = {**both, **one, **rest}
    if wanted == ["test"]:
        return {(name, machine): {**both, **one}[name] for machine in machines for name in
                (both if machine != "x86_64" else {**both, **one})}
    if len(wanted) == 1 and wanted[0].isdigit():
        every = dict(list(every.items())[: int(wanted[0])])
    elif wanted:
        every = {name: every.get(name, []) for name in wanted}
    return {(name, machine): flags for machine in machines for name, flags in every.items()}


def arguments():
    parser = argparse.ArgumentParser(description="faridl against clang on the headers of Debian's -dev packages")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), help="the build tree whose faridl is checked")
    parser.add_argument("--cache", default=os.path.join(ROOT, "build", "corpus"), help="where packages are kept")
    parser.add_argument("--machine", action="append", choices=MACHINES, help="default: both")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--results", help="write the result of each package as lit does")
    parser.add_argument("packages", nargs="*", help="names, or how many of the list, or test for its first part")
    tools = parser.parse_args()
    tools.clang = os.path.join(os.environ.get("FARCALL_LLVM", "/usr/lib/llvm-19"), "bin", "clang")
    tools.faridl = os.path.abspath(os.path.join(tools.build, "bin", "faridl"))
    return tools


def explain_absence(why, chosen, tools):
    """No packages, no tests: that must not look like success where it counts."""
    print(f"corpus: {why}", file=sys.stderr)
    code = "FAIL" if os.environ.get("CI") == "true" else "UNSUPPORTED"
    if tools.results:
        write_json(tools.results, lit_results(dict.fromkeys(chosen), lambda row: code))
    return 1 if code == "FAIL" else 0


def is_good(row):
    """A package none of whose headers clang takes shows nothing, so it does not pass."""
    return row["clang"] and row["clang"] == row["faridl"] and not row["differ"]


def main():
    tools = arguments()
    chosen = choose(read_list(), tools.packages, tools.machine or list(MACHINES))
    packages = fetch.Packages(os.path.abspath(tools.cache))
    try:
        packages.provide([name for name, _ in chosen])
    except fetch.NoNetwork as why:
        return explain_absence(why, chosen, tools)
    results = check_all(list(jobs_of(packages, chosen, tools)), tools.jobs)
    rows = {key: collections.Counter() for key in chosen}
    rows.update(table(results))
    print_table(rows)
    print_failures(results)
    write_report(os.path.join(packages.directory, "report.json"), rows, results)
    if tools.results:
        write_json(tools.results, lit_results(rows, lambda row: "PASS" if is_good(row) else "FAIL"))
    for (name, machine), row in rows.items():
        if not row["clang"]:
            print(f"{name} ({machine}): the compiler takes none of its {row['headers']} headers")
    print(total_line(results))
    return 0 if all(is_good(row) for row in rows.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
