# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Is standard input in Prometheus' text format 0.0.4, strictly? Each family has HELP and TYPE before its samples, nothing
# twice, counters end in _total, histograms rise to their count.
import re
import sys

sample = re.compile(r'([a-z_]+)(\{[a-z]+="[^"\\\n]*"(?:,[a-z]+="[^"\\\n]*")*\})? ([0-9]+(?:\.[0-9]+)?)$')
kind, seen, helped, buckets = {}, set(), set(), []
for number, line in enumerate(sys.stdin.read().split("\n")[:-1], 1):
    words = line.split(" ", 3)
    if line.startswith("# HELP "):
        assert words[2] not in helped and words[3].endswith("."), (number, line)
        helped.add(words[2])
        continue
    if line.startswith("# TYPE "):
        assert words[2] in helped and words[2] not in kind and words[3] in ("counter", "gauge", "histogram"), (number, line)
        assert words[2].endswith("_total") == (words[3] == "counter"), (number, line)
        kind[words[2]] = words[3]
        continue
    match = sample.match(line)
    assert match, (number, line)
    name, labels, value = match.groups()
    family = name
    if name not in kind:
        family = re.sub(r"_(bucket|sum|count)$", "", name)
    assert kind.get(family) and (family == name) == (kind[family] != "histogram"), (number, line)
    assert (name, labels) not in seen, (number, line)
    seen.add((name, labels))
    if name.endswith("_bucket"):
        buckets.append(int(value))
    if name.endswith("_count"):
        assert buckets == sorted(buckets) and buckets[-1] == int(value), (number, line)
        buckets = []
assert seen
