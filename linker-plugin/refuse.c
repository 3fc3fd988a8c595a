/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Why what was linked cannot be a segment: a look at all relocations that operations reach, for those that code which may
 * lie anywhere, and runs in the threads of many processes, cannot have. Only after lld has refused, or has linked what
 * farld then finds in the image; what can be linked costs nothing here.
 */
#include "linker-plugin/farld.h"

#include <string.h>
#include <sysexits.h>

#define REFUSALS_AN_OBJECT 4 /* one option of the compiler is behind them all */

struct refusal {
    struct link *link;
    struct table said; /* each message once: a variable has many uses */
    const struct object *object;
    size_t said_of_object;
};

/* A relocation and what it is about. */
struct use {
    uint32_t node;
    const unaligned_rela *relocation;
    struct target target;
    const unaligned_sym *symbol;
    const char *name; /* of the symbol, for messages */
};

static unsigned type_of(const struct use *use)
{
    return (unsigned)ELF64_R_TYPE(use->relocation->r_info);
}

/* ", in kv_put", or nothing where no function and no object is known. */
static const char *place_of(struct link *link, const struct use *use)
{
    const char *name = graph_place_name(link, use->node, use->relocation->r_offset);

    return strstr(name, ":(") ? "" : arena_format(&link->arena, ", in %s", name);
}

static void add_refusal(struct refusal *refusal, const struct object *object, const char *text)
{
    struct errors *errors = &refusal->link->errors;

    if (table_find(&refusal->said, text))
        return;
    table_set(&refusal->link->arena, &refusal->said, text, (void *)(uintptr_t)text);
    if (refusal->object != object)
        refusal->said_of_object = 0;
    refusal->object = object;
    if (refusal->said_of_object++ < REFUSALS_AN_OBJECT)
        error_add(errors, EX_DATAERR, "%s", text);
    else if (refusal->said_of_object == REFUSALS_AN_OBJECT + 1)
        error_add(errors, EX_DATAERR, "%s: and more like these", object->name);
}

static void refuse(struct refusal *refusal, const struct use *use, const char *why)
{
    struct link *link = refusal->link;
    const struct object *object = link->graph.nodes[use->node].object;

    add_refusal(refusal, object,
                arena_format(&link->arena, "%s:(%s)%s: %s", object->name, graph_section_name(&link->graph, use->node),
                             place_of(link, use), why));
}

static const char *whose(struct link *link, const char *name)
{
    const struct host_symbol *host = table_find(&link->host_symbols, name);

    if (table_find(&link->imported_ops, name))
        return "an operation of another service";
    return host && host->kind == HOST_FUNCTION ? "a function of each process's C library" : "nobody's";
}

static bool is_constant(const struct use *use)
{
    return use->symbol->st_shndx == SHN_ABS;
}

static void judge_narrow(struct refusal *refusal, const struct use *use)
{
    if (!is_constant(use))
        refuse(
            refusal, use,
            arena_format(&refusal->link->arena,
                         "the address of '%s' in fewer than 64 bits (relocation type %u): a segment may lie anywhere; "
                         "compile the object with -fPIC",
                         use->name, type_of(use)));
}

static void judge_word(struct refusal *refusal, const struct use *use)
{
    const struct object *object = refusal->link->graph.nodes[use->node].object;
    const unaligned_shdr *section = &object->sections[graph_section(&refusal->link->graph, use->node)];

    if (!(section->sh_flags & SHF_WRITE) && !is_constant(use))
        refuse(refusal, use,
               arena_format(&refusal->link->arena,
                            "the address of '%s' in a section that is not writable (a text relocation): compile the "
                            "object with -fPIC; in assembly, write .section .data.rel.ro,\"aw\"",
                            use->name));
}

/* By farld's own object, or by lld where nobody else does. */
static bool is_of_linker(const char *name)
{
    static const char *const names[] = {GLUE_HEAP_RANGE,
                                        "_GLOBAL_OFFSET_TABLE_",
                                        "_DYNAMIC",
                                        "__ehdr_start",
                                        "__executable_start",
                                        "__bss_start",
                                        "_end",
                                        "end",
                                        "_etext",
                                        "etext",
                                        "_edata",
                                        "edata"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!strcmp(names[i], name))
            return true;
    }
    return false;
}

static void judge_direct(struct refusal *refusal, const struct use *use)
{
    const struct global *global = use->target.global;

    if (!global || global->definition || global->is_copy || use->target.node != NO_NODE || is_of_linker(global->name))
        return;
    refuse(refusal, use,
           arena_format(&refusal->link->arena,
                        "'%s' by its distance from here (relocation type %u), but it is not in the segment: it is %s; "
                        "compile the object with -fPIC",
                        use->name, type_of(use), whose(refusal->link, use->name)));
}

static void judge_thread_local(struct refusal *refusal, const struct use *use)
{
    refuse(refusal, use,
           arena_format(&refusal->link->arena,
                        "thread-local variable '%s': a segment's code runs in the threads of many processes; keep the "
                        "state in a parameter or in ordinary data under a mutex",
                        use->name));
}

/* lld binds a reference like NAME@VERSION only where it sees the library that has this version. */
static bool is_version_of_library(const struct use *use)
{
    const struct global *global = use->target.global;

    return global && !global->definition && use->target.node == NO_NODE && strchr(global->name, '@');
}

static void judge_version(struct refusal *refusal, const struct use *use)
{
    refuse(
        refusal, use,
        arena_format(&refusal->link->arena,
                     "'%s' is one version of a symbol: a segment gets the version that each process's C library gives "
                     "to new programs, and no other; compile the object without its .symver",
                     use->name));
}

static void judge(struct refusal *refusal, const struct use *use)
{
    if (is_version_of_library(use)) {
        judge_version(refusal, use);
        return;
    }
    switch (refusal->link->machine->relocation_kind(type_of(use))) {
    case RELOCATION_NARROW:
        judge_narrow(refusal, use);
        break;
    case RELOCATION_WORD:
        judge_word(refusal, use);
        break;
    case RELOCATION_DIRECT:
        judge_direct(refusal, use);
        break;
    case RELOCATION_THREAD_LOCAL:
        judge_thread_local(refusal, use);
        break;
    default:
        break;
    }
}

/* The thread-local variable that a section symbol and an addend stand for. */
static const char *variable_at(const struct object *object, uint32_t section, uint64_t offset)
{
    for (uint32_t i = 1; i < object->symbol_count; i++) {
        const unaligned_sym *symbol = &object->symbols[i];

        if (ELF64_ST_TYPE(symbol->st_info) == STT_TLS && object_symbol_section(object, i) == section &&
            (symbol->st_value == offset || symbol->st_value == offset + 4))
            return object_symbol_name(object, i);
    }
    return object_section_name(object, section);
}

static const char *name_of(struct link *link, const struct object *object, const struct use *use)
{
    uint32_t symbol = (uint32_t)ELF64_R_SYM(use->relocation->r_info);
    uint32_t section = object_symbol_section(object, symbol);

    if (ELF64_ST_TYPE(use->symbol->st_info) != STT_SECTION)
        return object_symbol_name(object, symbol);
    if (section < object->section_count && object->sections[section].sh_flags & SHF_TLS)
        return variable_at(object, section, (uint64_t)use->relocation->r_addend);
    return use->target.node == NO_NODE ? "?" : graph_target_name(link, &use->target);
}

typedef void judge_use(struct refusal *refusal, struct use *use);

static void judge_node(struct refusal *refusal, uint32_t node, judge_use *one)
{
    struct link *link = refusal->link;
    const struct object *object = link->graph.nodes[node].object;
    size_t count;
    const unaligned_rela *relocations = graph_relocations(&link->graph, node, &count);

    for (size_t i = 0; i < count; i++) {
        uint64_t symbol = ELF64_R_SYM(relocations[i].r_info);
        struct use use = {.node = node, .relocation = &relocations[i]};

        if (symbol >= object->symbol_count)
            continue;
        use.symbol = &object->symbols[symbol];
        use.target = graph_target(object, &relocations[i]);
        one(refusal, &use);
    }
}

/* Every relocation of what is reached. */
static void judge_all(struct link *link, judge_use *one)
{
    struct refusal refusal = {.link = link};
    const uint8_t *marked = graph_mark(link);

    for (uint32_t node = 0; node < link->graph.node_count; node++) {
        if (marked[node])
            judge_node(&refusal, node, one);
    }
}

static const struct object *object_of(const struct refusal *refusal, const struct use *use)
{
    return refusal->link->graph.nodes[use->node].object;
}

static void judge_kind(struct refusal *refusal, struct use *use)
{
    use->name = name_of(refusal->link, object_of(refusal, use), use);
    judge(refusal, use);
}

int refuse_explain(struct link *link)
{
    judge_all(link, judge_kind);
    return link->errors.status;
}

static bool is_word(const struct refusal *refusal, const struct use *use)
{
    return refusal->link->machine->relocation_kind(type_of(use)) == RELOCATION_WORD;
}

/* A word's place is known from its object only if its section is aligned to words there. */
static bool may_be_unaligned(const unaligned_shdr *section, uint64_t offset)
{
    return section->sh_addralign % 8 || offset % 8;
}

static void judge_alignment(struct refusal *refusal, struct use *use)
{
    const struct object *object = object_of(refusal, use);
    const unaligned_shdr *section = &object->sections[graph_section(&refusal->link->graph, use->node)];

    if (is_word(refusal, use) && may_be_unaligned(section, use->relocation->r_offset))
        refuse(refusal, use,
               arena_format(&refusal->link->arena,
                            "the address of '%s' at a place that is not aligned to 8 bytes; is a structure packed?",
                            name_of(refusal->link, object, use)));
}

int refuse_unaligned(struct link *link)
{
    judge_all(link, judge_alignment);
    if (!link->errors.status)
        error_add(&link->errors, EX_DATAERR,
                  "the word at 0x%llx holds an address and is not aligned to 8 bytes; is a structure packed?",
                  (unsigned long long)link->unaligned);
    return link->errors.status;
}

/* Where a word leads by its object's words, if that is not inside of what the symbol is in. */
static bool leads_outside(const struct link *link, const struct use *use, int64_t *more)
{
    uint32_t node = use->target.node;
    const unaligned_shdr *section;

    if (node == NO_NODE)
        return false;
    section = &link->graph.nodes[node].object->sections[graph_section(&link->graph, node)];
    *more = use->relocation->r_addend;
    return use->symbol->st_value + (uint64_t)*more > section->sh_size;
}

static void judge_distance(struct refusal *refusal, struct use *use)
{
    int64_t more;

    if (is_word(refusal, use) && leads_outside(refusal->link, use, &more))
        refuse(refusal, use,
               arena_format(&refusal->link->arena,
                            "the address of '%s' and %lld bytes more, which may be outside of the segment, and then "
                            "no command can say it; keep the address itself, or an index",
                            name_of(refusal->link, object_of(refusal, use), use), (long long)more));
}

/* Biased pointers to tables (rows - first) that were meant never to be followed as they are. */
int refuse_outside(struct link *link)
{
    judge_all(link, judge_distance);
    if (!link->errors.status)
        error_add(&link->errors, EX_DATAERR,
                  "the word at 0x%llx holds an address outside of the segment, which no command can say; is an input "
                  "damaged?",
                  (unsigned long long)link->outside);
    return link->errors.status;
}

/* Sections whose contents nobody runs in a segment. */
static const struct old_section {
    const char *name, *why;
} old_sections[] = {
    {".ctors", "constructors as compilers before 2012 wrote them, which nobody runs any more: compile with one that "
               "writes .init_array"},
    {".dtors", "destructors as compilers before 2012 wrote them, which nobody runs any more: compile with one that "
               "writes .fini_array"},
    {".preinit_array", "functions to run before any library's, which only programs can have: use .init_array"},
    {".init", "code to run at the start, as a part of a function that programs have: use .init_array"},
    {".fini", "code to run at the end, as a part of a function that programs have: use .fini_array"},
};

/* ".ctors", ".ctors.00100" */
static const struct old_section *old_section_named(const char *name)
{
    for (size_t i = 0; i < sizeof old_sections / sizeof *old_sections; i++) {
        size_t length = strlen(old_sections[i].name);

        if (!strncmp(name, old_sections[i].name, length) && (name[length] == '\0' || name[length] == '.'))
            return &old_sections[i];
    }
    return NULL;
}

static void refuse_sections_of(struct link *link, const struct object *object)
{
    for (uint32_t i = 1; i < object->section_count; i++) {
        const struct old_section *old = old_section_named(object_section_name(object, i));

        if (old && object->sections[i].sh_size)
            error_add(&link->errors, EX_DATAERR, "%s:(%s): %s", object->name, object_section_name(object, i), old->why);
    }
}

int refuse_old_sections(struct link *link)
{
    const struct image *image = &link->image;
    bool found = false;

    for (size_t i = 1; i < image->header->e_shnum && !found; i++)
        found = old_section_named(image_section_name(image, &image->sections[i])) != NULL;
    for (size_t i = 0; found && i < link->graph.object_count; i++)
        refuse_sections_of(link, link->graph.objects[i]);
    return link->errors.status;
}

static bool is_aligned_too_much(const struct image *image)
{
    for (size_t i = 0; i < image->header->e_phnum; i++) {
        if (image->programs[i].p_type == PT_LOAD && image->programs[i].p_align > FAR_GRANULE)
            return true;
    }
    return false;
}

/* What a range's start cannot keep, nothing in it can. */
int refuse_alignment(struct link *link)
{
    const struct graph *graph = &link->graph;
    const uint8_t *marked;

    if (!is_aligned_too_much(&link->image))
        return 0;
    marked = graph_mark(link);
    for (uint32_t node = 0; node < graph->node_count; node++) {
        const struct object *object = graph->nodes[node].object;
        uint64_t align = object->sections[graph_section(graph, node)].sh_addralign;

        if (marked[node] && align > FAR_GRANULE)
            error_add(
                &link->errors, EX_DATAERR,
                "%s:(%s): aligned to 0x%llx bytes, but a segment starts at a multiple of 0x%x only; ask for less, "
                "or allocate the memory with aligned_alloc()",
                object->name, graph_section_name(graph, node), (unsigned long long)align, FAR_GRANULE);
    }
    if (!link->errors.status)
        error_add(&link->errors, EX_DATAERR,
                  "something in the segment is aligned to more than 0x%x bytes; ask for less", FAR_GRANULE);
    return link->errors.status;
}
