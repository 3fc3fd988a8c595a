# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Results: collected from rounds, shown as tables, put into docs/calls.md."""
import os
import platform
import subprocess

from calls_measure import ratios, spread, verdict
from calls_table import COMPARISONS, WAYS, case_text

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def machine():
    with open("/proc/cpuinfo") as lines:
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    try:
        virtual = subprocess.run(["systemd-detect-virt", "--vm"], capture_output=True, text=True).stdout.strip()
    except OSError:
        virtual = ""
    return {"processor": names[0] if names else platform.machine(), "cores": len(os.sched_getaffinity(0)),
            "virtual": "" if virtual == "none" else virtual, "kernel": platform.release()}


def comparison_result(comparison, rounds):
    """None if the two have never run in the same round."""
    for group in rounds.values():
        found = ratios(comparison, group)
        if not found:
            continue
        both = [taken for taken in group if comparison.ours in taken and comparison.theirs in taken]
        ratio = spread(found)
        return {"name": comparison.name, "ratio": ratio["median"], "ratio_low": ratio["low"], "ratio_high": ratio["high"],
                "faster": comparison.faster, "at_most": comparison.most or None, "at_least": comparison.least or None,
                "met": verdict(comparison, ratio["median"]),
                "ours": about(comparison.ours, [taken[comparison.ours] for taken in both]),
                "theirs": about(comparison.theirs, [taken[comparison.theirs] for taken in both]), "rounds": len(both)}
    return None


def about(run, ns):
    return {"way": run.way, "case": run.case, "what": f"{WAYS[run.way].label}: {case_text(run.case)}", "ns": round(spread(ns)["median"], 2)}


def times(rounds):
    """Each run once: of the first group that has it."""
    seen, rows = set(), []
    for group in rounds.values():
        for run in dict.fromkeys(run for taken in group for run in taken):
            if run in seen:
                continue
            seen.add(run)
            ns = [taken[run] for taken in group if run in taken]
            rows.append({**about(run, ns), "ns_low": spread(ns)["low"], "ns_high": spread(ns)["high"], "rounds": len(ns)})
    return rows


def collect(rounds, missing, quick, comparisons=COMPARISONS):
    compared = [comparison_result(comparison, rounds) for comparison in comparisons]
    return {"machine": machine(), "quick": quick, "comparisons": [row for row in compared if row], "times": times(rounds),
            "missing": [{"way": run.way, "case": run.case, "what": f"{WAYS[run.way].label}: {case_text(run.case)}", "why": why}
                        for run, why in missing.items()]}


def time_text(ns):
    for unit, size in [("s", 1e9), ("ms", 1e6), ("µs", 1e3)]:
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def ratio_text(row):
    times_sign = "× faster " if row["faster"] else " "
    return f"{number(row['ratio'])}{times_sign}[{number(row['ratio_low'])} … {number(row['ratio_high'])}]"


def wanted_text(row):
    if row["met"] is None:
        return ""
    limit = f"at most {row['at_most']:g}" if row["at_most"] else f"at least {row['at_least']:g}×"
    return f"{limit}: {'yes' if row['met'] else 'NO'}"


def side_texts(row):
    """What the two sides are: the case is said once where it is the same."""
    ours, theirs = row["ours"], row["theirs"]
    if ours["case"] == theirs["case"]:
        return ours["what"], WAYS[theirs["way"]].label
    return ours["what"], theirs["what"]


def show(results):
    print(f"{'':<68s} {'':>8s}  {'compared with':<62s} {'':>8s}  ratio [quartiles]")
    for row in results["comparisons"]:
        ours, theirs = side_texts(row)
        print(f"{ours:<68s} {time_text(row['ours']['ns']):>8s}  {theirs:<62s} {time_text(row['theirs']['ns']):>8s}  "
              f"{ratio_text(row):<34s} {wanted_text(row)}")
    for row in results["missing"]:
        print(f"left out: {row['what']}: {row['why']}")
    unmet = [row["name"] for row in results["comparisons"] if row["met"] is False]
    if unmet:
        print("not as wanted:", ", ".join(unmet))


def comparison_table(rows):
    lines = ["| what | a call | compared with | a call | ratio | wanted |", "|---|---|---|---|---|---|"]
    for row in rows:
        ours, theirs = side_texts(row)
        wanted = wanted_text(row)
        lines.append(f"| {ours} | {time_text(row['ours']['ns'])} | {theirs} | {time_text(row['theirs']['ns'])} | {ratio_text(row)} | "
                     f"{'**' + wanted + '**' if row['met'] is False else wanted} |")
    return lines


def time_table(rows):
    lines = ["| way | case | time [quartiles] |", "|---|---|---|"]
    for row in rows:
        low, high = time_text(row["ns_low"]), time_text(row["ns_high"])
        lines.append(f"| {WAYS[row['way']].label} | {case_text(row['case'])} | {time_text(row['ns'])} [{low} … {high}] |")
    return lines


def figures(results):
    about_machine = results["machine"]
    virtual = f", virtual ({about_machine['virtual']})" if about_machine["virtual"] else ""
    lines = [f"{about_machine['processor']}, {about_machine['cores']} cores{virtual}, Linux {about_machine['kernel']}"
             f"{'; a quick run' if results['quick'] else ''}.", ""]
    lines += comparison_table(results["comparisons"])
    if results["missing"]:
        lines += ["", "Left out:", ""] + [f"- {row['what']}: {row['why']}" for row in results["missing"]]
    return lines + ["", "<details><summary>All times of this run</summary>", ""] + time_table(results["times"]) + ["", "</details>"]


def put_into_page(results, path, extra=()):
    with open(path) as page:
        text = page.read()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"bench: {path}: no place for figures ({BEGIN} … {END})")
    with open(path + ".tmp", "w") as page:
        page.write(before + BEGIN + "\n" + "\n".join([*figures(results), *extra]) + "\n" + END + after)
    os.rename(path + ".tmp", path)
