/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What --dump=plan and --map print. No paths and no addresses that change with the weather: tests compare it. */
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
                undefined->thunk ? ", by a thunk where its address is taken" : "");
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

        if (image_symbol(&link->survey.image, copy->symbol->name))
            fprintf(out, "  COPY  %s, %" PRIu64 " bytes\n", copy->symbol->name, copy->symbol->size);
    }
}

/* Objects linked, in order of their code; ours are no news. */
static void dump_objects(const struct link *link, FILE *out)
{
    const struct survey *survey = &link->survey;
    const char *last = "";

    fprintf(out, "objects with code\n");
    for (size_t i = 0; i < survey->piece_count; i++) {
        const struct piece *piece = &survey->pieces[i];

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

static void print_sections_of(const struct image *image, const Elf64_Phdr *load, FILE *out)
{
    for (size_t i = 1; i < image->header->e_shnum; i++) {
        const Elf64_Shdr *section = &image->sections[i];

        if (section->sh_flags & SHF_ALLOC && section->sh_size && section->sh_addr >= load->p_vaddr &&
            section->sh_addr - load->p_vaddr < load->p_memsz)
            fprintf(out, "    %10" PRIx64 " %10" PRIx64 "   %s\n", section->sh_addr, section->sh_size,
                    image_section_name(image, section));
    }
}

void map_print(struct link *link, FILE *out)
{
    const Elf64_Phdr *load;

    fprintf(out, "part       address       size\n");
    for (enum far_part part = FAR_PART_FSTUBS; part < FAR_LOAD_PARTS; part++) {
        load = image_part(&link->image, part);
        fprintf(out, "%-7s %10" PRIx64 " %10" PRIx64 " %s\n", far_part_name(part), (uint64_t)load->p_vaddr,
                (uint64_t)load->p_memsz, far_part_rights(part));
        print_sections_of(&link->image, load, out);
    }
    fprintf(out, "%-7s %10" PRIx64 " %10" PRIx64 " %s\n", far_part_name(FAR_PART_HEAP), heap_start(link),
            link->options.heap_size, far_part_rights(FAR_PART_HEAP));
}
