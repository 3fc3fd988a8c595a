/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Stubs, disassembled next to their bytes. What a trusted domain and the others get in a slot is shown side by side. */
#include "runtime/far/disasm.h"
#include "runtime/far/dump.h"

#include <inttypes.h>
#include <string.h>

#define BYTES_WIDTH 21 /* columns for the seven bytes of the longest instruction */

static void print_target(const struct dump *dump, uint64_t target)
{
    enum far_part part = dump_part_of(dump->segment, target);
    const char *name = symbols_at(&dump->symbols, target);
    if (name)
        fprintf(dump->out, "  <%s>", name);
    else if (part == FAR_PART_LINKAGE && target == dump->segment->part[part].address)
        fprintf(dump->out, "  <linkage header: the gate>");
    else if ((part == FAR_PART_FSTUBS || part == FAR_PART_DSTUBS) && target == dump->segment->part[part].address)
        fprintf(dump->out, "  <%s slot 0: the way to the gate>", far_part_name(part));
    else if (part != FAR_PART_COUNT)
        fprintf(dump->out, "  <%s+0x%" PRIx64 ">", far_part_name(part), target - dump->segment->part[part].address);
}

static void print_bytes(const struct dump *dump, const uint8_t *code, size_t count)
{
    int columns = 0;
    fputs(dump_dim(dump), dump->out);
    for (size_t i = 0; i < count; i++)
        columns += fprintf(dump->out, "%02x ", code[i]);
    fprintf(dump->out, "%s%*s", dump_plain(dump), columns < BYTES_WIDTH ? BYTES_WIDTH - columns : 0, "");
}

/* How many times the instruction at `at` is repeated up to the stub's end: the padding is shown as one line. */
static size_t repeated(const uint8_t *code, size_t at, size_t length)
{
    size_t count = 1;
    while (at + (count + 1) * length <= FAR_STUB_SIZE && !memcmp(code + at, code + at + count * length, length))
        count++;
    return count;
}

static void print_variant(const struct dump *dump, const char *variant, const uint8_t *code, uint64_t address)
{
    for (size_t at = 0; at < FAR_STUB_SIZE;) {
        struct instruction instruction =
            disassemble(dump->segment->note->machine, code + at, FAR_STUB_SIZE - at, address + at);
        size_t count = repeated(code, at, instruction.length);
        fprintf(dump->out, "    %-7s %06" PRIx64 "  ", at == 0 ? variant : "", address + at);
        print_bytes(dump, code + at, instruction.length == 1 ? count : instruction.length);
        fprintf(dump->out, " %s", instruction.text);
        if (count > 1)
            fprintf(dump->out, " (%zu times)", count);
        if (instruction.has_target)
            print_target(dump, instruction.target);
        fputc('\n', dump->out);
        at += count * instruction.length;
    }
}

static void print_slot(const struct dump *dump, enum far_part part, uint32_t slot)
{
    const struct far_segment *segment = dump->segment;
    size_t offset = (size_t)slot * FAR_STUB_SIZE;
    uint64_t address = segment->part[part].address + offset;
    const uint8_t *branch = segment->content[part] + offset, *trap = segment->traps[part] + offset;
    const struct far_op *op = iface_op_by_slot(dump->iface, slot);
    enum far_part home = op && op->flags & FAR_OP_DATA_SHIPPED ? FAR_PART_DSTUBS : FAR_PART_FSTUBS;
    fprintf(dump->out, "  slot %u  %s%s%s%s\n", slot, dump_bold(dump),
            slot == FAR_SLOT_GATE ? "the way to the gate"
            : op                  ? iface_string(dump->iface, op->name)
                                  : "(no operation)",
            dump_plain(dump), op && home == part ? "  (default home)" : "");
    bool same = memcmp(branch, trap, FAR_STUB_SIZE) == 0;
    print_variant(dump, same ? "both" : "branch", branch, address);
    if (!same)
        print_variant(dump, "trap", trap, address);
}

static void print_part(const struct dump *dump, enum far_part part, const char *title)
{
    fprintf(dump->out, "\n%s%s%s: part %s, %u slots of %d bytes\n", dump_bold(dump), title, dump_plain(dump),
            far_part_name(part), dump->segment->note->slot_count, FAR_STUB_SIZE);
    for (uint32_t slot = 0; slot < dump->segment->note->slot_count; slot++)
        print_slot(dump, part, slot);
}

void dump_stubs(const struct dump *dump)
{
    print_part(dump, FAR_PART_FSTUBS, "function-shipping stubs");
    print_part(dump, FAR_PART_DSTUBS, "data-shipping stubs");
}

void dump_symbols(const struct dump *dump)
{
    fprintf(dump->out, "\n%scode%s: %zu functions\n", dump_bold(dump), dump_plain(dump), dump->symbols.count);
    for (size_t i = 0; i < dump->symbols.count; i++) {
        const struct symbol *symbol = &dump->symbols.list[i];
        fprintf(dump->out, "  %06" PRIx64 "  %6" PRIu64 " bytes  %s\n", symbol->address, symbol->size, symbol->name);
    }
}
