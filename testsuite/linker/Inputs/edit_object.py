#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
usage: edit_object.py IN OUT EDIT…

Changes single fields of a 64-bit ELF file, as no compiler would:
    machine=N           e_machine
    SECTION.FIELD=N     a field of a section's header: name, type, flags, offset, size, link, info
    table-moved=N       the table of sections lies N bytes further
"""
import struct
import sys

HEADER, SECTION = 64, 64
FIELDS = {"name": (0, "I"), "type": (4, "I"), "flags": (8, "Q"), "offset": (24, "Q"), "size": (32, "Q"), "link": (40, "I"), "info": (44, "I")}


def section_at(data, name):
    """The offset of the section's header."""
    table = struct.unpack_from("<Q", data, 40)[0]
    count, names = struct.unpack_from("<HH", data, 60)
    strings = struct.unpack_from("<Q", data, table + names * SECTION + 24)[0]
    for at in range(table, table + count * SECTION, SECTION):
        start = strings + struct.unpack_from("<I", data, at)[0]
        if data[start : data.index(0, start)] == name.encode():
            return at
    sys.exit(f"edit_object: there is no section {name}")


def move_table(data, distance):
    table = struct.unpack_from("<Q", data, 40)[0]
    struct.pack_into("<Q", data, 40, table + distance)
    data[table:table] = bytes(distance)


def edit(data, what, value):
    if what == "machine":
        struct.pack_into("<H", data, 18, value)
    elif what == "table-moved":
        move_table(data, value)
    else:
        name, field = what.rsplit(".", 1)
        offset, form = FIELDS[field]
        struct.pack_into("<" + form, data, section_at(data, name) + offset, value)


def main():
    source, output, *edits = sys.argv[1:]
    data = bytearray(open(source, "rb").read())
    for text in edits:
        what, value = text.split("=")
        edit(data, what, int(value, 0))
    open(output, "wb").write(data)


main()
