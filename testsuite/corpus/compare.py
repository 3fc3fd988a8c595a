# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Two answers about the structures of one header, the compiler's and faridl's, and where they differ."""
import collections
import json
import re

# Debug information about every type makes clang lay out every type, but for those that only a parameter list knows.
LAYOUTS = ["-S", "-emit-llvm", "-o", "-", "-g", "-fstandalone-debug", "-fno-eliminate-unused-debug-types",
           "-Xclang", "-emit-llvm-only", "-Xclang", "-fdump-record-layouts"]
# This has those too. It asks before the attributes behind a closing brace are read, so it is wrong about packed ones.
COMPLETE = ["-fsyntax-only", "-Xclang", "-fdump-record-layouts-complete"]

RECORD = re.compile(r"(?:(struct|union) )?(?:.*::)?(?:\((?:unnamed|anonymous) at (.*):(\d+):\d+\)|(\S+))$")
MEMBER = re.compile(r" *(\d+)(?::(?:(\d+)-(\d+)|-))? \|   (\S.*)$")
WHOLE = re.compile(r" *\| \[sizeof=(\d+), align=(\d+)\]")
BUILT_IN = {"__NSConstantString_tag", "__va_list_tag", "__va_list"}  # the compiler's own, in no header

Structure = collections.namedtuple("Structure", "key size align members")
Member = collections.namedtuple("Member", "name offset bit_offset bit_width")  # bits: None if it is no bit-field


def member_of(match):
    """A line of the compiler's dump: `0:3-7` is a bit-field, `4:-` one of width 0; without a name it ends in a space."""
    offset, first, last, text = match.groups()
    name = text.rpartition(" ")[2]
    if ":" not in match.group(0).split("|", 1)[0]:
        return Member(name, int(offset), None, None)
    return Member(name, int(offset), int(first or 0), int(last) - int(first) + 1 if first else 0)


def structures_of_clang(dump):
    """What -fdump-record-layouts printed. Nested members are indented deeper and come as records of their own."""
    structures = []
    for block in dump.split("*** Dumping AST Record Layout\n")[1:]:
        lines = block.partition("*** Dumping")[0].splitlines()
        kind, file, line, tag = RECORD.match(lines[0].split("| ", 1)[1]).groups()
        if tag in BUILT_IN:
            continue
        members, size, align = [], None, None
        for text in lines[1:]:
            match = MEMBER.match(text)
            if match:
                members.append(member_of(match))
            elif WHOLE.match(text):
                size, align = map(int, WHOLE.match(text).groups())
        structures.append(Structure((kind or "typedef", tag) if tag else (kind, file, int(line)), size, align, members))
    return structures


def structures_of_faridl(dump):
    """What --all-types --dump=json printed."""
    structures = []
    for entry in json.loads(dump)["types"]:
        key = (entry["kind"], entry["file"], entry["line"])
        if entry["tag"] or entry["typedef"]:
            key = (entry["kind"], entry["tag"]) if entry["tag"] else ("typedef", entry["typedef"])
        members = [Member(m["name"] or "", m["offset"], m.get("bit_offset"), m.get("bit_width"))
                   for m in entry.get("members", [])]
        structures.append(Structure(key, entry.get("size"), entry.get("align"), members))
    return structures


def name_of(key):
    return f"{key[0]} {key[1]}" if len(key) == 2 else f"{key[0]} at {key[1]}:{key[2]}"


def place_of(member):
    if member.bit_width is None:
        return f"{member.name or '(unnamed)'} at {member.offset}"
    return f"{member.name or '(unnamed)'} at {member.offset} bits {member.bit_offset}+{member.bit_width}"


def difference(theirs, ours):
    """In words, or None. theirs is the compiler's."""
    if ours.size is None:
        return "faridl knows no size"
    if (theirs.size, theirs.align) != (ours.size, ours.align):
        return f"size {theirs.size} align {theirs.align}, faridl says size {ours.size} align {ours.align}"
    if len(theirs.members) != len(ours.members):
        return f"{len(theirs.members)} members, faridl says {len(ours.members)}"
    for their, our in zip(theirs.members, ours.members):
        if their.bit_width == 0 and our.bit_width == 0:
            continue  # holds nothing; what it moves is seen in the next member
        if their != our:
            return f"member {place_of(their)}, faridl says {place_of(our)}"
    return None


def take_best(candidates, theirs):
    """Structures without a name can share a line: the one that agrees, else any. What differs, in words, or None."""
    for ours in candidates:
        if difference(theirs, ours) is None:
            candidates.remove(ours)
            return None
    return difference(theirs, candidates.pop(0))


def compare(clang_dump, faridl_dump):
    """
    The names compared, [(name, what differs)], the names that only the compiler has (of function bodies, if all is
    well) and those that it did not lay out, because nothing asked it to (structures in a parameter list).
    """
    ours = collections.defaultdict(list)
    for structure in structures_of_faridl(faridl_dump):
        ours[structure.key].append(structure)
    compared, differing, missing = set(), [], []
    for structure in structures_of_clang(clang_dump):
        if not ours[structure.key]:
            missing.append(name_of(structure.key))
            continue
        what = take_best(ours[structure.key], structure)
        compared.add(name_of(structure.key))
        if what:
            differing.append((name_of(structure.key), what))
    return compared, differing, missing, [name_of(key) for key, rest in ours.items() for _ in rest]
