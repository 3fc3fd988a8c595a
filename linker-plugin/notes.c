/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What the compiler's pass has noted about functions, in section .far.notes of objects: pairs of strings, a function and
 * why its code is not neutral. Relocations do not show it: a system call in assembly refers to nothing.
 */
#include <string.h>

#include "linker-plugin/farld.h"

/* Bitcode is compiled while it is linked, and its objects' names are ld.lld's: there the function alone counts. */
#define ANY_OBJECT "*"

static const char *key_of(struct link *link, const char *object, const char *function, size_t length)
{
    return arena_format(&link->arena, "%s %.*s", object, (int)length, function);
}

static void take_notes(struct link *link, const struct object *object, const char *bytes, size_t size)
{
    const char *end = bytes + size;

    while (bytes < end) {
        const char *function = bytes, *what = memchr(bytes, '\0', (size_t)(end - bytes));
        const char *last = what ? memchr(what + 1, '\0', (size_t)(end - what - 1)) : NULL;

        if (!last) /* padding */
            return;
        what = arena_format(&link->arena, "%s", what + 1);
        table_set(&link->arena, &link->notes, key_of(link, object->name, function, strlen(function)),
                  (void *)(uintptr_t)what);
        if (link->has_bitcode)
            table_set(&link->arena, &link->notes, key_of(link, ANY_OBJECT, function, strlen(function)),
                      (void *)(uintptr_t)what);
        link->has_notes = true;
        bytes = last + 1;
    }
}

void notes_collect(struct link *link)
{
    for (size_t i = 0; i < link->object_count; i++) {
        const struct object *object = link->objects[i];
        const unaligned_shdr *section = object->has_own ? object_section(object, FAR_SECTION_NOTES) : NULL;

        if (section && section->sh_type != SHT_NOBITS)
            take_notes(link, object, (const char *)object->bytes + section->sh_offset, section->sh_size);
    }
}

/* The function that a section of its own holds. */
static const char *function_of(const char *section, size_t *length)
{
    static const char *const prefixes[] = {".text.far.op.", ".text.unlikely.", ".text.hot.", ".text.startup.",
                                           ".text."};
    const char *renamed;

    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (strncmp(section, prefixes[i], strlen(prefixes[i])))
            continue;
        section += strlen(prefixes[i]);
        renamed = strstr(section, ".llvm."); /* a static function that another module's code calls */
        *length = renamed ? (size_t)(renamed - section) : strlen(section);
        return section;
    }
    return NULL;
}

const char *notes_find(struct link *link, uint32_t node)
{
    size_t length = 0;
    const char *function = link->has_notes ? function_of(graph_section_name(&link->graph, node), &length) : NULL, *what;

    if (!function)
        return NULL;
    what = table_find(&link->notes, key_of(link, link->graph.nodes[node].object->name, function, length));
    if (!what && link->has_bitcode)
        what = table_find(&link->notes, key_of(link, ANY_OBJECT, function, length));
    return what;
}
