/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Before the link: what must be known so that it can succeed, from the objects' tables of symbols and sections alone.
 * Data objects of the host that an input refers to are defined by the glue, as copies in the linkage; otherwise lld
 * refuses the PC-relative references to them that code built for programs has. What no linked code uses is dropped again
 * by --gc-sections. Functions that may need a thunk are counted, so that the glue has room for them.
 */
#include "linker-plugin/farld.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* Archive members may never be linked; linked.c looks at those that are. */
static void refuse_thread_local(struct link *link, const struct object *object, const char *name)
{
    error_add(&link->errors, EX_DATAERR,
              "%s: thread-local variable '%s': a segment's code runs in the threads of many "
              "processes; keep the state in a parameter or in ordinary data under a mutex",
              object->name, name);
}

static void scan_kind(struct link *link, const struct object *object, uint32_t symbol)
{
    const unaligned_sym *about = &object->symbols[symbol];
    unsigned type = ELF64_ST_TYPE(about->st_info);

    if (type == STT_TLS && !object->in_archive)
        refuse_thread_local(link, object, object_symbol_name(object, symbol));
    else if (type == STT_TLS && about->st_shndx != SHN_UNDEF)
        table_set(&link->arena, &link->thread_locals, object_symbol_name(object, symbol),
                  (void *)(uintptr_t)object->name);
    else if (type == STT_GNU_IFUNC)
        link->thunk_room++;
}

/* NAME@@VERSION is NAME with a version; a symbol of another version is another name. */
static const char *name_without_version(struct link *link, const char *name)
{
    const char *at = strstr(name, "@@");

    return at ? arena_copy(&link->arena, name, (size_t)(at - name)) : name;
}

static void note_version(struct link *link, const char *name)
{
    const char *version = strrchr(name, '@');

    if (!version || !*++version || table_find(&link->versions, version))
        return;
    table_set(&link->arena, &link->versions, version, (void *)(uintptr_t)version);
    *LIST_ADD(&link->arena, link->version_names, link->version_count) = version;
}

static struct global *global_named(struct link *link, const char *name)
{
    void **place = table_place(&link->arena, &link->globals, name);

    if (!*place) {
        struct global *global = arena_allocate(&link->arena, sizeof *global);

        global->name = name;
        *place = global;
    }
    return *place;
}

static void scan_global(struct link *link, struct object *object, uint32_t symbol)
{
    const unaligned_sym *about = &object->symbols[symbol];
    const char *name = object_symbol_name(object, symbol);
    struct global *global;

    if (about->st_shndx != SHN_UNDEF && strchr(name, '@')) {
        note_version(link, name);
        name = name_without_version(link, name);
    }
    global = global_named(link, name);
    object->globals[symbol - object->first_global] = global;
    if (about->st_shndx != SHN_UNDEF) {
        global->defined = true;
    } else if (!global->wanted) {
        global->wanted = true;
        *LIST_ADD(&link->arena, link->wanted, link->wanted_count) = global;
    }
}

void object_scan_symbols(struct link *link, struct object *object)
{
    uint32_t globals = object->symbol_count - object->first_global;

    object->globals = arena_allocate(&link->arena, globals * sizeof *object->globals);
    for (uint32_t i = 1; i < object->symbol_count; i++) {
        unsigned type = ELF64_ST_TYPE(object->symbols[i].st_info);

        if (type == STT_TLS || type == STT_GNU_IFUNC)
            scan_kind(link, object, i);
        else if (object->symbols[i].st_shndx == SHN_COMMON)
            link->has_section[SECTION_KIND_COMMON] = true;
        if (i >= object->first_global && i > 0)
            scan_global(link, object, i);
    }
}

static bool starts_with(const char *name, const char *prefix)
{
    return !strncmp(name, prefix, strlen(prefix));
}

/* Which lines the linker script needs: each costs lld a look at every section. */
static void scan_sections(struct link *link, const struct object *object)
{
    if (object->is_shadow) /* what the compiler will make of it is not known yet */
        link->has_section[SECTION_KIND_NOTES] = link->has_section[SECTION_KIND_EXCEPT] = true;
    if (object->has_own && object_section(object, FAR_SECTION_NOTES))
        link->has_section[SECTION_KIND_NOTES] = true;
    for (uint32_t i = 1; i < object->section_count; i++) {
        const char *name = object_section_name(object, i);

        if (name[0] != '.' || (name[1] != 'g' && name[1] != 't') || starts_with(name, ".text"))
            continue;
        if (starts_with(name, ".gcc_except_table"))
            link->has_section[SECTION_KIND_EXCEPT] = true;
        else if (starts_with(name, ".tdata") || starts_with(name, ".tbss"))
            link->has_section[SECTION_KIND_THREAD] = true;
    }
}

/* In steps, so that what is not linked does not move what is: members of archives have been counted, too. */
static size_t rounded_room(size_t count)
{
    size_t room = 64;

    while (room < count)
        room *= 2;
    return room;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct copy *)a)->symbol->name, ((const struct copy *)b)->symbol->name);
}

static void plan_wanted(struct link *link, struct global *global)
{
    const struct host_symbol *symbol = global->defined ? NULL : table_find(&link->host_symbols, global->name);

    if (symbol && symbol->kind == HOST_FUNCTION)
        link->thunk_room++;
    if (!symbol || symbol->kind != HOST_DATA || !symbol->size || hostdata_is_own(symbol->name) ||
        table_find(&link->imported_ops, symbol->name))
        return;
    global->is_copy = true;
    global->is_neutral_copy = symbol->neutral;
    LIST_ADD(&link->arena, link->copies, link->copy_count)->symbol = symbol;
}

/* What gcc -flto leaves has names and no code; clang's is read (bitcode.c). */
static void refuse_intermediate_code(struct link *link)
{
    for (size_t i = 0; i < link->object_count; i++) {
        const struct object *object = link->objects[i];

        for (uint32_t s = object->first_global; s < object->symbol_count; s++) {
            if (!strcmp(object_symbol_name(object, s), "__gnu_lto_slim"))
                error_add(
                    &link->errors, EX_DATAERR,
                    "%s holds gcc's intermediate code, which only gcc can link: compile it without -flto, or with "
                    "-ffat-lto-objects",
                    object->name);
        }
    }
}

/* Most names are of one object only, or wanted by as many as define one. */
static size_t names_expected(const struct link *link)
{
    size_t count = 0;

    for (size_t i = 0; i < link->object_count; i++)
        count += link->objects[i]->symbol_count - link->objects[i]->first_global;
    return count / 2;
}

int inputs_prescan(struct link *link)
{
    table_reserve(&link->arena, &link->globals, names_expected(link));
    for (size_t i = 0; i < link->object_count; i++) {
        scan_sections(link, link->objects[i]);
        object_scan_symbols(link, link->objects[i]);
    }
    if (table_find(&link->globals, "__gnu_lto_slim"))
        refuse_intermediate_code(link);
    for (size_t i = 0; i < link->wanted_count; i++)
        plan_wanted(link, link->wanted[i]);
    link->thunk_room = rounded_room(link->thunk_room);
    if (link->copy_count)
        qsort(link->copies, link->copy_count, sizeof *link->copies, by_name);
    return link->errors.status;
}
