/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/original.h"
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

#define NAME_LIMIT   1024 /* bytes, NUL included */
#define VERSION_MASK 0x7fffu
#define VERSION_HIDE 0x8000u

/* The tables that are looked at, each inside the file. */
struct tables {
    struct elf_view elf;
    const Elf64_Sym *symbols;
    size_t symbol_count;
    const char *names;
    size_t names_size;
    const Elf64_Half *versions; /* one a symbol, or NULL */
    uint32_t *version_of;       /* by index in the file: place in the list, or ORIGINAL_UNVERSIONED */
    const struct complaint *to;
};

static const char *text_at(const struct tables *tables, uint64_t offset)
{
    if (offset >= tables->names_size)
        return NULL;
    size_t room = tables->names_size - offset;
    const char *text = tables->names + offset;
    return text_is_printable(text, room < NAME_LIMIT ? room : NAME_LIMIT) ? text : NULL;
}

/* What can stand between quotation marks in a linker's script, and in assembly text. */
static bool is_plain(const char *name)
{
    return name && *name && !strpbrk(name, "\"\\@{};*?[]() ");
}

static const Elf64_Shdr *table_of_type(const struct elf_view *elf, uint32_t type, uint64_t align)
{
    for (uint32_t i = 1; i < elf->header->e_shnum; i++) {
        const Elf64_Shdr *section = &elf->sections[i];
        if (section->sh_type == type && section->sh_offset % align == 0 && elf_section_bytes(elf, section))
            return section;
    }
    return NULL;
}

static int find_tables(struct tables *tables)
{
    const struct elf_view *elf = &tables->elf;
    const Elf64_Shdr *symbols = table_of_type(elf, SHT_DYNSYM, 8), *versions = table_of_type(elf, SHT_GNU_versym, 2);
    if (!symbols || symbols->sh_link >= elf->header->e_shnum)
        return complain(tables->to, "it exports no symbols, so it is no shared library that a program could use");
    const Elf64_Shdr *names = &elf->sections[symbols->sh_link];
    tables->symbols = (const Elf64_Sym *)elf_section_bytes(elf, symbols);
    tables->symbol_count = symbols->sh_size / sizeof(Elf64_Sym);
    tables->names = (const char *)elf_section_bytes(elf, names);
    tables->names_size = tables->names ? names->sh_size : 0;
    if (versions && versions->sh_size / sizeof(Elf64_Half) < tables->symbol_count)
        return complain(tables->to, "its table of versions is shorter than that of symbols; the file is damaged");
    tables->versions = versions ? (const Elf64_Half *)elf_section_bytes(elf, versions) : NULL;
    return 0;
}

/* The structure at `offset` of a section; NULL if it does not lie in it. */
static const void *record_at(const struct tables *tables, const Elf64_Shdr *section, uint64_t offset, size_t size)
{
    const uint8_t *bytes = elf_section_bytes(&tables->elf, section);
    return offset % 4 == 0 && range_inside(offset, size, section->sh_size) ? bytes + offset : NULL;
}

static int damaged(const struct tables *tables)
{
    return complain(tables->to, "its version definitions are not sound; the file is damaged");
}

/* The first name of a definition is its own, those behind it are what it depends on. */
static int take_names(struct tables *tables, const Elf64_Shdr *section, uint64_t at, const Elf64_Verdef *definition,
                      struct original_version *version)
{
    uint64_t next = at + definition->vd_aux;
    if (definition->vd_cnt == 0 || definition->vd_cnt > ORIGINAL_PARENTS_MAX + 1)
        return damaged(tables);
    for (uint32_t i = 0; i < definition->vd_cnt; i++) {
        const Elf64_Verdaux *entry = record_at(tables, section, next, sizeof *entry);
        const char *name = entry ? text_at(tables, entry->vda_name) : NULL;
        if (!is_plain(name))
            return damaged(tables);
        if (i == 0)
            version->name = name;
        else
            version->parent[version->parent_count++] = name;
        next += entry->vda_next;
    }
    return 0;
}

static bool has_version(const struct original *original, const char *name)
{
    for (size_t i = 0; i < original->version_count; i++) {
        if (strcmp(original->versions[i].name, name) == 0)
            return true;
    }
    return false;
}

/* That a version depends on the library itself says nothing. */
static void drop_strange_parents(struct original *original)
{
    for (size_t i = 0; i < original->version_count; i++) {
        struct original_version *version = &original->versions[i];
        uint32_t kept = 0;
        for (uint32_t p = 0; p < version->parent_count; p++) {
            if (has_version(original, version->parent[p]))
                version->parent[kept++] = version->parent[p];
        }
        version->parent_count = kept;
    }
}

static int read_definitions(struct tables *tables, struct original *original)
{
    const Elf64_Shdr *section = table_of_type(&tables->elf, SHT_GNU_verdef, 4);
    uint64_t at = 0;
    size_t most = section ? section->sh_size / sizeof(Elf64_Verdef) : 0;
    original->versions = calloc(most + 1, sizeof *original->versions);
    tables->version_of = malloc((VERSION_MASK + 1) * sizeof *tables->version_of);
    if (!original->versions || !tables->version_of)
        return -ENOMEM;
    memset(tables->version_of, 0xff, (VERSION_MASK + 1) * sizeof *tables->version_of);
    for (size_t i = 0; i < most; i++) {
        const Elf64_Verdef *definition = record_at(tables, section, at, sizeof *definition);
        if (!definition || definition->vd_version != VER_DEF_CURRENT)
            return damaged(tables);
        struct original_version *version = &original->versions[original->version_count];
        int err = take_names(tables, section, at, definition, version);
        if (err)
            return err;
        if (definition->vd_flags & VER_FLG_BASE)
            *version = (struct original_version){0};
        else
            tables->version_of[definition->vd_ndx & VERSION_MASK] = (uint32_t)original->version_count++;
        if (definition->vd_next == 0)
            break;
        at += definition->vd_next;
    }
    return 0;
}

static int read_versions(struct tables *tables, struct original *original)
{
    int err = read_definitions(tables, original);
    if (!err)
        drop_strange_parents(original);
    return err;
}

/* A constant's bytes; NULL if they can change, or be changed when the library is loaded. */
static const uint8_t *constant_bytes(const struct elf_view *elf, const Elf64_Sym *symbol)
{
    if (symbol->st_shndx == 0 || symbol->st_shndx >= elf->header->e_shnum || symbol->st_size == 0)
        return NULL;
    const Elf64_Shdr *section = &elf->sections[symbol->st_shndx];
    const uint8_t *bytes = section->sh_flags & SHF_WRITE ? NULL : elf_section_bytes(elf, section);
    uint64_t offset = symbol->st_value - section->sh_addr;
    return bytes && range_inside(offset, symbol->st_size, section->sh_size) ? bytes + offset : NULL;
}

static enum original_kind kind_of(const struct original *original, const Elf64_Sym *symbol,
                                  const struct original_symbol *made)
{
    switch (ELF64_ST_TYPE(symbol->st_info)) {
    case STT_FUNC:
    case STT_GNU_IFUNC:
        return ORIGINAL_FUNCTION;
    case STT_TLS:
        return ORIGINAL_THREAD_LOCAL;
    default:
        if (symbol->st_shndx == SHN_ABS && made->version != ORIGINAL_UNVERSIONED &&
            strcmp(made->name, original->versions[made->version].name) == 0)
            return ORIGINAL_VERSION;
        return made->bytes ? ORIGINAL_CONSTANT : ORIGINAL_VARIABLE;
    }
}

static bool is_exported(const Elf64_Sym *symbol)
{
    unsigned bind = ELF64_ST_BIND(symbol->st_info), visibility = ELF64_ST_VISIBILITY(symbol->st_other);
    return symbol->st_shndx != SHN_UNDEF && (bind == STB_GLOBAL || bind == STB_WEAK || bind == STB_GNU_UNIQUE) &&
           (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

static int take_symbol(struct tables *tables, struct original *original, size_t index)
{
    const Elf64_Sym *symbol = &tables->symbols[index];
    Elf64_Half version = tables->versions ? tables->versions[index] : 1;
    struct original_symbol made = {.name = text_at(tables, symbol->st_name),
                                   .bytes = constant_bytes(&tables->elf, symbol),
                                   .size = symbol->st_size,
                                   .version = tables->version_of[version & VERSION_MASK],
                                   .hidden = version & VERSION_HIDE,
                                   .weak = ELF64_ST_BIND(symbol->st_info) == STB_WEAK};
    if (!is_exported(symbol) || (version & VERSION_MASK) == 0)
        return 0;
    if (!is_plain(made.name))
        return complain(tables->to, "the name of its symbol %zu is none that assembly text can have", index);
    made.kind = kind_of(original, symbol, &made);
    original->symbols[original->symbol_count++] = made;
    return 0;
}

static int read_symbols(struct tables *tables, struct original *original)
{
    int err = 0;
    original->symbols = calloc(tables->symbol_count + 1, sizeof *original->symbols);
    if (!original->symbols)
        return -ENOMEM;
    for (size_t i = 1; !err && i < tables->symbol_count; i++)
        err = take_symbol(tables, original, i);
    if (!err && original->symbol_count == 0)
        err = complain(tables->to, "it exports no symbols, so no program could use it");
    return err;
}

static void read_soname(const struct tables *tables, struct original *original)
{
    const Elf64_Shdr *section = table_of_type(&tables->elf, SHT_DYNAMIC, 8);
    const Elf64_Dyn *entry = section ? (const void *)elf_section_bytes(&tables->elf, section) : NULL;
    for (size_t i = 0; section && i < section->sh_size / sizeof *entry && entry[i].d_tag != DT_NULL; i++) {
        if (entry[i].d_tag == DT_SONAME)
            original->soname = text_at(tables, entry[i].d_un.d_val);
    }
}

static int read_library(struct original *original, const struct complaint *to)
{
    struct tables tables = {.to = to};
    int err = elf_open(&tables.elf, original->bytes, original->size, to);
    if (!err)
        err = find_tables(&tables);
    if (!err)
        err = read_versions(&tables, original);
    if (!err)
        err = read_symbols(&tables, original);
    if (!err) {
        original->machine = tables.elf.header->e_machine;
        read_soname(&tables, original);
    }
    free(tables.version_of);
    return err;
}

/* Returns 0 or an error number. */
static int map_file(struct original *original)
{
    struct stat status;
    int fd = open(original->file, O_RDONLY | O_CLOEXEC);
    int error = fd < 0 || fstat(fd, &status) != 0 ? errno : 0;
    if (!error && !S_ISREG(status.st_mode))
        error = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
    if (!error && status.st_size == 0)
        error = ENOEXEC;
    if (!error) {
        void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        error = bytes == MAP_FAILED ? errno : 0;
        original->bytes = error ? NULL : bytes;
        original->size = error ? 0 : (size_t)status.st_size;
    }
    if (fd >= 0)
        close(fd);
    return error;
}

int original_open(struct original *original, const char *file)
{
    char why[512] = "no memory";
    const struct complaint to = {why, sizeof why};
    *original = (struct original){.file = file};
    int error = map_file(original);
    if (error) {
        fprintf(stderr, "far: %s: %s\n", file, strerror(error));
        return EX_NOINPUT;
    }
    error = read_library(original, &to);
    if (!error)
        return 0;
    fprintf(stderr, "far: %s: %s\n", file, error == -ENOMEM ? strerror(ENOMEM) : why);
    original_close(original);
    return error == -ENOMEM ? EX_OSERR : EX_DATAERR;
}

void original_close(struct original *original)
{
    free(original->symbols);
    free(original->versions);
    if (original->bytes)
        munmap((void *)(uintptr_t)original->bytes, original->size);
    *original = (struct original){0};
}
