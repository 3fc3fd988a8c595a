/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "linker-plugin/object.h"

#include <string.h>

static bool inside(const struct object *object, uint64_t offset, uint64_t size)
{
    return offset <= object->size && size <= object->size - offset;
}

static bool is_object(const unaligned_ehdr *header)
{
    return !memcmp(header->e_ident, ELFMAG, SELFMAG) && header->e_ident[EI_CLASS] == ELFCLASS64 &&
           header->e_ident[EI_DATA] == ELFDATA2LSB && header->e_type == ET_REL;
}

/* The count of sections, and which one holds their names, stand in section 0 where they are too large for the header. */
static bool read_section_table(struct object *object, const unaligned_ehdr *header, uint32_t *names)
{
    if (header->e_shoff == 0 || !inside(object, header->e_shoff, sizeof(Elf64_Shdr)))
        return false;
    object->sections = (const unaligned_shdr *)(object->bytes + header->e_shoff);
    object->section_count = header->e_shnum ? header->e_shnum : (uint32_t)object->sections[0].sh_size;
    *names = header->e_shstrndx == SHN_XINDEX ? object->sections[0].sh_link : header->e_shstrndx;
    return inside(object, header->e_shoff, (uint64_t)object->section_count * sizeof(Elf64_Shdr));
}

/* Strings of a section: inside the file, and ended by a zero, so that none runs out of it. */
static bool read_strings(const struct object *object, uint32_t section, const char **strings, size_t *size)
{
    const unaligned_shdr *header = section < object->section_count ? &object->sections[section] : NULL;

    if (!header || header->sh_type != SHT_STRTAB || header->sh_size == 0)
        return false;
    *strings = (const char *)object->bytes + header->sh_offset;
    *size = header->sh_size;
    return (*strings)[*size - 1] == '\0';
}

static bool read_symbols(struct object *object, const unaligned_shdr *table)
{
    uint64_t count = table->sh_size / sizeof(Elf64_Sym);

    if (count == 0)
        return true;
    object->symbols = (const unaligned_sym *)(object->bytes + table->sh_offset);
    object->symbol_count = (uint32_t)count;
    object->first_global = table->sh_info;
    if (count > INT32_MAX || object->first_global == 0 || object->first_global > count || /* the first is nobody's */
        !read_strings(object, table->sh_link, &object->symbol_names, &object->symbol_names_size))
        return false;
    for (uint32_t i = 0; i < object->symbol_count; i++) {
        if (object->symbols[i].st_name >= object->symbol_names_size)
            return false;
    }
    return true;
}

static bool read_section(struct object *object, const unaligned_shdr *section)
{
    if (section->sh_name >= object->section_names_size ||
        (section->sh_type != SHT_NOBITS && !inside(object, section->sh_offset, section->sh_size)))
        return false;
    if (!strncmp(object->section_names + section->sh_name, ".far.", 5))
        object->has_own = true;
    if (section->sh_type == SHT_SYMTAB_SHNDX)
        object->more_sections = (const unaligned_u32 *)(object->bytes + section->sh_offset);
    return true;
}

/* After all sections are known to lie inside the file. */
static bool read_symbol_table(struct object *object)
{
    const unaligned_shdr *table = NULL;

    for (uint32_t i = 1; i < object->section_count && !table; i++) {
        if (object->sections[i].sh_type == SHT_SYMTAB)
            table = &object->sections[i];
    }
    if (table && !read_symbols(object, table))
        return false;
    for (uint32_t i = 1; i < object->section_count; i++) {
        const unaligned_shdr *section = &object->sections[i];

        if (section->sh_type == SHT_SYMTAB_SHNDX && section->sh_size / sizeof(uint32_t) < object->symbol_count)
            return false;
    }
    return true;
}

enum object_mistake object_open(struct object *object, const uint8_t *bytes, size_t size)
{
    const unaligned_ehdr *header = (const unaligned_ehdr *)bytes;
    uint32_t names;

    object->bytes = bytes;
    object->size = size;
    if (size < sizeof *header || !is_object(header))
        return OBJECT_OTHER_KIND;
    object->machine = header->e_machine;
    if (!read_section_table(object, header, &names))
        return OBJECT_TRUNCATED;
    if (names >= object->section_count ||
        !inside(object, object->sections[names].sh_offset, object->sections[names].sh_size))
        return OBJECT_TRUNCATED;
    if (!read_strings(object, names, &object->section_names, &object->section_names_size))
        return OBJECT_DAMAGED;
    if (object->sections[0].sh_name >=
        object->section_names_size) /* of the first, which is nobody's, only the name counts */
        return OBJECT_DAMAGED;
    for (uint32_t i = 1; i < object->section_count; i++) {
        if (!read_section(object, &object->sections[i]))
            return OBJECT_DAMAGED;
    }
    return read_symbol_table(object) ? OBJECT_SOUND : OBJECT_DAMAGED;
}

const char *object_section_name(const struct object *object, uint32_t section)
{
    return object->section_names + object->sections[section].sh_name;
}

const unaligned_shdr *object_section(const struct object *object, const char *name)
{
    for (uint32_t i = 1; i < object->section_count; i++) {
        if (!strcmp(object_section_name(object, i), name))
            return &object->sections[i];
    }
    return NULL;
}

const char *object_symbol_name(const struct object *object, uint32_t symbol)
{
    return object->symbol_names + object->symbols[symbol].st_name;
}

uint32_t object_symbol_section(const struct object *object, uint32_t symbol)
{
    uint32_t section = object->symbols[symbol].st_shndx;

    if (section == SHN_XINDEX && object->more_sections)
        section = object->more_sections[symbol];
    else if (section >= SHN_LORESERVE)
        section = SHN_UNDEF;
    return section < object->section_count ? section : SHN_UNDEF;
}
