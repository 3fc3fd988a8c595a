/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "testsuite/reads/symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const Elf64_Sym *symbol;
static size_t symbol_count;
static const char *names;

static const char *map_program(void)
{
    struct stat status;
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0)
        abort();
    const char *file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (file == MAP_FAILED)
        abort();
    return file;
}

void symbols_read(void)
{
    const char *file = map_program();
    const Elf64_Ehdr *header = (const void *)file;
    const Elf64_Shdr *section = (const void *)(file + header->e_shoff);
    for (int i = 0; i < header->e_shnum; i++)
        if (section[i].sh_type == SHT_SYMTAB) {
            symbol = (const void *)(file + section[i].sh_offset);
            symbol_count = section[i].sh_size / sizeof *symbol;
            names = file + section[section[i].sh_link].sh_offset;
        }
}

static int base_of(struct dl_phdr_info *info, size_t size, void *base)
{
    (void)size;
    *(uintptr_t *)base = info->dlpi_addr; /* the program comes first */
    return 1;
}

const char *symbol_at(const void *address)
{
    uintptr_t base = 0;
    dl_iterate_phdr(base_of, &base);
    uintptr_t at = (uintptr_t)address - base;
    for (size_t i = 0; i < symbol_count; i++)
        if (ELF64_ST_TYPE(symbol[i].st_info) == STT_FUNC && at - symbol[i].st_value < symbol[i].st_size)
            return names + symbol[i].st_name;
    return "?";
}
