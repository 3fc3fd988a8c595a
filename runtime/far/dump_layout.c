/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/dump.h"
#include "runtime/machine.h"

#include <elf.h>
#include <inttypes.h>

const struct part_rights dump_part_rights[FAR_PART_COUNT] = {
    [FAR_PART_FSTUBS] = {"r-x", "r-x", "r-x", "one copy per kind of domain: contents differ"},
    [FAR_PART_DSTUBS] = {"r-x", "r-x", "r-x", "one copy per kind of domain: contents differ"},
    [FAR_PART_CODE] = {"r-x", "---", "---", "one copy a node"},
    [FAR_PART_CONST] = {"r--", "---", "---", "one copy a node"},
    [FAR_PART_LINKAGE] = {"r--", "r--", "r--", "private to each domain; rw- until bound"},
    [FAR_PART_DATA] = {"rw-", "r--", "---", "one copy a node"},
    [FAR_PART_HEAP] = {"rw-", "r--", "---", "one copy a node"},
};

const char *dump_machine_name(uint32_t machine)
{
    return far_machine_name(machine);
}

enum far_part dump_part_of(const struct far_segment *segment, uint64_t address)
{
    for (enum far_part part = 0; part < FAR_PART_COUNT; part++) {
        const struct far_extent *extent = &segment->part[part];
        if (address >= extent->address && address - extent->address < extent->size)
            return part;
    }
    return FAR_PART_COUNT;
}

/* 2.0 MiB: what a person reads; the exact bytes stand beside it. */
static void print_size(FILE *out, uint64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    unsigned unit = 0;
    uint64_t tenths = bytes * 10;
    while (tenths >= 10240 && unit < 4) {
        tenths /= 1024;
        unit++;
    }
    if (unit == 0)
        fprintf(out, "%" PRIu64 " bytes", bytes);
    else
        fprintf(out, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, units[unit]);
}

void dump_header(const struct dump *dump)
{
    const struct far_note *note = dump->segment->note;
    const struct far_iface *iface = dump->iface;
    FILE *out = dump->out;
    fprintf(out, "%s%s%s: farcall segment, format %u, for %s\n", dump_bold(dump), dump->options->file, dump_plain(dump),
            note->format, dump_machine_name(note->machine));
    fprintf(out, "  service       %s %u.%u, %u operation%s, %u slots with the way to the gate\n",
            iface_string(iface, iface->service), iface->major, iface->minor, iface->ops.count,
            iface->ops.count == 1 ? "" : "s", note->slot_count);
    fprintf(out, "  fingerprint   %016" PRIx64 "\n  build id      ", iface->fingerprint);
    for (size_t i = 0; i < sizeof note->build_id; i++)
        fprintf(out, "%02x", note->build_id[i]);
    fprintf(out, "\n  file          ");
    print_size(out, dump->segment->size);
    fprintf(out, "\n  image         ");
    print_size(out, note->image_size);
    fprintf(out, ", of which heap ");
    print_size(out, note->heap_size);
    fprintf(out, "\n");
    if (note->flags & FAR_NOTE_STRAY)
        fprintf(out, "  note          may change protection keys: linked with --allow-wrpkru\n");
}

void dump_parts(const struct dump *dump)
{
    FILE *out = dump->out;
    fprintf(out, "\n%sparts, in address order%s\n", dump_bold(dump), dump_plain(dump));
    fprintf(out, "  %-8s  %-12s  %-10s  %-7s  %-4s  %-4s  %s\n", "part", "address", "size", "trusted", "read", "none",
            "memory");
    for (enum far_part part = 0; part < FAR_PART_COUNT; part++) {
        const struct far_extent *extent = &dump->segment->part[part];
        const struct part_rights *rights = &dump_part_rights[part];
        char address[24], size[24];
        snprintf(address, sizeof address, "0x%08" PRIx64, extent->address);
        snprintf(size, sizeof size, "0x%" PRIx64, extent->size);
        fprintf(out, "  %-8s  %-12s  %-10s  %-7s  %-4s  %-4s  %s\n", far_part_name(part), address, size,
                rights->trusted, rights->read, rights->none, rights->shared);
    }
}
