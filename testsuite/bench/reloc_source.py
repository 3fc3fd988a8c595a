#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
usage: reloc_source.py KIND COUNT DIRECTORY

A service whose tables hold COUNT addresses of its own functions and objects: DIRECTORY/reloc_KIND_COUNT.{h,c,s}. Half of the words
lie in constants, half in data. KIND `relative`: the names are local, so that an ordinary shared library has relative
relocations. KIND `symbolic`: they are global, as those of C libraries without visibility annotations, so that ld.so looks
each word's symbol up; at most SYMBOLS different ones, the neighbours always different.
"""
import os
import sys

SYMBOLS = 100000

HEADER = """#include <farcall/annotate.h>

far_service({name}, 1, 0);

/* What the word at `index` leads to: its number, from 0 to 255; -1 if the service cannot answer. */
far_op far_data_shipped far_fails(-1) int {name}_tag(unsigned index);
"""

SOURCE = """#include "{name}.h"

typedef int function(void);
extern function *const reloc_functions[] __attribute__((visibility("hidden")));
extern const unsigned char *reloc_objects[] __attribute__((visibility("hidden")));

int {name}_tag(unsigned index)
{{
    return index < {half} ? reloc_functions[index]() : *reloc_objects[index - {half}];
}}
"""


def assembly(kind, half, symbols):
    bind = ".globl" if kind == "symbolic" else ".local"
    yield ".text\n"
    for i in range(symbols):
        yield f"{bind} f{i}\n.type f{i},@function\n.p2align 4\nf{i}: mov ${i % 256},%eax\nret\n.size f{i},6\n"
    yield '.section .rodata.reloc,"a",@progbits\n'
    for i in range(symbols):
        yield f"{bind} d{i}\n.type d{i},@object\nd{i}: .byte {i % 256}\n.size d{i},1\n"
    for section, table, letter in (('.section .data.rel.ro,"aw",@progbits', "reloc_functions", "f"),
                                   (".data", "reloc_objects", "d")):
        yield f"{section}\n.p2align 3\n.globl {table}\n.hidden {table}\n.type {table},@object\n{table}:\n"
        for i in range(half):
            yield f".quad {letter}{i % symbols}\n"
        yield f".size {table},{8 * half}\n"
    yield '.section .note.GNU-stack,"",@progbits\n'


def main():
    kind, count, directory = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    name = f"reloc_{kind}_{count}"
    half = count // 2
    path = os.path.join(directory, name)
    with open(path + ".h", "w") as out:
        out.write(HEADER.format(name=name))
    with open(path + ".c", "w") as out:
        out.write(SOURCE.format(name=name, half=half))
    with open(path + ".s", "w") as out:
        out.writelines(assembly(kind, half, min(half, SYMBOLS // 2)))


main()
