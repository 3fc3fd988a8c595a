#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A large input for a linker: link_input.py FOLDER CLANG OBJCOPY [MEGABYTES].

One unit of generated C, compiled once, is copied under other names until the objects are large enough. Each unit has
functions of several hundred bytes that call each other, tables of function pointers, records that point to each other
and to strings; its first function calls the next unit's, so that everything is reached from bulk_run, the one operation. FOLDER gets the
objects, the annotated header bulk.h, and the objects' names, one a line, in `objects`.
"""
import os
import random
import subprocess
import sys

FUNCTIONS = 1200
RECORDS = 600
HEADER = """#include <farcall/annotate.h>
far_service(bulk, 1, 0);
far_op far_function_shipped int bulk_run(int a);
"""


def body_of_function(pick, number):
    lines = [f"int f{number}(struct record *r, int a, int b)", "{", f"    int x = a * {pick.randrange(3, 999)} + b;"]
    for _ in range(pick.randrange(4, 12)):
        kind = pick.randrange(5)
        if kind == 0:
            lines.append(f"    if (x & {1 << pick.randrange(16)}) x += f{pick.randrange(FUNCTIONS)}(r, x, b);")
        elif kind == 1:
            lines.append(f"    x ^= table{pick.randrange(FUNCTIONS // 20)}[x & 7](r->next, a, x);")
        elif kind == 2:
            lines.append(f"    for (int i = 0; i < (b & 15); i++) x += r->name[i & 3] * {pick.randrange(3, 99)} + i;")
        elif kind == 3:
            lines.append(f"    r->count += x; counter{pick.randrange(RECORDS)} += a;")
        else:
            lines.append(f"    x = (x << {pick.randrange(1, 9)}) ^ (x >> {pick.randrange(1, 9)}) ^ record{pick.randrange(RECORDS)}.count;")
    return lines + ["    return x;", "}"]


def source():
    pick = random.Random(1992)  # the same bytes every time
    lines = ["struct record { struct record *next; const char *name; int (*act)(struct record *, int, int); long count; };",
             "int unit_next(int);"]
    lines += [f"int f{i}(struct record *, int, int);" for i in range(FUNCTIONS)]
    lines += [f"extern struct record record{i};" for i in range(RECORDS)]
    for i in range(FUNCTIONS // 20):
        entries = ", ".join(f"f{pick.randrange(FUNCTIONS)}" for _ in range(8))
        lines.append(f"int (*const table{i}[8])(struct record *, int, int) = {{{entries}}};")
    for i in range(RECORDS):
        lines.append(f"int counter{i};")
        lines.append(f'struct record record{i} = {{&record{pick.randrange(RECORDS)}, "name {i}", f{pick.randrange(FUNCTIONS)}, {i}}};')
    for i in range(FUNCTIONS):
        lines += body_of_function(pick, i)
    calls = " + ".join(f"f{i}(&record{i % RECORDS}, a, {i})" for i in range(FUNCTIONS))
    lines.append(f"int unit_first(int a) {{ return a <= 0 ? a : unit_next(a - 1) + {calls}; }}")
    return "\n".join(lines) + "\n"


def write(path, text):
    with open(path, "w", encoding="ascii") as out:
        out.write(text)


def join_units(folder, clang, count):
    """Each unit's unit_next calls the next one's unit_first; bulk_run, the operation, calls the first."""
    joints = ["int bulk_run(int a) { extern int u0_unit_first(int); return u0_unit_first(a); }"]
    for i in range(count):
        call = f"u{i + 1}_unit_first(a)" if i + 1 < count else "a"
        declaration = f"int u{i + 1}_unit_first(int); " if i + 1 < count else ""
        joints.append(f"{declaration}int u{i}_unit_next(int a) {{ return {call}; }}")
    joint_c, joint_o = os.path.join(folder, "joints.c"), os.path.join(folder, "joints.o")
    write(joint_c, "\n".join(joints) + "\n")
    subprocess.run([clang, "-O1", "-fPIC", "-ffunction-sections", "-c", joint_c, "-o", joint_o], check=True)
    return joint_o


def main():
    folder, clang, objcopy = sys.argv[1:4]
    wanted = int(sys.argv[4]) if len(sys.argv) > 4 else 100
    os.makedirs(folder, exist_ok=True)
    unit_c, unit_o = os.path.join(folder, "unit.c"), os.path.join(folder, "unit.o")
    write(unit_c, source())
    subprocess.run([clang, "-O1", "-fno-inline", "-fPIC", "-ffunction-sections", "-fdata-sections", "-c", unit_c, "-o", unit_o], check=True)
    count = wanted * 1000 * 1000 // os.path.getsize(unit_o) + 1
    objects = [os.path.join(folder, f"unit{i}.o") for i in range(count)]
    for i, path in enumerate(objects):
        subprocess.run([objcopy, f"--prefix-symbols=u{i}_", unit_o, path], check=True)
    objects.append(join_units(folder, clang, count))
    write(os.path.join(folder, "bulk.h"), HEADER)
    write(os.path.join(folder, "objects"), "\n".join(objects) + "\n")


if __name__ == "__main__":
    main()
