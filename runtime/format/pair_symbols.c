/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/format/pair_symbols.h"
#include "runtime/format/elf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LIMIT 1024 /* bytes, NUL included */

struct table {
    const Elf64_Sym *symbols;
    size_t count;
    const char *names;
    size_t names_size;
};

static const char *name_of(const struct table *table, const Elf64_Sym *symbol)
{
    if (symbol->st_name >= table->names_size)
        return NULL;
    size_t room = table->names_size - symbol->st_name;
    const char *name = table->names + symbol->st_name;
    return *name && text_is_printable(name, room < NAME_LIMIT ? room : NAME_LIMIT) ? name : NULL;
}

static bool find_table(struct table *table, const struct far_segment *segment)
{
    const struct complaint nobody = {NULL, 0};
    struct elf_view elf;
    if (elf_open(&elf, segment->bytes, segment->size, &nobody) != 0)
        return false;
    const Elf64_Shdr *section = elf_section(&elf, ".symtab");
    if (!section || section->sh_type != SHT_SYMTAB || section->sh_link >= elf.header->e_shnum || section->sh_offset % 8)
        return false;
    const Elf64_Shdr *strings = &elf.sections[section->sh_link];
    table->symbols = (const Elf64_Sym *)elf_section_bytes(&elf, section);
    table->count = section->sh_size / sizeof(Elf64_Sym);
    table->names = (const char *)elf_section_bytes(&elf, strings);
    table->names_size = strings->sh_size;
    return table->symbols && table->names;
}

static int by_address(const void *a, const void *b)
{
    const struct named_place *left = a, *right = b;
    if (left->address != right->address)
        return left->address < right->address ? -1 : 1;
    return strcmp(left->name, right->name);
}

static bool is_place(const Elf64_Sym *symbol)
{
    unsigned type = ELF64_ST_TYPE(symbol->st_info);
    return (type == STT_OBJECT || type == STT_FUNC || type == STT_GNU_IFUNC) && symbol->st_shndx != SHN_UNDEF;
}

/* Local symbols stand behind the name of the file that they come from. */
static void collect(struct named_places *places, const struct table *table)
{
    const char *source = "";
    for (size_t i = 1; i < table->count; i++) {
        const Elf64_Sym *symbol = &table->symbols[i];
        const char *name = name_of(table, symbol);
        bool local = ELF64_ST_BIND(symbol->st_info) == STB_LOCAL;
        if (ELF64_ST_TYPE(symbol->st_info) == STT_FILE)
            source = name ? name : "";
        else if (name && is_place(symbol))
            places->list[places->count++] =
                (struct named_place){symbol->st_value, symbol->st_size, name, local ? source : "", i};
    }
}

int named_places_load(struct named_places *places, const struct far_segment *segment)
{
    struct table table = {0};
    *places = (struct named_places){0};
    if (!find_table(&table, segment))
        return 0;
    places->list = calloc(table.count ? table.count : 1, sizeof *places->list);
    if (!places->list)
        return -ENOMEM;
    collect(places, &table);
    if (places->count)
        qsort(places->list, places->count, sizeof *places->list, by_address);
    return 0;
}

void named_places_free(struct named_places *places)
{
    free(places->list);
    *places = (struct named_places){0};
}

const struct named_place *named_places_at(const struct named_places *places, uint64_t address)
{
    size_t low = 0, high = places->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (places->list[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    /* One that starts before it and does not end before it, the innermost first; empty ones only where they start. */
    for (size_t back = 0; low > 0 && back < 16; back++, low--) {
        const struct named_place *place = &places->list[low - 1];
        if (address - place->address < (place->size ? place->size : 1))
            return place;
    }
    return NULL;
}

enum far_part segment_part_at(const struct far_segment *segment, uint64_t address)
{
    for (enum far_part part = 0; part < FAR_PART_COUNT; part++) {
        if (address >= segment->part[part].address && address - segment->part[part].address < segment->part[part].size)
            return part;
    }
    return FAR_PART_COUNT;
}
