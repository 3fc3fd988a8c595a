/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Stray instructions in what was linked: each is named with its function, because it is there that something can be
 * done. Most are the tail of one instruction and the head of the next, and go away when the code around them changes.
 */
#include "linker-plugin/farld.h"

#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "runtime/format/stray.h"

#define STRAYS_SHOWN 10

/* The function that holds an address: the last one that starts at or before it and reaches over it. */
static const Elf64_Sym *function_at(const struct image *image, uint64_t address)
{
    const Elf64_Sym *best = NULL;

    for (size_t i = 1; i < image->symbol_count; i++) {
        const Elf64_Sym *symbol = &image->symbols[i];

        if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx == SHN_UNDEF || address < symbol->st_value ||
            address - symbol->st_value >= symbol->st_size)
            continue;
        if (!best || ELF64_ST_BIND(best->st_info) == STB_LOCAL)
            best = symbol;
    }
    return best;
}

static const char *place_of(struct link *link, uint64_t address)
{
    const Elf64_Sym *function = function_at(&link->image, address);

    if (!function)
        return arena_format(&link->arena, "0x%" PRIx64, address);
    return arena_format(&link->arena, "%s+0x%" PRIx64, image_symbol_name(&link->image, function),
                        address - function->st_value);
}

static void report(struct link *link, enum far_part part, uint64_t address, const char *name)
{
    error_add(&link->errors, EX_DATAERR,
              "%s (part %s, 0x%" PRIx64 "): the bytes of %s, with which code may change protection keys; compile the "
              "function differently, or link with --allow-wrpkru where that is wanted",
              place_of(link, address), far_part_name(part), address, name);
}

static size_t report_part(struct link *link, enum far_part part, size_t shown)
{
    const Elf64_Phdr *load = image_part(&link->image, part);
    const uint8_t *bytes = load ? image_at(&link->image, load->p_vaddr, load->p_filesz) : NULL;
    struct stray stray;

    for (size_t from = 0; bytes && shown < STRAYS_SHOWN; from = stray.offset + 1, shown++) {
        if (!stray_find(link->machine->elf_machine, bytes, load->p_filesz, from, &stray))
            break;
        report(link, part, load->p_vaddr + stray.offset, stray.name);
    }
    return shown;
}

int strays_refuse(struct link *link)
{
    size_t shown = 0;

    for (enum far_part part = FAR_PART_FSTUBS; part <= FAR_PART_CODE && !link->options.allow_wrpkru; part++)
        shown = report_part(link, part, shown);
    return link->errors.status;
}
