/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Who refers to what in the objects that were linked, before anything got an address: a node is a section of an object,
 * an edge is a relocation. Where a global name leads is what linked.c found.
 */
#include "linker-plugin/farld.h"

#include <string.h>

/* Unwind tables and debug information refer to all functions and call none. */
static bool is_followed(const struct object *object, uint32_t section)
{
    return object->sections[section].sh_flags & SHF_ALLOC &&
           strcmp(object_section_name(object, section), ".eh_frame") != 0;
}

static void add_nodes(struct graph *graph, const struct object *object)
{
    struct node *nodes = graph->nodes + object->first_node;

    for (uint32_t i = 0; i < object->section_count; i++)
        nodes[i].object = object;
}

/* Sections named NAME are one table to code that refers to __start_NAME or __stop_NAME; what reaches one reaches all. */
static void tie_table(struct link *link, struct global *global, const char *name)
{
    struct graph *graph = &link->graph;
    uint32_t last = 0;

    for (uint32_t i = 1; i < graph->node_count; i++) {
        if (!graph_section(graph, i) || !is_followed(graph->nodes[i].object, graph_section(graph, i)) ||
            strcmp(graph_section_name(graph, i), name) != 0)
            continue;
        if (last)
            graph->nodes[last].next = i;
        else
            global->table = i;
        last = i;
    }
    if (last && last != global->table)
        graph->nodes[last].next = global->table;
}

static void tie_tables(struct link *link)
{
    static const char *const prefixes[] = {"__start_", "__stop_"};

    for (size_t i = 0; i < link->wanted_count; i++) {
        struct global *global = link->wanted[i];

        for (size_t p = 0; p < sizeof prefixes / sizeof *prefixes && !global->definition; p++) {
            if (!strncmp(global->name, prefixes[p], strlen(prefixes[p])))
                tie_table(link, global, global->name + strlen(prefixes[p]));
        }
    }
}

void graph_make(struct link *link)
{
    struct graph *graph = &link->graph;

    graph->nodes = arena_allocate(&link->arena, graph->node_count * sizeof *graph->nodes);
    for (size_t i = 0; i < graph->object_count; i++)
        add_nodes(graph, graph->objects[i]);
    tie_tables(link);
}

uint32_t graph_section(const struct graph *graph, uint32_t node)
{
    return node - graph->nodes[node].object->first_node;
}

const unaligned_rela *graph_relocations(const struct graph *graph, uint32_t node, size_t *count)
{
    const struct object *object = graph->nodes[node].object;
    uint32_t relocations = object->survey->sections[node - object->first_node].relocations;
    const unaligned_shdr *section = &object->sections[relocations];

    *count = relocations ? section->sh_size / sizeof(Elf64_Rela) : 0;
    return relocations ? (const unaligned_rela *)(object->bytes + section->sh_offset) : NULL;
}

const uint32_t *graph_edges(const struct graph *graph, uint32_t node, size_t *count)
{
    const struct object *object = graph->nodes[node].object;
    const struct survey_section *section = &object->survey->sections[node - object->first_node];

    *count = section->edge_count;
    return object->survey->edges + section->first_edge;
}

const struct global *graph_edge_global(const struct object *object, uint32_t edge)
{
    return edge & EDGE_GLOBAL ? object->globals[edge & ~EDGE_GLOBAL] : NULL;
}

uint32_t graph_edge_node(const struct object *object, uint32_t edge)
{
    const struct global *global;
    uint32_t node;

    if (!(edge & EDGE_GLOBAL))
        return object->first_node + edge;
    global = object->globals[edge & ~EDGE_GLOBAL];
    node = global->definition ? global->node : global->table;
    return node ? node : NO_NODE;
}

static struct target target_in(const struct object *object, uint32_t symbol, const struct global *global)
{
    uint32_t section = object_symbol_section(object, symbol);

    return (struct target){.node = section ? object->first_node + section : NO_NODE,
                           .global = global,
                           .symbol = symbol,
                           .offset = object->symbols[symbol].st_value};
}

struct target graph_definition(const struct global *global)
{
    if (!global->definition)
        return (struct target){.node = global->table ? global->table : NO_NODE, .global = global};
    return target_in(global->definition, global->symbol, global);
}

struct target graph_target(const struct object *object, const unaligned_rela *relocation)
{
    uint64_t symbol = ELF64_R_SYM(relocation->r_info);
    struct target target;

    if (symbol == 0 || symbol >= object->symbol_count)
        return (struct target){.node = NO_NODE};
    if (symbol >= object->first_global)
        return graph_definition(object->globals[symbol - object->first_global]);
    target = target_in(object, (uint32_t)symbol, NULL);
    if (ELF64_ST_TYPE(object->symbols[symbol].st_info) == STT_SECTION)
        target.offset += (uint64_t)relocation->r_addend;
    return target;
}

static bool covers(const unaligned_sym *symbol, uint64_t offset)
{
    return offset >= symbol->st_value && offset - symbol->st_value < (symbol->st_size ? symbol->st_size : 1);
}

/* A global name before a local one. */
static const char *name_at(const struct object *object, uint32_t section, uint64_t offset)
{
    const char *name = NULL;

    for (uint32_t i = 1; i < object->symbol_count; i++) {
        unsigned type = ELF64_ST_TYPE(object->symbols[i].st_info);

        if ((type == STT_FUNC || type == STT_OBJECT || type == STT_GNU_IFUNC) && (!name || i >= object->first_global) &&
            object_symbol_section(object, i) == section && covers(&object->symbols[i], offset)) {
            name = object_symbol_name(object, i);
            if (i >= object->first_global)
                return name;
        }
    }
    return name;
}

const char *graph_section_name(const struct graph *graph, uint32_t node)
{
    return object_section_name(graph->nodes[node].object, graph_section(graph, node));
}

const char *graph_place_name(struct link *link, uint32_t node, uint64_t offset)
{
    const struct object *object = link->graph.nodes[node].object;
    const char *name = name_at(object, graph_section(&link->graph, node), offset);

    return name ? name : arena_format(&link->arena, "%s:(%s)", object->name, graph_section_name(&link->graph, node));
}

/*
 * A section symbol says where, not what: a PC-relative reference may count from behind the instruction, so the addend is
 * that much less, or nothing.
 */
const char *graph_target_name(struct link *link, const struct target *target)
{
    const struct object *object = link->graph.nodes[target->node].object;
    const unaligned_sym *symbol;
    const char *name;

    if (target->global)
        return target->global->name;
    if (target->symbol == 0)
        return graph_place_name(link, target->node, target->offset);
    symbol = &object->symbols[target->symbol];
    if (ELF64_ST_TYPE(symbol->st_info) != STT_SECTION && ELF64_ST_TYPE(symbol->st_info) != STT_NOTYPE)
        return object_symbol_name(object, target->symbol);
    name = name_at(object, graph_section(&link->graph, target->node), target->offset + link->machine->addend_lag);
    return name ? name : graph_place_name(link, target->node, target->offset);
}

const char *graph_neighbour(struct link *link, const struct target *entered, const unaligned_rela *relocation)
{
    const struct object *object = link->graph.nodes[entered->node].object;
    uint32_t section = graph_section(&link->graph, entered->node);
    bool is_code = object->sections[section].sh_flags & SHF_EXECINSTR;
    const char *name = is_code ? name_at(object, section, relocation->r_offset) : NULL;

    return name && strcmp(name, graph_target_name(link, entered)) != 0 ? name : NULL;
}

struct marks {
    struct graph *graph;
    uint8_t *marked;
    uint32_t *queue;
    size_t count;
};

static void mark(struct marks *marks, uint32_t node)
{
    if (node == NO_NODE || marks->marked[node])
        return;
    marks->marked[node] = 1;
    marks->queue[marks->count++] = node;
}

static bool is_root(const unaligned_shdr *section)
{
    return section->sh_type == SHT_INIT_ARRAY || section->sh_type == SHT_FINI_ARRAY ||
           section->sh_type == SHT_PREINIT_ARRAY || section->sh_flags & SHF_GNU_RETAIN;
}

static uint8_t *mark_all(struct link *link)
{
    struct graph *graph = &link->graph;
    struct marks marks = {.graph = graph,
                          .marked = arena_allocate(&link->arena, graph->node_count + 1),
                          .queue = arena_allocate(&link->arena, (graph->node_count + 1) * sizeof(uint32_t))};

    for (uint32_t i = 0; i < link->iface->ops.count; i++) {
        const char *name = iface_string(link->iface, iface_op(link->iface, i)->name);
        const struct global *global = table_find(&link->globals, name);

        if (global)
            mark(&marks, graph_definition(global).node);
    }
    for (uint32_t i = 0; i < graph->node_count; i++) {
        if (is_root(&graph->nodes[i].object->sections[graph_section(graph, i)]))
            mark(&marks, i);
    }
    for (size_t next = 0; next < marks.count; next++) {
        size_t count;
        const uint32_t *edges = graph_edges(graph, marks.queue[next], &count);

        for (size_t i = 0; i < count; i++)
            mark(&marks, graph_edge_node(graph->nodes[marks.queue[next]].object, edges[i]));
        if (graph->nodes[marks.queue[next]].next)
            mark(&marks, graph->nodes[marks.queue[next]].next);
    }
    return marks.marked;
}

const uint8_t *graph_mark(struct link *link)
{
    struct graph *graph = &link->graph;

    if (!graph->marked)
        graph->marked = mark_all(link);
    return graph->marked;
}
