/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Does anything that is loaded call a function of this name? Undefined symbols come first in a table with DT_GNU_HASH. */
#include "runtime/lib/references.h"

#include <elf.h>
#include <link.h>
#include <string.h>

/* What of an object's dynamic section is needed. */
struct object {
    const Elf64_Sym *symbols;
    const char *strings;
    const uint32_t *hash; /* its second word: how many symbols are not hashed, undefined ones among them */
};

/* ld.so turns offsets into addresses where it may write; the kernel's own object keeps offsets. */
static uintptr_t address_in(const struct dl_phdr_info *info, uint64_t value)
{
    return value < info->dlpi_addr ? info->dlpi_addr + value : value;
}

static void read_dynamic(const struct dl_phdr_info *info, const Elf64_Dyn *entry, struct object *object)
{
    for (; entry->d_tag != DT_NULL; entry++) {
        uintptr_t address = address_in(info, entry->d_un.d_ptr);
        if (entry->d_tag == DT_SYMTAB)
            object->symbols = (const Elf64_Sym *)address;
        else if (entry->d_tag == DT_STRTAB)
            object->strings = (const char *)address;
        else if (entry->d_tag == DT_GNU_HASH)
            object->hash = (const uint32_t *)address;
    }
}

static int object_calls(struct dl_phdr_info *info, size_t size, void *name)
{
    struct object object = {0};
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
            read_dynamic(info, (const Elf64_Dyn *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr), &object);
    if (!object.symbols || !object.strings || !object.hash)
        return 0;
    for (uint32_t i = 1; i < object.hash[1]; i++)
        if (object.symbols[i].st_shndx == SHN_UNDEF && strcmp(object.strings + object.symbols[i].st_name, name) == 0)
            return 1;
    return 0;
}

bool process_calls(const char *name)
{
    return dl_iterate_phdr(object_calls, (void *)(uintptr_t)name) != 0;
}

static int is_object(struct dl_phdr_info *info, size_t size, void *name)
{
    const char *slash = strrchr(info->dlpi_name, '/');
    (void)size;
    return strcmp(slash ? slash + 1 : info->dlpi_name, name) == 0;
}

bool process_has_loaded(const char *library)
{
    return dl_iterate_phdr(is_object, (void *)(uintptr_t)library) != 0;
}
