/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What --dump=plan prints. No paths and no addresses that change with the weather: tests compare it. */
#include "linker-plugin/farld.h"

#include <inttypes.h>
#include <string.h>

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void dump_operations(const struct link *link, FILE *out)
{
    fprintf(out, "operations\n  slot  part    neutral  name\n");
    for (uint32_t i = 0; i < link->iface->ops.count; i++) {
        const struct operation *operation = &link->operations[i];
        const struct far_op *op = operation->op;

        fprintf(out, "  %4" PRIu32 "  %s  %-7s  %s, ", op->slot, op->flags & FAR_OP_DATA_SHIPPED ? "dstubs" : "fstubs",
                operation->neutral ? "yes" : "no", operation->name);
        if (operation->defined_by)
            fprintf(out, "from %s", operation->defined_by);
        else
            fprintf(out, "absent");
        fprintf(out, operation->reason ? "; %s\n" : "\n", operation->reason);
    }
}

static void dump_undefined(const struct undefined *undefined, FILE *out)
{
    switch (undefined->resolution) {
    case RESOLVE_HOST:
        fprintf(out, "  HOST  %s%s%s\n", undefined->name, undefined->host->neutral ? "" : ", not neutral",
                undefined->address_taken ? ", by a thunk where its address is taken" : "");
        break;
    case RESOLVE_BIND:
        fprintf(out, "  BIND  %s.%s\n", undefined->imported->service->table->service, undefined->imported->name);
        break;
    case RESOLVE_STUB:
        fprintf(out, "  STUB  %s\n", undefined->name + strlen(FAR_STUB_SYMBOL_PREFIX));
        break;
    case RESOLVE_ZERO:
        fprintf(out, "  zero  %s, weak\n", undefined->name);
        break;
    case RESOLVE_UNKNOWN:
        break;
    }
}

static void dump_copies(const struct link *link, FILE *out)
{
    for (size_t i = 0; i < link->copy_count; i++) {
        const struct copy *copy = &link->copies[i];

        if (image_symbol_of(&link->image, FAR_SECTION_LINKAGE, copy->symbol->name))
            fprintf(out, "  COPY  %s, %" PRIu64 " bytes\n", copy->symbol->name, copy->symbol->size);
    }
}

/* Objects linked, in order of their code; ours are no news. */
static void dump_objects(const struct link *link, FILE *out)
{
    const char *last = "";

    fprintf(out, "objects with code\n");
    for (size_t i = 0; i < link->piece_count; i++) {
        const struct piece *piece = &link->pieces[i];

        if (strncmp(piece->section, ".text", 5) || !strcmp(piece->file, last))
            continue;
        last = piece->file;
        if (strncmp(piece->file, "libfarseg.a(", 12))
            fprintf(out, "  %s\n", piece->file);
    }
}

void plan_dump(struct link *link, FILE *out)
{
    const struct far_iface *iface = link->iface;

    fprintf(out, "service %s %u.%u, machine %s, %" PRIu32 " operation%s, %" PRIu32 " slots, heap %" PRIu64 " KiB\n",
            iface_string(iface, iface->service), iface->major, iface->minor, link->machine->name, iface->ops.count,
            plural(iface->ops.count), link->slot_count, link->options.heap_size >> 10);
    dump_operations(link, out);
    fprintf(out, "symbols from elsewhere\n");
    for (size_t i = 0; i < link->undefined_count; i++)
        dump_undefined(&link->undefined[i], out);
    dump_copies(link, out);
    dump_objects(link, out);
}
