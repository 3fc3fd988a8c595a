/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Before the first link: what must be known so that it can succeed. Data objects of the host that an input refers to
 * are defined by the glue, as copies in the linkage; otherwise lld refuses the PC-relative references to them that code
 * built for programs has. What no linked code uses is dropped again by --gc-sections.
 */
#include "linker-plugin/farld.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct names {
    struct table defined; /* any value */
    struct table wanted;  /* the object's name */
    const char **in_order;
    size_t count;
};

static bool is_thread_local(const Elf64_Sym *symbol)
{
    return ELF64_ST_TYPE(symbol->st_info) == STT_TLS;
}

/* Archive members may never be linked; survey.c looks at those that are. */
static void refuse_thread_local(struct link *link, const struct object *object, const char *name)
{
    error_add(&link->errors, EX_DATAERR,
              "%s: thread-local variable '%s': a segment's code runs in the threads of many "
              "processes; keep the state in a parameter or in ordinary data under a mutex",
              object->name, name);
}

static void scan_symbol(struct link *link, const struct object *object, const Elf64_Sym *symbol, const char *name,
                        struct names *names)
{
    if (is_thread_local(symbol) && !object->in_archive)
        refuse_thread_local(link, object, name);
    else if (is_thread_local(symbol) && symbol->st_shndx != SHN_UNDEF)
        table_set(&link->arena, &link->thread_locals, name, (void *)(uintptr_t)object->name);
    if (ELF64_ST_BIND(symbol->st_info) == STB_LOCAL)
        return;
    if (symbol->st_shndx != SHN_UNDEF) {
        table_set(&link->arena, &names->defined, name, (void *)(uintptr_t)object->name);
    } else if (!table_find(&names->wanted, name)) {
        table_set(&link->arena, &names->wanted, name, (void *)(uintptr_t)object->name);
        *LIST_ADD(&link->arena, names->in_order, names->count) = name;
    }
}

static int scan_object(struct link *link, const struct object *object, struct names *names)
{
    Elf_Scn *section = NULL;

    while ((section = elf_nextscn(object->elf, section))) {
        const Elf64_Shdr *header = elf64_getshdr(section);
        const Elf_Data *data = header && header->sh_type == SHT_SYMTAB ? elf_getdata(section, NULL) : NULL;
        const Elf64_Sym *symbols = data ? data->d_buf : NULL;
        size_t count = symbols ? data->d_size / sizeof *symbols : 0;

        for (size_t i = 1; i < count; i++) {
            const char *name = elf_strptr(object->elf, header->sh_link, symbols[i].st_name);

            if (!name)
                return error_add(&link->errors, EX_DATAERR, "%s: %s; the object is damaged", object->name,
                                 elf_errmsg(-1));
            scan_symbol(link, object, &symbols[i], name, names);
        }
    }
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct copy *)a)->symbol->name, ((const struct copy *)b)->symbol->name);
}

static void plan_copies(struct link *link, const struct names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        const struct host_symbol *symbol = table_find(&link->host_symbols, names->in_order[i]);

        if (symbol && symbol->kind == HOST_DATA && symbol->size && !table_find(&names->defined, symbol->name) &&
            !table_find(&link->imported_ops, symbol->name))
            LIST_ADD(&link->arena, link->copies, link->copy_count)->symbol = symbol;
    }
    if (link->copy_count)
        qsort(link->copies, link->copy_count, sizeof *link->copies, by_name);
}

int inputs_prescan(struct link *link)
{
    struct names names = {0};

    for (size_t i = 0; i < link->object_count; i++)
        scan_object(link, &link->objects[i], &names);
    plan_copies(link, &names);
    return link->errors.status;
}
