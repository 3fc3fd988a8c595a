/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* An image that lld wrote, mapped. lld is trusted to write sound ELF, but bounds are checked all the same. */
#include "linker-plugin/farld.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>

static bool inside(const struct image *image, uint64_t offset, uint64_t size)
{
    return offset <= image->size && size <= image->size - offset;
}

static bool read_headers(struct image *image)
{
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)image->bytes;

    if (image->size < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG) || header->e_type != ET_DYN)
        return false;
    if (!inside(image, header->e_shoff, (uint64_t)header->e_shnum * sizeof(Elf64_Shdr)) || header->e_shoff % 8 ||
        !inside(image, header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr)) || header->e_phoff % 8 ||
        header->e_shstrndx >= header->e_shnum)
        return false;
    image->header = header;
    image->sections = (const Elf64_Shdr *)(image->bytes + header->e_shoff);
    image->programs = (const Elf64_Phdr *)(image->bytes + header->e_phoff);
    for (size_t i = 0; i < header->e_shnum; i++) {
        const Elf64_Shdr *section = &image->sections[i];

        if (section->sh_type != SHT_NOBITS && !inside(image, section->sh_offset, section->sh_size))
            return false;
    }
    image->section_names = (const char *)image->bytes + image->sections[header->e_shstrndx].sh_offset;
    return true;
}

static bool read_symbols(struct image *image)
{
    const Elf64_Shdr *table = image_section(image, ".symtab");

    if (!table || table->sh_link >= image->header->e_shnum || table->sh_offset % 8)
        return false;
    image->symbols = (const Elf64_Sym *)(image->bytes + table->sh_offset);
    image->symbol_count = table->sh_size / sizeof(Elf64_Sym);
    image->symbol_names = (const char *)image->bytes + image->sections[table->sh_link].sh_offset;
    return true;
}

static int map_file(struct link *link, struct image *image, const char *path)
{
    struct stat about;

    image->fd = open(path, O_RDWR | O_CLOEXEC);
    if (image->fd < 0 || fstat(image->fd, &about))
        return error_add(&link->errors, EX_NOINPUT, "cannot open '%s': %s", path, strerror(errno));
    image->size = (size_t)about.st_size;
    image->bytes = mmap(NULL, image->size, PROT_READ | PROT_WRITE, MAP_SHARED, image->fd, 0);
    if (image->bytes == MAP_FAILED)
        return error_add(&link->errors, EX_IOERR, "cannot map '%s': %s", path, strerror(errno));
    return 0;
}

static bool read_exported(struct link *link, struct image *image)
{
    const Elf64_Shdr *table = image_section(image, ".dynsym");
    const Elf64_Sym *symbols = table ? (const Elf64_Sym *)(image->bytes + table->sh_offset) : NULL;
    const Elf64_Shdr *strings =
        table && table->sh_link < image->header->e_shnum ? &image->sections[table->sh_link] : NULL;

    for (size_t i = 1; strings && i < table->sh_size / sizeof *symbols; i++) {
        if (symbols[i].st_name >= strings->sh_size)
            return false;
        if (symbols[i].st_shndx != SHN_UNDEF)
            table_set(&link->arena, &image->exported,
                      (const char *)image->bytes + strings->sh_offset + symbols[i].st_name,
                      (void *)(uintptr_t)&symbols[i]);
    }
    return strings != NULL;
}

/* lld merges sections whose names start alike as the script says, and keeps all others as they are. */
static bool has_too_many_sections(const struct image *image)
{
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)image->bytes;

    return image->size >= sizeof *header && header->e_shoff && header->e_shnum == 0;
}

int image_read(struct link *link, struct image *image, const char *path)
{
    if (map_file(link, image, path))
        return link->errors.status;
    if (has_too_many_sections(image))
        return error_add(
            &link->errors, EX_DATAERR,
            "the inputs have more than 65,000 sections whose names are their own, and each stays one in the "
            "segment; give them common names: .text.NAME, .data.NAME, .rodata.NAME");
    if (!read_headers(image) || !read_symbols(image) || !read_exported(link, image))
        return error_add(&link->errors, EX_SOFTWARE,
                         "ld.lld wrote an image that farld cannot read; which version is it?");
    return 0;
}

const char *image_section_name(const struct image *image, const Elf64_Shdr *section)
{
    return image->section_names + section->sh_name;
}

const Elf64_Shdr *image_section(const struct image *image, const char *name)
{
    for (size_t i = 1; i < image->header->e_shnum; i++) {
        if (!strcmp(image_section_name(image, &image->sections[i]), name))
            return &image->sections[i];
    }
    return NULL;
}

const char *image_symbol_name(const struct image *image, const Elf64_Sym *symbol)
{
    return image->symbol_names + symbol->st_name;
}

const Elf64_Sym *image_symbol(const struct image *image, const char *name)
{
    const Elf64_Sym *local = NULL;

    for (size_t i = 1; i < image->symbol_count; i++) {
        const Elf64_Sym *symbol = &image->symbols[i];

        if (symbol->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol->st_info) == STT_FILE ||
            strcmp(image_symbol_name(image, symbol), name))
            continue;
        if (ELF64_ST_BIND(symbol->st_info) != STB_LOCAL)
            return symbol;
        local = local ? local : symbol;
    }
    return local;
}

const Elf64_Sym *image_symbol_of(const struct image *image, const char *section, const char *name)
{
    const Elf64_Shdr *home = image_section(image, section);

    for (size_t i = 1; home && i < image->symbol_count; i++) {
        const Elf64_Sym *symbol = &image->symbols[i];

        if (symbol->st_shndx == home - image->sections && !strcmp(image_symbol_name(image, symbol), name))
            return symbol;
    }
    return NULL;
}

const Elf64_Sym *image_exported(const struct image *image, const char *name)
{
    return table_find(&image->exported, name);
}

const char *image_dynamic_name(const struct image *image, const Elf64_Shdr *relocations, const Elf64_Rela *relocation)
{
    const Elf64_Shdr *dynsym = image_section(image, ".dynsym"), *dynstr = image_section(image, ".dynstr");
    uint64_t index = ELF64_R_SYM(relocation->r_info);
    const Elf64_Sym *symbols;

    if (!dynsym || !dynstr || relocations->sh_link != (size_t)(dynsym - image->sections) ||
        index >= dynsym->sh_size / sizeof *symbols)
        return NULL;
    symbols = (const Elf64_Sym *)(image->bytes + dynsym->sh_offset);
    if (symbols[index].st_name >= dynstr->sh_size)
        return NULL;
    return (const char *)image->bytes + dynstr->sh_offset + symbols[index].st_name;
}

const Elf64_Phdr *image_part(const struct image *image, enum far_part part)
{
    unsigned seen = 0;

    for (size_t i = 0; i < image->header->e_phnum; i++) {
        if (image->programs[i].p_type == PT_LOAD && seen++ == (unsigned)part)
            return &image->programs[i];
    }
    return NULL;
}

uint8_t *image_at(const struct image *image, uint64_t address, size_t size)
{
    for (size_t i = 0; i < image->header->e_phnum; i++) {
        const Elf64_Phdr *load = &image->programs[i];

        if (load->p_type == PT_LOAD && address >= load->p_vaddr && address - load->p_vaddr <= load->p_filesz &&
            size <= load->p_filesz - (address - load->p_vaddr) && inside(image, load->p_offset, load->p_filesz))
            return image->bytes + load->p_offset + (address - load->p_vaddr);
    }
    return NULL;
}
