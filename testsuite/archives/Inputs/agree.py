# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Holds a segment against what others say of it: agree.py BUILD FILE.seg INPUTS…

    far dump --json  against  readelf            parts, symbols of the code, the machine, both stub parts' sizes
    its commands     against  ld.lld -shared     of the same inputs: each word that a dynamic linker would relocate is a
                                                 word of exactly one command, and no other word is
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

LLVM = os.environ.get("FARCALL_LLVM", "/usr/lib/llvm-19/bin")
LIBGCC = sorted(glob.glob("/usr/lib/gcc/x86_64-linux-gnu/*/libgcc.a"))[-1]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.returncode}\n{done.stderr}")
    return done.stdout


def readelf(option, path):
    return run("readelf", "-W", option, path)


def fail(what, ours, theirs):
    sys.exit(f"{what}: far dump has {ours}, the other side {theirs}")


def compare_parts(dump, path):
    """Each part but the heap is one PT_LOAD, in order."""
    loads = re.findall(r"^ *LOAD +\S+ 0x(\w+) 0x\w+ 0x(\w+) 0x(\w+)", readelf("-l", path), re.M)
    theirs = [(int(address, 16), int(memory, 16), int(in_file, 16)) for address, in_file, memory in loads]
    ours = [(int(p["address"], 16), p["size"], p["file_size"]) for p in dump["parts"] if p["name"] != "heap"]
    if ours != theirs:
        fail("parts", ours, theirs)


def sections(path):
    found = {}
    for line in readelf("-S", path).splitlines():
        match = re.match(r" *\[ *\d+\] (\S+) +\S+ +(\w+) \w+ (\w+)", line)
        if match:
            found[match.group(1)] = (int(match.group(2), 16), int(match.group(3), 16))
    return found


def compare_stubs(dump, path):
    table = sections(path)
    for part in ("fstubs", "dstubs"):
        for name in (f".far.{part}", f".far.traps.{part}"):
            if table[name][1] != dump["slot_count"] * 16:
                fail(f"size of {name}", dump["slot_count"] * 16, table[name][1])


def symbols(path):
    """(name, address, size, type) of what is defined."""
    found = []
    for line in readelf("-s", path).split(".symtab'")[-1].splitlines():
        field = line.split()
        if len(field) == 8 and field[6] not in ("UND", "Ndx"):
            found.append((field[7], int(field[1], 16), int(field[2], 0), field[3]))
    return found


def compare_symbols(dump, theirs):
    """All that far dump names of the code is where readelf says, and it leaves none out."""
    code = next(p for p in dump["parts"] if p["name"] == "code")
    start, end = int(code["address"], 16), int(code["address"], 16) + code["size"]
    known = {(a, n) for n, a, _, t in theirs if t in ("FUNC", "IFUNC") and start <= a < end}
    ours = {(int(s["address"], 16), s["name"]) for s in dump["symbols"]}
    if ours - known:
        fail("symbols", sorted(ours - known)[:3], "none of these")
    missing = {a for a, _ in known} - {a for a, _ in ours}
    if missing:
        fail("functions", f"no name for {len(missing)}", [hex(a) for a in sorted(missing)[:3]])
    stubs = {n: a for n, a, _, _ in theirs if n.startswith(("far_fstub.", "far_dstub."))}
    for part in ("fstubs", "dstubs"):
        for stub in dump["stubs"][part]:
            name = f"far_{part[0]}stub.{stub['operation'] or 'gate'}"
            if stub["slot"] and not stub["operation"]:
                continue
            if stubs.get(name) != int(stub["address"], 16):
                fail(name, stub["address"], stubs.get(name))


def command_words(dump):
    """How many words the commands give a value, copies left out."""
    count = 0
    for command in dump["relocations"]:
        if command["command"] == "REBASE":
            count += command["words"]
        elif command["command"] in ("STUB", "BIND", "HOST", "IFUNC"):
            words = command.get("words", 1)
            count += len(words) if isinstance(words, list) else words
    return count


def glue(dump, work):
    """What farld adds to each link: the heap's range, copies of host data."""
    text = '.section .far.data,"aw"\n.balign 16\n.globl far_heap_range\n.hidden far_heap_range\nfar_heap_range: .zero 16\n'
    for command in dump["relocations"]:
        if command["command"] == "COPY":
            name = command["name"]
            text += f'.section .far.copy.{name},"aw"\n.globl {name}\n.hidden {name}\n{name}: .zero 32\n'
    source = os.path.join(work, "glue.s")
    with open(source, "w", encoding="utf-8") as file:
        file.write(text + '.section .note.GNU-stack,"",@progbits\n')
    run(os.path.join(LLVM, "clang"), "-c", source, "-o", source[:-1] + "o")
    return source[:-1] + "o"


def versions_of(inputs):
    """Of symbols: lld wants to know each of them."""
    objects = [i for i in inputs if i.endswith(".o")]
    return sorted({n.rsplit("@")[-1] for o in objects for n, *_ in symbols(o) if "@" in n})


def linked_words(build, dump, inputs, work):
    """The words that ld.lld leaves to a dynamic linker for the same inputs in an ordinary shared library."""
    operations = [o["name"] for o in dump["operations"] if not o["absent"]]
    versions = versions_of(inputs)
    exports = os.path.join(work, "exports")
    with open(exports, "w", encoding="utf-8") as file:
        file.write(("farcall " if versions else "") + "{ global: " + "".join(f"{o}; " for o in operations) + "local: *; };\n")
        file.writelines(f"{version} {{ }};\n" for version in versions)
    image = os.path.join(work, "image.so")
    run(os.path.join(LLVM, "ld.lld"), "-shared", "-Bsymbolic", "--no-relax", "--gc-sections", "--undefined-version",
        "-z", "norelro", "-z", "nostart-stop-gc", f"--version-script={exports}", *(f"--undefined={o}" for o in operations), "-o", image,
        "-Bstatic", glue(dump, work), *inputs, "-L/usr/lib/x86_64-linux-gnu", os.path.join(build, "lib/libfarseg.a"), LIBGCC)
    nobody = weak_and_nobodys(image, dump)
    count = 0
    for line in readelf("-r", image).splitlines():
        field = line.split()
        if re.match(r"^[0-9a-f]{16} ", line) and not (len(field) > 4 and field[4].split("@")[0] in nobody):
            count += 1
    return count


def weak_and_nobodys(image, dump):
    """A weak symbol that nothing defines is zero: a dynamic linker looks for it, a segment has the zero."""
    named = {c.get("name") for c in dump["relocations"]} | {c.get("name2") for c in dump["relocations"]}
    weak = {line.split()[7] for line in readelf("--dyn-syms", image).splitlines() if " WEAK " in line and " UND " in line}
    return {name.split("@")[0] for name in weak} - named


def compare_words(build, dump, theirs, inputs):
    with tempfile.TemporaryDirectory() as work:
        linked = linked_words(build, dump, inputs, work)
    of_farld = 2 + sum(name.startswith("far_host.") for name, *_ in theirs)  # heap range, thunks' words
    if command_words(dump) != linked + of_farld:
        fail("relocation words", f"{command_words(dump)}, {of_farld} of them farld's own", linked)


def main():
    build, path, *inputs = sys.argv[1:]
    dump = json.loads(run(os.path.join(build, "bin/far"), "dump", "--json", "--relocs", "--section=all", path))
    theirs = symbols(path)
    compare_parts(dump, path)
    compare_stubs(dump, path)
    compare_symbols(dump, theirs)
    compare_words(build, dump, theirs, inputs)


main()
