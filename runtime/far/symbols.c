/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/symbols.h"
#include "runtime/format/elf.h"

#include <stdlib.h>
#include <string.h>

#define NAME_LIMIT 1024 /* bytes, NUL included */

static const char *name_of(const Elf64_Sym *symbol, const char *names, size_t names_size)
{
    if (symbol->st_name >= names_size)
        return NULL;
    size_t room = names_size - symbol->st_name;
    const char *name = names + symbol->st_name;
    return *name && text_is_printable(name, room < NAME_LIMIT ? room : NAME_LIMIT) ? name : NULL;
}

static int by_address(const void *a, const void *b)
{
    const struct symbol *left = a, *right = b;
    if (left->address != right->address)
        return left->address < right->address ? -1 : 1;
    return strcmp(left->name, right->name);
}

static void collect(struct symbols *symbols, const struct far_extent *code, const Elf64_Sym *table, size_t count,
                    const char *names, size_t names_size)
{
    symbols->list = calloc(count ? count : 1, sizeof *symbols->list);
    for (size_t i = 0; symbols->list && i < count; i++) {
        const char *name = name_of(&table[i], names, names_size);
        bool function = ELF64_ST_TYPE(table[i].st_info) == STT_FUNC && table[i].st_shndx != SHN_UNDEF;
        uint64_t at = table[i].st_value - code->address;
        if (name && function && table[i].st_value >= code->address && at < code->size)
            symbols->list[symbols->count++] = (struct symbol){table[i].st_value, table[i].st_size, name};
    }
    if (symbols->count)
        qsort(symbols->list, symbols->count, sizeof *symbols->list, by_address);
}

void symbols_load(struct symbols *symbols, const struct far_segment *segment)
{
    const struct complaint nobody = {NULL, 0};
    struct elf_view elf;
    *symbols = (struct symbols){0};
    if (elf_open(&elf, segment->bytes, segment->size, &nobody) != 0)
        return;
    const Elf64_Shdr *table = elf_section(&elf, ".symtab");
    if (!table || table->sh_type != SHT_SYMTAB || table->sh_link >= elf.header->e_shnum || table->sh_offset % 8)
        return;
    const Elf64_Shdr *strings = &elf.sections[table->sh_link];
    const uint8_t *bytes = elf_section_bytes(&elf, table);
    const char *names = (const char *)elf_section_bytes(&elf, strings);
    if (bytes && names)
        collect(symbols, &segment->part[FAR_PART_CODE], (const Elf64_Sym *)bytes, table->sh_size / sizeof(Elf64_Sym),
                names, strings->sh_size);
}

void symbols_free(struct symbols *symbols)
{
    free(symbols->list);
    *symbols = (struct symbols){0};
}

const char *symbols_at(const struct symbols *symbols, uint64_t address)
{
    size_t low = 0, high = symbols->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (symbols->list[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < symbols->count && symbols->list[low].address == address ? symbols->list[low].name : NULL;
}
