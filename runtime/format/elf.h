/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A checked look at an ELF64 file in memory: headers and section names inside the file, nothing about what they mean. */
#ifndef FARCALL_FORMAT_ELF_H
#define FARCALL_FORMAT_ELF_H

#include "runtime/format/complain.h"

#include <elf.h>

struct elf_view {
    const uint8_t *bytes; /* the caller's, aligned to 8 */
    size_t size;
    const Elf64_Ehdr *header;
    const Elf64_Phdr *programs; /* header->e_phnum of them; of an object NULL */
    const Elf64_Shdr *sections; /* header->e_shnum of them */
    const char *names;          /* section names, NUL-terminated */
    size_t names_size;
};

/* Returns 0, or -EINVAL with a message. Only little-endian ELF64 shared objects pass. */
int elf_open(struct elf_view *view, const void *bytes, size_t size, const struct complaint *to);

/* The same, but an object file passes too. */
int elf_open_any(struct elf_view *view, const void *bytes, size_t size, const struct complaint *to);

/* A section's name, "" if it has none. Never outside the table of names. */
const char *elf_section_name(const struct elf_view *view, const Elf64_Shdr *section);

/* The first section of this name, or NULL. */
const Elf64_Shdr *elf_section(const struct elf_view *view, const char *name);

/* A section's bytes, or NULL if they are not in the file (or it is of type SHT_NOBITS). */
const uint8_t *elf_section_bytes(const struct elf_view *view, const Elf64_Shdr *section);

/* The one section of this name, its bytes in the file and aligned to `align`; -EINVAL with a message if not so. */
int elf_required(const struct elf_view *view, const char *name, uint64_t align, const Elf64_Shdr **section,
                 const struct complaint *to);

#endif
