/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Decide for each symbol that no input defines who has it; where nobody does, name it and its users. */
#include "linker-plugin/farld.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define USES_SHOWN      3
#define UNDEFINED_SHOWN 20

static void refuse_undefined(struct link *link, const struct far_op *op, const char *name)
{
    const struct global *global = table_find(&link->globals, name);
    const char *place = arena_format(&link->arena, "%s:%u", iface_string(link->iface, op->file), op->line);
    const char *object = global && global->definition ? global->definition->name : NULL;

    if (object)
        error_add(&link->errors, EX_DATAERR,
                  "%s: operation '%s' is defined in %s, but hidden there (-fvisibility=hidden), and a static function "
                  "elsewhere has its name; build %s with default visibility, or change a copy: llvm-objcopy "
                  "--set-symbol-visibility=%s=default %s",
                  place, name, object, object, name, object);
    else
        error_add(&link->errors, EX_DATAERR,
                  "%s: operation '%s' is declared here, but no input defines it; give the object that does, or say "
                  "far_absent",
                  place, name);
}

/*
 * What a hidden operation has become in the image: a local symbol, since lld keeps hidden names from others. Only if no
 * static function of that name lies beside it, for then nothing says which is which.
 */
static const Elf64_Sym *hidden_operation(const struct link *link, const char *name)
{
    const struct image *image = &link->image;
    const struct global *global = table_find(&link->globals, name);
    const Elf64_Sym *found = NULL;

    for (size_t i = 1; global && global->definition && i < image->symbol_count; i++) {
        const Elf64_Sym *symbol = &image->symbols[i];

        if (symbol->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol->st_info) != STT_FUNC ||
            strcmp(image_symbol_name(image, symbol), name))
            continue;
        if (found)
            return NULL;
        found = symbol;
    }
    return found;
}

const Elf64_Sym *operation_symbol(const struct link *link, const char *name)
{
    const Elf64_Sym *exported = image_exported(&link->image, name);

    return exported ? exported : hidden_operation(link, name);
}

static void find_operations(struct link *link)
{
    uint32_t count = link->iface->ops.count;

    link->operations = arena_allocate(&link->arena, count * sizeof *link->operations);
    for (uint32_t i = 0; i < count; i++) {
        struct operation *operation = &link->operations[i];
        const struct far_op *op = iface_op(link->iface, i);
        const char *name = iface_string(link->iface, op->name);
        const Elf64_Sym *symbol = op->flags & FAR_OP_ABSENT ? NULL : operation_symbol(link, name);
        const struct global *global = symbol ? table_find(&link->globals, name) : NULL;

        *operation = (struct operation){.op = op, .name = name, .implementation = STUB_NO_IMPLEMENTATION};
        if (symbol)
            operation->defined_by = global && global->definition ? global->definition->name : "?";
        else if (!(op->flags & FAR_OP_ABSENT))
            refuse_undefined(link, op, name);
    }
}

struct uses {
    struct link *link;
    const struct global *global;
    const char *text, *last;
    size_t shown;
};

static void add_uses_in(struct uses *uses, uint32_t node)
{
    const struct graph *graph = &uses->link->graph;
    size_t count;
    const unaligned_rela *relocations = graph_relocations(graph, node, &count);

    for (size_t i = 0; i < count && uses->shown <= USES_SHOWN; i++) {
        struct target target = graph_target(graph->nodes[node].object, &relocations[i]);
        const char *place;

        if (target.node != NO_NODE || target.global != uses->global)
            continue;
        place = graph_place_name(uses->link, node, relocations[i].r_offset);
        if (!strcmp(place, uses->last))
            continue;
        uses->last = place;
        uses->text = uses->shown++ == USES_SHOWN
                         ? arena_format(&uses->link->arena, "%s\n  and more", uses->text)
                         : arena_format(&uses->link->arena, "%s\n  used by %s:(%s), in %s", uses->text,
                                        graph->nodes[node].object->name, graph_section_name(graph, node), place);
    }
}

/* In code and data that is linked; what --gc-sections drops does not matter. */
const char *symbol_uses(struct link *link, const char *name)
{
    struct uses uses = {.link = link, .global = table_find(&link->globals, name), .text = "", .last = ""};
    const uint8_t *marked = graph_mark(link);

    for (uint32_t node = 0; uses.global && node < link->graph.node_count; node++) {
        if (marked[node])
            add_uses_in(&uses, node);
    }
    return uses.text;
}

static const struct far_op *op_of_stub_symbol(const struct link *link, const char *name)
{
    size_t prefix = strlen(FAR_STUB_SYMBOL_PREFIX);

    return strncmp(name, FAR_STUB_SYMBOL_PREFIX, prefix) ? NULL : iface_op_by_name(link->iface, name + prefix);
}

/* Names by which one knows what an object was built for that a segment does not have. */
static const struct advice {
    const char *prefix, *text;
} advices[] = {
#define CXX_LIBRARY                                                                                     \
    "; it is of the C++ run-time library, which a segment does not have: compile with -fno-exceptions " \
    "-fno-rtti, and use only what the standard library's headers hold themselves"
    {"_ZNSt", CXX_LIBRARY},
    {"_ZNKSt", CXX_LIBRARY},
    {"_ZSt", CXX_LIBRARY},
    {"_ZTVN10__cxxabiv1", CXX_LIBRARY},
    {"_ZTISt", CXX_LIBRARY},
    {"_ZTVSt", CXX_LIBRARY},
    {"__cxa_", CXX_LIBRARY},
    {"__dynamic_cast", CXX_LIBRARY},
    {"__gxx_personality", CXX_LIBRARY},
    {"_Unwind_", "; it unwinds the stack, for exceptions and the like: compile with -fno-exceptions"},
    {"__asan_", "; its object was compiled with -fsanitize=address: compile it without"},
    {"__ubsan_", "; its object was compiled with -fsanitize=undefined: compile it without"},
    {"__tsan_", "; its object was compiled with -fsanitize=thread: compile it without"},
    {"__msan_", "; its object was compiled with -fsanitize=memory: compile it without"},
    {"__sanitizer_", "; its object was compiled with -fsanitize=…: compile it without"},
    {"__gcov_", "; its object was compiled with --coverage: compile it without"},
    {"__llvm_profile_", "; its object was compiled with -fprofile-…-generate: compile it without"},
};

static const char *advice_on(const char *name)
{
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++) {
        if (!strncmp(name, advices[i].prefix, strlen(advices[i].prefix)))
            return advices[i].text;
    }
    return "";
}

static void refuse_symbol(struct link *link, const struct undefined *undefined, const char *name)
{
    if (undefined->left_out)
        error_add(&link->errors, EX_DATAERR,
                  "undefined symbol '%s': %s has it in a group of sections (COMDAT), but the group of that name comes "
                  "from another input, which does not have it; build them from the same sources%s",
                  name, undefined->left_out->name, symbol_uses(link, undefined->name));
    else
        error_add(&link->errors, EX_DATAERR,
                  "undefined symbol '%s': no input, import library or library of the system has it%s%s", name,
                  advice_on(name), symbol_uses(link, undefined->name));
}

static void resolve(struct link *link, struct undefined *undefined)
{
    size_t prefix = strlen(FAR_STUB_SYMBOL_PREFIX);
    const char *name = undefined->name;

    if ((undefined->op = op_of_stub_symbol(link, name))) {
        undefined->resolution = RESOLVE_STUB;
        return;
    }
    if (!strncmp(name, FAR_STUB_SYMBOL_PREFIX, prefix))
        name += prefix; /* another service's: its stub is what a plain reference means, too */
    undefined->imported = table_find(&link->imported_ops, name);
    undefined->host = table_find(&link->host_symbols, undefined->name);
    if (undefined->imported)
        undefined->resolution = RESOLVE_BIND;
    else if (undefined->host && undefined->host->kind == HOST_FUNCTION)
        undefined->resolution = RESOLVE_HOST;
    else if (undefined->weak && !undefined->needed)
        undefined->resolution = RESOLVE_ZERO;
    else if (undefined->host && undefined->host->kind == HOST_THREAD_LOCAL)
        error_add(&link->errors, EX_DATAERR,
                  "'%s' is a thread-local variable of the C library: a segment's code runs in the "
                  "threads of many processes%s",
                  name, symbol_uses(link, undefined->name));
    else if (link->unresolved_count++ < UNDEFINED_SHOWN)
        refuse_symbol(link, undefined, name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct undefined *)a)->name, ((const struct undefined *)b)->name);
}

static bool is_operation_of_ours(const struct link *link, const char *name)
{
    return iface_op_by_name(link->iface, name) != NULL; /* its absence is reported with its header's line */
}

/* What defines it for the graph may be in a group of sections of which lld has taken another input's copy. */
static void lose_definition(struct global *global, struct undefined *undefined)
{
    global->undefined = undefined;
    undefined->left_out = global->definition;
    global->definition = NULL;
}

static void list_undefined(struct link *link)
{
    const struct image *image = &link->image;

    for (size_t i = 1; i < image->symbol_count; i++) {
        const Elf64_Sym *symbol = &image->symbols[i];
        const char *name = image_symbol_name(image, symbol);

        if (symbol->st_shndx != SHN_UNDEF || !*name || is_operation_of_ours(link, name))
            continue;
        *LIST_ADD(&link->arena, link->undefined, link->undefined_count) = (struct undefined){
            .name = arena_copy(&link->arena, name, strlen(name)), .weak = ELF64_ST_BIND(symbol->st_info) == STB_WEAK};
    }
    if (link->undefined_count)
        qsort(link->undefined, link->undefined_count, sizeof *link->undefined, by_name);
    for (size_t i = 0; i < link->undefined_count; i++) {
        struct global *global = table_find(&link->globals, link->undefined[i].name);

        table_set(&link->arena, &link->undefined_by_name, link->undefined[i].name, &link->undefined[i]);
        if (global)
            lose_definition(global, &link->undefined[i]);
    }
}

static bool is_needed_by(const struct object *object, uint32_t edge)
{
    const unaligned_sym *symbol = &object->symbols[object->first_global + (edge & ~EDGE_GLOBAL)];

    return symbol->st_shndx != SHN_UNDEF || ELF64_ST_BIND(symbol->st_info) != STB_WEAK;
}

static void note_needs_of(struct link *link, uint32_t node)
{
    const struct object *object = link->graph.nodes[node].object;
    size_t count;
    const uint32_t *edges = graph_edges(&link->graph, node, &count);

    for (size_t i = 0; i < count; i++) {
        const struct global *global = graph_edge_global(object, edges[i]);

        if (global && global->undefined && graph_edge_node(object, edges[i]) == NO_NODE &&
            is_needed_by(object, edges[i]))
            link->undefined[global->undefined - link->undefined].needed = true;
    }
}

/* lld takes a weak definition that it has dropped for a weak reference, also where others refer to it that are not weak. */
static void note_needs(struct link *link)
{
    const uint8_t *marked = link->undefined_count ? graph_mark(link) : NULL;

    for (uint32_t node = 0; marked && node < link->graph.node_count; node++) {
        if (marked[node])
            note_needs_of(link, node);
    }
}

/*
 * The address of a host function differs from process to process, so it may stand in the linkage only. Where a program
 * wants it as a value, in data all domains share, it gets the address of a thunk in the segment.
 */
static void find_taken_addresses(struct link *link)
{
    const struct image *image = &link->image;

    for (size_t i = 1; i < image->header->e_shnum; i++) {
        const Elf64_Shdr *section = &image->sections[i];
        const Elf64_Rela *relocations = (const Elf64_Rela *)(image->bytes + section->sh_offset);

        if (section->sh_type != SHT_RELA || !(section->sh_flags & SHF_ALLOC))
            continue;
        for (size_t r = 0; r < section->sh_size / sizeof *relocations; r++) {
            enum relocation_kind kind = link->machine->relocation_kind((uint32_t)ELF64_R_TYPE(relocations[r].r_info));
            const char *name = image_dynamic_name(image, section, &relocations[r]);
            struct undefined *undefined = name ? table_find(&link->undefined_by_name, name) : NULL;

            if (undefined && undefined->resolution == RESOLVE_HOST && kind != RELOCATION_CALL)
                undefined->address_taken = true;
        }
    }
}

int symbols_resolve(struct link *link)
{
    find_operations(link);
    list_undefined(link);
    note_needs(link);
    for (size_t i = 0; i < link->undefined_count; i++)
        resolve(link, &link->undefined[i]);
    if (link->unresolved_count > UNDEFINED_SHOWN)
        error_add(&link->errors, EX_DATAERR, "and %zu more undefined symbols",
                  link->unresolved_count - UNDEFINED_SHOWN);
    if (!link->errors.status)
        find_taken_addresses(link);
    return link->errors.status;
}
