/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The names that objects share, each one struct global. lld need not wait for them, so they are collected while it runs: a
 * large input has some hundred thousand.
 */
#include "linker-plugin/farld.h"

#include <string.h>
#include <sysexits.h>

/* NAME@@VERSION is NAME with a version; a symbol of another version is another name. */
static const char *name_without_version(struct link *link, const char *name)
{
    const char *at = strstr(name, "@@");

    return at ? arena_copy(&link->arena, name, (size_t)(at - name)) : name;
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

static void add_name(struct link *link, struct object *object, uint32_t symbol)
{
    const unaligned_sym *about = &object->symbols[symbol];
    const char *name = object_symbol_name(object, symbol);
    struct global *global;

    if (object->has_versions && about->st_shndx != SHN_UNDEF)
        name = name_without_version(link, name);
    global = global_named(link, name);
    object->globals[symbol - object->first_global] = global;
    if (about->st_shndx != SHN_UNDEF) {
        global->defined = true;
    } else if (!global->wanted) {
        global->wanted = true;
        *LIST_ADD(&link->arena, link->wanted, link->wanted_count) = global;
    }
}

void names_of(struct link *link, struct object *object)
{
    object->globals =
        arena_allocate(&link->arena, (object->symbol_count - object->first_global) * sizeof *object->globals);
    for (uint32_t i = object->first_global; i < object->symbol_count; i++)
        add_name(link, object, i);
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

static void mark_copies(struct link *link)
{
    for (size_t i = 0; i < link->copy_count; i++) {
        struct global *global = global_named(link, link->copies[i].symbol->name);

        global->is_copy = true;
        global->is_neutral_copy = link->copies[i].symbol->neutral;
    }
}

int names_read(struct link *link)
{
    table_reserve(&link->arena, &link->globals, names_expected(link));
    for (size_t i = 0; i < link->object_count; i++)
        names_of(link, link->objects[i]);
    if (table_find(&link->globals, "__gnu_lto_slim"))
        refuse_intermediate_code(link);
    mark_copies(link);
    return link->errors.status;
}
