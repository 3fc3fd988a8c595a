/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/format/elf.h"

#include <string.h>

static int check_identity(const struct elf_view *view, bool object, const struct complaint *to)
{
    const Elf64_Ehdr *header = view->header;
    if (view->size < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return complain(to, "not an ELF file; give a segment that farld linked");
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
        header->e_ident[EI_VERSION] != EV_CURRENT)
        return complain(to, "an ELF file, but not little-endian ELF64; give a segment that farld linked");
    if (header->e_type != ET_DYN && !(object && header->e_type == ET_REL))
        return complain(to, "an ELF file of type %u, but segments are shared objects (type %u); link it with farld",
                        header->e_type, ET_DYN);
    return 0;
}

static int open_programs(struct elf_view *view, const struct complaint *to)
{
    const Elf64_Ehdr *header = view->header;
    if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phoff % 8 ||
        !range_inside(header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr), view->size))
        return complain(to,
                        "ELF program headers (%u at offset 0x%llx) are not inside the file's %zu bytes; the file is "
                        "truncated or damaged",
                        header->e_phnum, (unsigned long long)header->e_phoff, view->size);
    view->programs = (const Elf64_Phdr *)(view->bytes + header->e_phoff);
    return 0;
}

static int open_sections(struct elf_view *view, const struct complaint *to)
{
    const Elf64_Ehdr *header = view->header;
    if (header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shoff % 8 || header->e_shnum == 0 ||
        !range_inside(header->e_shoff, (uint64_t)header->e_shnum * sizeof(Elf64_Shdr), view->size))
        return complain(to,
                        "ELF section headers (%u at offset 0x%llx) are not inside the file's %zu bytes; the file is "
                        "truncated, damaged or stripped",
                        header->e_shnum, (unsigned long long)header->e_shoff, view->size);
    view->sections = (const Elf64_Shdr *)(view->bytes + header->e_shoff);
    if (header->e_shstrndx >= header->e_shnum)
        return complain(to, "the ELF file has no section names; link the segment again");
    const Elf64_Shdr *names = &view->sections[header->e_shstrndx];
    view->names = (const char *)elf_section_bytes(view, names);
    view->names_size = names->sh_size;
    if (!view->names || view->names_size == 0 || view->names[view->names_size - 1] != 0)
        return complain(to, "the ELF file's section names are outside the file or not terminated; the file is damaged");
    return 0;
}

static int open_file(struct elf_view *view, const void *bytes, size_t size, bool object, const struct complaint *to)
{
    *view = (struct elf_view){.bytes = bytes, .size = size, .header = bytes};
    if ((uintptr_t)bytes % 8)
        return complain(to, "the file's bytes are not aligned to 8 in memory");
    int err = check_identity(view, object, to);
    if (!err && view->header->e_type == ET_DYN)
        err = open_programs(view, to);
    return err ? err : open_sections(view, to);
}

int elf_open(struct elf_view *view, const void *bytes, size_t size, const struct complaint *to)
{
    return open_file(view, bytes, size, false, to);
}

int elf_open_any(struct elf_view *view, const void *bytes, size_t size, const struct complaint *to)
{
    return open_file(view, bytes, size, true, to);
}

const char *elf_section_name(const struct elf_view *view, const Elf64_Shdr *section)
{
    return section->sh_name < view->names_size ? view->names + section->sh_name : "";
}

static const Elf64_Shdr *section_after(const struct elf_view *view, const Elf64_Shdr *after, const char *name)
{
    const Elf64_Shdr *end = view->sections + view->header->e_shnum;
    /* Section 0 is no section. */
    for (const Elf64_Shdr *at = after ? after + 1 : view->sections + 1; at < end; at++) {
        if (strcmp(elf_section_name(view, at), name) == 0)
            return at;
    }
    return NULL;
}

const Elf64_Shdr *elf_section(const struct elf_view *view, const char *name)
{
    return section_after(view, NULL, name);
}

const uint8_t *elf_section_bytes(const struct elf_view *view, const Elf64_Shdr *section)
{
    if (section->sh_type == SHT_NOBITS || !range_inside(section->sh_offset, section->sh_size, view->size))
        return NULL;
    return view->bytes + section->sh_offset;
}

int elf_required(const struct elf_view *view, const char *name, uint64_t align, const Elf64_Shdr **section,
                 const struct complaint *to)
{
    *section = elf_section(view, name);
    if (!*section)
        return complain(to, "there is no section %s: this is no segment; link it with farld", name);
    if (section_after(view, *section, name))
        return complain(to, "there are two sections %s; link the segment again", name);
    if (!elf_section_bytes(view, *section))
        return complain(to, "section %s is not inside the file; the file is truncated or damaged", name);
    if ((*section)->sh_offset % align)
        return complain(to, "section %s is at file offset 0x%llx, not a multiple of %llu; link the segment again", name,
                        (unsigned long long)(*section)->sh_offset, (unsigned long long)align);
    return 0;
}
