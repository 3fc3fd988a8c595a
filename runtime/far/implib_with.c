/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/implib_with.h"
#include "runtime/format/elf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define NAME_LIMIT 1024 /* bytes, NUL included */

static bool is_definition(const Elf64_Sym *symbol)
{
    unsigned bind = ELF64_ST_BIND(symbol->st_info), visibility = ELF64_ST_VISIBILITY(symbol->st_other);
    return symbol->st_shndx != SHN_UNDEF && (bind == STB_GLOBAL || bind == STB_WEAK) &&
           (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

static int add_name(struct implib_with *with, const char *name)
{
    char **names = realloc(with->names, (with->name_count + 1) * sizeof *names);
    if (names)
        with->names = names;
    char *copy = names ? strdup(name) : NULL;
    if (!copy)
        return -ENOMEM;
    with->names[with->name_count++] = copy;
    return 0;
}

static int read_symbols(struct implib_with *with, const struct elf_view *elf, const struct complaint *to)
{
    const Elf64_Shdr *table = elf_section(elf, ".symtab");
    if (!table || table->sh_offset % 8 || table->sh_link >= elf->header->e_shnum)
        return complain(to, "it has no symbols; give an object file (cc -fPIC -c)");
    const Elf64_Shdr *strings = &elf->sections[table->sh_link];
    const Elf64_Sym *symbols = (const Elf64_Sym *)elf_section_bytes(elf, table);
    const char *names = (const char *)elf_section_bytes(elf, strings);
    int err = 0;
    for (size_t i = 0; !err && symbols && names && i < table->sh_size / sizeof *symbols; i++) {
        uint64_t at = symbols[i].st_name;
        size_t room = at < strings->sh_size ? strings->sh_size - at : 0;
        if (is_definition(&symbols[i]) && room && text_is_symbol(names + at, room < NAME_LIMIT ? room : NAME_LIMIT))
            err = add_name(with, names + at);
    }
    return err;
}

static int read_object(struct implib_with *with, const void *bytes, size_t size, uint32_t machine,
                       const struct complaint *to)
{
    struct elf_view elf;
    int err = elf_open_any(&elf, bytes, size, to);
    if (!err && elf.header->e_type != ET_REL)
        err = complain(to, "it is linked already; give an object file (cc -fPIC -c)");
    if (!err && elf.header->e_machine != machine)
        err = complain(to, "it is for another machine than the segment");
    return err ? err : read_symbols(with, &elf, to);
}

static int read_file(struct implib_with *with, const char *file, uint32_t machine)
{
    char why[512] = "no memory";
    const struct complaint to = {why, sizeof why};
    struct stat status;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    int error = fd < 0 || fstat(fd, &status) != 0 ? errno : 0;
    if (!error && (!S_ISREG(status.st_mode) || status.st_size == 0))
        error = S_ISDIR(status.st_mode) ? EISDIR : ENOEXEC;
    void *bytes = error ? MAP_FAILED : mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (!error && bytes == MAP_FAILED)
        error = errno;
    if (fd >= 0)
        close(fd);
    int err = error ? 0 : read_object(with, bytes, (size_t)status.st_size, machine, &to);
    if (bytes != MAP_FAILED)
        munmap(bytes, (size_t)status.st_size);
    if (error || err)
        fprintf(stderr, "far: %s: %s\n", file, error ? strerror(error) : why);
    return error ? EX_NOINPUT : err == -ENOMEM ? EX_OSERR : err ? EX_DATAERR : 0;
}

int implib_with_read(struct implib_with *with, uint32_t machine)
{
    int code = 0;
    for (size_t i = 0; !code && i < with->count; i++)
        code = read_file(with, with->file[i], machine);
    return code;
}

bool implib_with_has(const struct implib_with *with, const char *name)
{
    for (size_t i = 0; i < with->name_count; i++) {
        if (strcmp(with->names[i], name) == 0)
            return true;
    }
    return false;
}

void implib_with_free(struct implib_with *with)
{
    for (size_t i = 0; i < with->name_count; i++)
        free(with->names[i]);
    free(with->names);
    with->names = NULL;
    with->name_count = 0;
}
