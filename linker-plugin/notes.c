/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What the compiler's pass has noted about functions, in section .far.notes of objects: pairs of strings, a function and
 * why its code is not neutral. Relocations do not show it: a system call in assembly refers to nothing.
 */
#include <string.h>

#include "linker-plugin/farld.h"

/* Bitcode is compiled while it is linked, and its objects' names are ld.lld's: there the function alone counts. */
#define ANY_OBJECT "*"

/* Behind the name of a static function that another module's code calls. */
#define RENAMED_SUFFIX ".llvm."

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
        renamed = strstr(section, RENAMED_SUFFIX);
        *length = renamed ? (size_t)(renamed - section) : strlen(section);
        return section;
    }
    return NULL;
}

static const char *note_on(struct link *link, const struct object *object, const char *function, size_t length)
{
    const char *what = table_find(&link->notes, key_of(link, object->name, function, length));

    if (!what && link->has_bitcode)
        what = table_find(&link->notes, key_of(link, ANY_OBJECT, function, length));
    return what;
}

/* By the name of its section, which is there where an object has lost its local symbols. */
static void note_section(struct link *link, uint32_t node)
{
    size_t length = 0;
    const char *function = function_of(graph_section_name(&link->graph, node), &length);

    if (function)
        link->graph.notes[node] = note_on(link, link->graph.nodes[node].object, function, length);
}

/* By the functions in its sections: an author may have named these otherwise, or an object may have one for all. */
static void note_functions(struct link *link, const struct object *object)
{
    for (uint32_t i = 1; i < object->symbol_count; i++) {
        uint32_t section = ELF64_ST_TYPE(object->symbols[i].st_info) == STT_FUNC ? object_symbol_section(object, i) : 0;
        const char **note = &link->graph.notes[object->first_node + section];
        const char *name = section && !*note ? object_symbol_name(object, i) : NULL;
        const char *renamed = name ? strstr(name, RENAMED_SUFFIX) : NULL;

        if (name)
            *note = note_on(link, object, name, renamed ? (size_t)(renamed - name) : strlen(name));
    }
}

static void note_nodes(struct link *link)
{
    struct graph *graph = &link->graph;

    graph->notes = arena_allocate(&link->arena, (graph->node_count + 1) * sizeof *graph->notes);
    for (uint32_t node = 0; node < graph->node_count; node++)
        note_section(link, node);
    for (size_t i = 0; i < graph->object_count; i++) {
        if (graph->objects[i]->has_own || link->has_bitcode)
            note_functions(link, graph->objects[i]);
    }
}

const char *notes_find(struct link *link, uint32_t node)
{
    if (link->has_notes && !link->graph.notes)
        note_nodes(link);
    return link->has_notes ? link->graph.notes[node] : NULL;
}
