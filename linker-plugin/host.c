/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What every process has: the dynamic symbols of the C and mathematics libraries, looked up in their files where the
 * dynamic linker finds them, and the functions that libfarcall adds (runtime/hostsyms.def).
 */
#include "linker-plugin/farld.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const struct {
    const char *name;
    bool own; /* libfarcall's, so no library of the system need have it */
} neutral_functions[] = {
#define FAR_HOST(name)     {#name, false},
#define FAR_HOST_OWN(name) {#name, true},
#include "runtime/hostsyms.def"
#undef FAR_HOST
#undef FAR_HOST_OWN
};

#define NEUTRAL_COUNT (sizeof neutral_functions / sizeof *neutral_functions)

static void add_symbol(struct link *link, const char *name, enum host_kind kind, uint64_t size)
{
    struct host_symbol *symbol = arena_allocate(&link->arena, sizeof *symbol);

    *symbol = (struct host_symbol){.name = name, .kind = kind, .size = size};
    table_set(&link->arena, &link->host_symbols, name, symbol);
}

/* Only default versions: an old one (memcpy@GLIBC_2.2.5) is there for old programs. */
static bool is_default_version(const Elf_Data *versions, size_t index)
{
    const Elf64_Versym *version = versions ? versions->d_buf : NULL;

    if (!version || index >= versions->d_size / sizeof *version)
        return true;
    return version[index] != VER_NDX_LOCAL && !(version[index] & 0x8000);
}

static enum host_kind kind_of(const Elf64_Sym *symbol)
{
    switch (ELF64_ST_TYPE(symbol->st_info)) {
    case STT_FUNC:
    case STT_GNU_IFUNC:
        return HOST_FUNCTION;
    case STT_OBJECT:
        return HOST_DATA;
    case STT_TLS:
        return HOST_THREAD_LOCAL;
    default:
        return 0;
    }
}

static Elf_Scn *section_of_type(Elf *elf, uint32_t type)
{
    Elf_Scn *section = NULL;

    while ((section = elf_nextscn(elf, section))) {
        const Elf64_Shdr *header = elf64_getshdr(section);

        if (header && header->sh_type == type)
            return section;
    }
    return NULL;
}

static void add_symbols(struct link *link, Elf *elf)
{
    Elf_Scn *dynamic = section_of_type(elf, SHT_DYNSYM), *versym = section_of_type(elf, SHT_GNU_versym);
    const Elf_Data *symbols = dynamic ? elf_getdata(dynamic, NULL) : NULL;
    const Elf_Data *versions = versym ? elf_getdata(versym, NULL) : NULL;
    const Elf64_Sym *symbol = symbols ? symbols->d_buf : NULL;
    size_t count = symbol ? symbols->d_size / sizeof *symbol : 0;

    for (size_t i = 1; i < count; i++) {
        const char *name = elf_strptr(elf, elf64_getshdr(dynamic)->sh_link, symbol[i].st_name);
        enum host_kind kind = kind_of(&symbol[i]);

        if (name && kind && symbol[i].st_shndx != SHN_UNDEF && is_default_version(versions, i) &&
            !table_find(&link->host_symbols, name))
            add_symbol(link, name, kind, symbol[i].st_size);
    }
}

static int read_library(struct link *link, const char *name)
{
    const char *path = NULL;
    uint8_t *bytes;
    size_t size;
    Elf *elf;

    for (const char *const *folder = machine_library_folders(link); *folder; folder++) {
        path = arena_format(&link->arena, "%s/%s", *folder, name);
        if (access(path, R_OK) == 0)
            break;
    }
    if (file_map(&link->errors, path, &bytes, &size))
        return error_add(&link->errors, EX_NOINPUT, "cannot read %s for %s: what segments may call is looked up there",
                         name, link->machine->name);
    elf = elf_memory((char *)bytes, size);
    if (!elf || elf_kind(elf) != ELF_K_ELF)
        return error_add(&link->errors, EX_DATAERR, "%s is not an ELF file", path);
    add_symbols(link, elf);
    elf_end(elf);
    return 0;
}

static void mark_neutral(struct link *link)
{
    for (size_t i = 0; i < NEUTRAL_COUNT; i++) {
        struct host_symbol *symbol = table_find(&link->host_symbols, neutral_functions[i].name);

        if (!symbol && neutral_functions[i].own) {
            add_symbol(link, neutral_functions[i].name, HOST_FUNCTION, 0);
            symbol = table_find(&link->host_symbols, neutral_functions[i].name);
        }
        if (symbol && symbol->kind == HOST_FUNCTION)
            symbol->neutral = true;
    }
}

/*
 * What functions with a stack protector compare at their end, where a machine has it in a variable. Each domain has its
 * own process's copy, and whoever reads it there runs in that domain: no state that two could differ about.
 */
static void mark_guard(struct link *link)
{
    struct host_symbol *guard = table_find(&link->host_symbols, "__stack_chk_guard");

    if (guard)
        guard->neutral = true;
}

int host_read(struct link *link)
{
    int status = read_library(link, "libc.so.6");

    status = status ? status : read_library(link, "libm.so.6");
    if (!status && link->machine->loader)
        status = read_library(link, link->machine->loader);
    if (!status) {
        mark_neutral(link);
        mark_guard(link);
    }
    return status;
}
