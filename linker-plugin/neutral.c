/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Neutral code touches nothing of the process it runs in. An operation is neutral if all it reaches, over calls,
 * addresses taken and words of data, ends in the segment itself or in host functions on the list of
 * runtime/hostsyms.def, or in what its author vouches for.
 *
 * The graph's nodes are input sections, because calls inside one section need no relocation: with -ffunction-sections
 * (farcc) a node is a function, in other people's archives it is an object's code. That errs on the safe side.
 *
 * One walk forward from all operations finds what they reach; one backward, from the sections that refer to what is not
 * neutral, how far each is from there. The path that an error shows then goes down those distances: a shortest one.
 * An operation whose author vouches for something takes a walk of its own.
 *
 * Calls to other services are not neutral: their stubs need not be mapped where this code would run.
 */
#include "linker-plugin/farld.h"

#include <string.h>
#include <sysexits.h>

#define FAR_AWAY UINT32_MAX

struct walk {
    struct link *link;
    uint32_t *queue; /* nodes reached, in order */
    size_t queue_count;
    bool has_objections;
    uint32_t *distance; /* by node: to the nearest objection, in edges */
};

/* NULL if what a name is resolved to keeps code neutral, else what to say at the end of the path. */
static const char *objection(struct link *link, const struct target *target)
{
    const struct global *global = target->node == NO_NODE ? target->global : NULL;
    const struct undefined *undefined = global ? global->undefined : NULL;

    if (global && !global->definition && global->is_copy && !global->is_neutral_copy)
        return global->name;
    if (!undefined)
        return NULL;
    if (undefined->resolution == RESOLVE_BIND)
        return arena_format(&link->arena, "%s.%s", undefined->imported->service->table->service,
                            undefined->imported->name);
    if (undefined->resolution == RESOLVE_HOST && !undefined->host->neutral)
        return global->name;
    return NULL;
}

/* As objection() of a name that leads to no node, for whom it only matters whether there is one. */
static bool is_objectionable(const struct global *global)
{
    const struct undefined *undefined = global->undefined;

    if (global->definition)
        return false;
    return (global->is_copy && !global->is_neutral_copy) ||
           (undefined && (undefined->resolution == RESOLVE_BIND ||
                          (undefined->resolution == RESOLVE_HOST && !undefined->host->neutral)));
}

static void reach(struct walk *walk, uint32_t node, uint8_t *reached)
{
    if (node == NO_NODE || reached[node])
        return;
    reached[node] = 1;
    walk->queue[walk->queue_count++] = node;
}

static void follow_references(struct walk *walk, uint32_t node, uint8_t *reached)
{
    const struct graph *graph = &walk->link->graph;
    const struct object *object = graph->nodes[node].object;
    bool objects = notes_find(walk->link, node) != NULL;
    size_t count;
    const uint32_t *edges = graph_edges(graph, node, &count);

    for (size_t i = 0; i < count; i++) {
        uint32_t end = graph_edge_node(object, edges[i]);
        const struct global *global = end == NO_NODE ? graph_edge_global(object, edges[i]) : NULL;

        reach(walk, end, reached);
        objects = objects || (global && is_objectionable(global));
    }
    if (graph->nodes[node].next)
        reach(walk, graph->nodes[node].next, reached);
    if (objects) {
        walk->distance[node] = 0;
        walk->has_objections = true;
    }
}

static struct target start_of(struct link *link, const struct operation *operation)
{
    const struct global *global = table_find(&link->globals, operation->name);

    return global ? graph_definition(global) : (struct target){.node = NO_NODE};
}

static void walk_forward(struct walk *walk)
{
    struct link *link = walk->link;
    uint8_t *reached = arena_allocate(&link->arena, link->graph.node_count + 1);

    for (uint32_t i = 0; i < link->iface->ops.count; i++)
        reach(walk, start_of(link, &link->operations[i]).node, reached);
    for (size_t next = 0; next < walk->queue_count; next++)
        follow_references(walk, walk->queue[next], reached);
}

/* Between reached nodes: who refers to node n are sources[first[n]] up to sources[first[n + 1]]. */
struct edges {
    uint32_t *first, *sources;
};

static bool add_edge(struct edges *edges, uint32_t from, uint32_t to, bool fill)
{
    if (to == NO_NODE || to == from)
        return false;
    if (fill)
        edges->sources[edges->first[to + 1]++] = from;
    else
        edges->first[to + 2]++;
    return true;
}

/* Count the edges to each node, or with `fill` note where they come from. */
static size_t walk_edges(const struct walk *walk, struct edges *edges, bool fill)
{
    const struct graph *graph = &walk->link->graph;
    size_t all = 0;

    for (size_t next = 0; next < walk->queue_count; next++) {
        uint32_t node = walk->queue[next];
        size_t count;
        const uint32_t *ends = graph_edges(graph, node, &count);

        for (size_t i = 0; i < count; i++)
            all += add_edge(edges, node, graph_edge_node(graph->nodes[node].object, ends[i]), fill);
        if (graph->nodes[node].next)
            all += add_edge(edges, node, graph->nodes[node].next, fill);
    }
    return all;
}

static struct edges edges_by_end(const struct walk *walk)
{
    struct arena *arena = &walk->link->arena;
    uint32_t nodes = walk->link->graph.node_count;
    struct edges edges = {.first = arena_allocate(arena, ((size_t)nodes + 3) * sizeof *edges.first)};

    edges.sources = arena_allocate(arena, (walk_edges(walk, &edges, false) + 1) * sizeof *edges.sources);
    for (uint32_t i = 1; i <= nodes; i++)
        edges.first[i + 1] += edges.first[i];
    walk_edges(walk, &edges, true);
    return edges;
}

/* Breadth first, so that distances are the shortest. The queue is used again. */
static void walk_backward(struct walk *walk)
{
    struct edges edges;
    size_t count = 0;

    if (!walk->has_objections)
        return;
    edges = edges_by_end(walk);
    for (size_t i = 0; i < walk->queue_count; i++) {
        if (walk->distance[walk->queue[i]] == 0)
            walk->queue[count++] = walk->queue[i];
    }
    for (size_t next = 0; next < count; next++) {
        uint32_t node = walk->queue[next];

        for (uint32_t i = edges.first[node]; i < edges.first[node + 1]; i++) {
            if (walk->distance[edges.sources[i]] != FAR_AWAY)
                continue;
            walk->distance[edges.sources[i]] = walk->distance[node] + 1;
            walk->queue[count++] = edges.sources[i];
        }
    }
}

/*
 * A node as a step of a path. What it refers to need not be what the function refers to by which it was reached, where its
 * section holds several: then whose reference it is belongs to the step.
 */
static const char *step_name(struct link *link, const struct target *target, const unaligned_rela *relocation)
{
    const char *name = graph_target_name(link, target);
    const char *neighbour = relocation ? graph_neighbour(link, target, relocation) : NULL;

    return neighbour ? arena_format(&link->arena, "%s (in one section with %s)", name, neighbour) : name;
}

/* The first reference of a node that leads one step nearer; at distance 0, *end becomes the objection. *by: it, or NULL. */
static struct target next_step(struct walk *walk, uint32_t node, const char **end, const unaligned_rela **by)
{
    const struct graph *graph = &walk->link->graph;
    size_t count;
    const unaligned_rela *relocations = graph_relocations(graph, node, &count);

    *by = NULL;
    if (walk->distance[node] == 0 && (*end = notes_find(walk->link, node)))
        return (struct target){.node = NO_NODE};
    for (size_t i = 0; i < count; i++) {
        struct target target = graph_target(graph->nodes[node].object, &relocations[i]);

        *by = &relocations[i];
        if (walk->distance[node] == 0 && (*end = objection(walk->link, &target)))
            return target;
        if (target.node != NO_NODE && walk->distance[node] && walk->distance[target.node] == walk->distance[node] - 1)
            return target;
    }
    *by = NULL;
    if (graph->nodes[node].next && walk->distance[graph->nodes[node].next] + 1 == walk->distance[node])
        return (struct target){.node = graph->nodes[node].next};
    return (struct target){.node = NO_NODE};
}

static const char *path_down(struct walk *walk, struct target start)
{
    const char *end = NULL, *path = "";

    while (start.node != NO_NODE) {
        const unaligned_rela *by;
        struct target next = next_step(walk, start.node, &end, &by);

        path = arena_format(&walk->link->arena, "%s%s → ", path, step_name(walk->link, &start, by));
        start = next;
    }
    return arena_format(&walk->link->arena, "%s%s", path, end ? end : "?");
}

/* How a node was reached on an operation's own walk. */
struct visit {
    size_t from;              /* place in the list of visits; SIZE_MAX: the operation itself */
    const unaligned_rela *by; /* of the visit it was reached from; NULL: by none */
    struct target target;
};

struct search {
    struct link *link;
    const struct far_op *op;
    uint8_t *seen;
    struct visit *visits;
    size_t count;
};

static void visit(struct search *search, struct target target, size_t from, const unaligned_rela *by)
{
    if (target.node == NO_NODE || search->seen[target.node])
        return;
    search->seen[target.node] = 1;
    *LIST_ADD(&search->link->arena, search->visits, search->count) = (struct visit){from, by, target};
}

static const char *path_back(const struct search *search, size_t at, const unaligned_rela *by, const char *end)
{
    const char *path = end;

    for (; at != SIZE_MAX; by = search->visits[at].by, at = search->visits[at].from)
        path = arena_format(&search->link->arena, "%s → %s", step_name(search->link, &search->visits[at].target, by),
                            path);
    return path;
}

/* The name by which an author vouches for what a note is about. */
static const char *vouched_as(const char *note)
{
    return !strncmp(note, FAR_NOTE_THREAD, strlen(FAR_NOTE_THREAD)) ? "__builtin_thread_pointer" : "syscall";
}

/* Breadth first, over what the operation's author does not vouch for. */
static const char *search_objection(struct search *search, struct target start)
{
    const struct graph *graph = &search->link->graph;

    visit(search, start, SIZE_MAX, NULL);
    for (size_t next = 0; next < search->count; next++) {
        uint32_t node = search->visits[next].target.node;
        size_t count;
        const unaligned_rela *relocations = graph_relocations(graph, node, &count);
        const char *note = notes_find(search->link, node);

        if (note && !iface_op_vouches(search->link->iface, search->op, vouched_as(note)))
            return path_back(search, next, NULL, note);
        for (size_t i = 0; i < count; i++) {
            struct target target = graph_target(graph->nodes[node].object, &relocations[i]);
            const char *end = objection(search->link, &target);

            if (end && !iface_op_vouches(search->link->iface, search->op, end))
                return path_back(search, next, &relocations[i], end);
            visit(search, target, next, &relocations[i]);
        }
        if (graph->nodes[node].next)
            visit(search, (struct target){.node = graph->nodes[node].next}, next, NULL);
    }
    return NULL;
}

static const char *find_reason(struct walk *walk, const struct operation *operation)
{
    struct link *link = walk->link;
    struct target start = start_of(link, operation);
    struct search search = {.link = link, .op = operation->op};

    if (start.node == NO_NODE || walk->distance[start.node] == FAR_AWAY)
        return NULL;
    if (!operation->op->vouched)
        return path_down(walk, start);
    search.seen = arena_allocate(&link->arena, link->graph.node_count + 1);
    return search_objection(&search, start);
}

static void decide(struct walk *walk, struct operation *operation)
{
    struct link *link = walk->link;
    struct far_op *op = (struct far_op *)(uintptr_t)operation->op; /* in the link's own copy of the record */

    operation->reason = find_reason(walk, operation);
    operation->neutral = !operation->reason;
    op->flags = operation->neutral ? op->flags | FAR_OP_NEUTRAL : op->flags & ~FAR_OP_NEUTRAL;
    if (!operation->neutral && op->flags & FAR_OP_DATA_SHIPPED)
        error_add(&link->errors, EX_DATAERR,
                  "%s:%u: operation '%s' is data-shipped, so it runs in its callers' processes, but "
                  "reaches what belongs to one process: %s; say far_function_shipped, or keep it from there",
                  iface_string(link->iface, op->file), op->line, operation->name, operation->reason);
}

int neutrality_decide(struct link *link)
{
    uint32_t nodes = link->graph.node_count;
    struct walk walk = {.link = link,
                        .queue = arena_allocate(&link->arena, ((size_t)nodes + 1) * sizeof(uint32_t)),
                        .distance = arena_allocate(&link->arena, ((size_t)nodes + 1) * sizeof(uint32_t))};

    memset(walk.distance, 0xff, ((size_t)nodes + 1) * sizeof(uint32_t)); /* FAR_AWAY */
    notes_collect(link);
    walk_forward(&walk);
    walk_backward(&walk);
    for (uint32_t i = 0; i < link->iface->ops.count; i++) {
        if (!(link->operations[i].op->flags & FAR_OP_ABSENT))
            decide(&walk, &link->operations[i]);
    }
    return link->errors.status;
}
