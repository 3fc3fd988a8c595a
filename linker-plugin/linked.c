/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Which objects lld linked, from its --trace (a line an object, in the order in which it took them), and which of them
 * defines each global name: the first strong definition, else the largest claim on the name that there is.
 */
#include "linker-plugin/farld.h"

#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

static struct table objects_by_path(struct link *link)
{
    struct table objects = {0};

    for (size_t i = link->object_count; i-- > 0;) /* a file that is given twice: the first */
        table_set(&link->arena, &objects, link->objects[i]->path, link->objects[i]);
    return objects;
}

static bool is_member_of(const char *line, const char *archive)
{
    size_t length = archive ? strlen(archive) : 0;

    return length && !strncmp(line, archive, length) && line[length] == '(';
}

/* The libraries that farld adds by itself. They are not read before the link, as most of their members are never taken. */
#define OWN_LIBRARIES 2

struct trace {
    const char *own[OWN_LIBRARIES]; /* NULL: there is no such library */
    bool taken[OWN_LIBRARIES];      /* a member of it is linked */
    struct table lines;
    char **list; /* in order */
    size_t count;
};

static int read_own_members(struct link *link, const struct trace *trace)
{
    size_t known = link->object_count;
    int status = 0;

    for (size_t i = 0; i < OWN_LIBRARIES && !status; i++) {
        if (trace->taken[i])
            status = inputs_add_members(link, trace->own[i], &trace->lines);
    }
    for (size_t i = known; i < link->object_count; i++) {
        object_scan_symbols(link, link->objects[i]);
        names_of(link, link->objects[i]);
    }
    return status;
}

static void read_trace(struct link *link, struct trace *trace)
{
    char *text = arena_format(&link->arena, "%s", link->trace), *rest;

    trace->own[0] = machine_farseg(link);
    trace->own[1] = machine_libgcc(link);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        *LIST_ADD(&link->arena, trace->list, trace->count) = line;
        table_set(&link->arena, &trace->lines, line, line);
        for (size_t i = 0; i < OWN_LIBRARIES; i++)
            trace->taken[i] = trace->taken[i] || is_member_of(line, trace->own[i]);
    }
}

static unsigned claim_of(const unaligned_sym *symbol)
{
    if (symbol->st_shndx == SHN_UNDEF)
        return 0;
    if (ELF64_ST_BIND(symbol->st_info) == STB_WEAK)
        return 1;
    return symbol->st_shndx == SHN_COMMON ? 2 : 3;
}

static void define(struct global *global, const struct object *object, uint32_t symbol)
{
    uint32_t section = object_symbol_section(object, symbol);

    global->definition = object;
    global->symbol = symbol;
    global->node = section ? object->first_node + section : 0;
}

static void claim_names(const struct object *object)
{
    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        struct global *global = object->globals[i - object->first_global];
        unsigned claim = claim_of(&object->symbols[i]);

        if (claim && (!global->definition || claim > claim_of(&global->definition->symbols[global->symbol])))
            define(global, object, i);
    }
}

static void add_linked(struct link *link, struct object *object)
{
    if (object->linked)
        return;
    object->linked = true;
    object->first_node = link->graph.node_count;
    link->graph.node_count += object->section_count;
    *LIST_ADD(&link->arena, link->graph.objects, link->graph.object_count) = object;
    if (!object->survey)
        survey_object(link, object);
    if (!object->is_shadow)
        claim_names(object);
}

/* What is compiled of bitcode has lost the definitions that another input's stand before; those left are the ones. */
static void take_names(const struct object *compiled)
{
    for (uint32_t i = compiled->first_global; i < compiled->symbol_count; i++) {
        struct global *global = compiled->globals[i - compiled->first_global];

        if (claim_of(&compiled->symbols[i]))
            define(global, compiled, i);
    }
}

static bool has_bytes(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && about.st_size > 0;
}

/* What lld compiled bitcode to: an object for all that is optimised as a whole, one more a module that is not. */
static void add_compiled(struct link *link)
{
    size_t known = link->object_count;
    const char *path = lld_place(link, "compiled.o");

    for (size_t i = 0; i <= known; i++) {
        if (i > 0)
            path = arena_format(&link->arena, "%s%zu", lld_place(link, "compiled.o"), i);
        if (has_bytes(path))
            inputs_add_compiled(link, path);
    }
    for (size_t i = known; i < link->object_count; i++) {
        object_scan_symbols(link, link->objects[i]);
        names_of(link, link->objects[i]);
        add_linked(link, link->objects[i]);
        take_names(link->objects[i]);
    }
}

/* lld leaves nothing out that the command line names; only archives' members are a matter of choice. */
static void find_unlinked(struct link *link, const struct trace *trace)
{
    for (size_t i = 0; i < link->object_count && !link->unlinked; i++) {
        const struct object *object = link->objects[i];

        if (!object->in_archive && !table_find(&trace->lines, object->path))
            link->unlinked = object;
    }
}

int linked_read(struct link *link)
{
    struct trace trace = {0};
    struct table objects;

    read_trace(link, &trace);
    if (read_own_members(link, &trace))
        return link->errors.status;
    objects = objects_by_path(link);
    for (size_t i = 0; i < trace.count; i++) {
        struct object *object = table_find(&objects, trace.list[i]);

        if (!object && strcmp(trace.list[i], lld_place(link, "glue.o")) != 0)
            link->unread = trace.list[i];
        if (object)
            add_linked(link, object);
    }
    find_unlinked(link, &trace);
    if (link->has_bitcode)
        add_compiled(link);
    graph_make(link);
    return link->errors.status;
}

/* Relocations that farld does not read; no compiler for these machines has written them for a long time. */
const char *linked_other_relocations(const struct object *object, uint32_t section)
{
    static const struct {
        uint32_t type;
        const char *name;
    } kinds[] = {{SHT_REL, "SHT_REL"},
                 {0x40000014, "SHT_CREL"},
                 {0x60000001, "SHT_ANDROID_REL"},
                 {0x60000002, "SHT_ANDROID_RELA"}};
    const unaligned_shdr *header = &object->sections[section];

    if (header->sh_info >= object->section_count || !(object->sections[header->sh_info].sh_flags & SHF_ALLOC))
        return NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (header->sh_type == kinds[i].type)
            return kinds[i].name;
    }
    return NULL;
}

static void refuse_other_relocations(struct link *link, const struct object *object)
{
    for (uint32_t i = 1; i < object->section_count; i++) {
        const char *kind = linked_other_relocations(object, i);

        if (kind) {
            error_add(&link->errors, EX_DATAERR,
                      "%s:(%s): relocations of type %s, which farld does not read; build the object again with a "
                      "compiler or assembler that writes SHT_RELA",
                      object->name, object_section_name(object, i), kind);
            return;
        }
    }
}

int linked_check(struct link *link)
{
    if (link->unread)
        error_add(&link->errors, EX_DATAERR,
                  "ld.lld has linked '%s', which farld did not take for an object; is an archive damaged?",
                  link->unread);
    if (link->unlinked)
        error_add(&link->errors, EX_SOFTWARE, "ld.lld does not say whether it has linked '%s'", link->unlinked->path);
    for (size_t i = 0; i < link->graph.object_count; i++) {
        if (link->graph.objects[i]->survey->has_other_relocations)
            refuse_other_relocations(link, link->graph.objects[i]);
    }
    return link->errors.status;
}

static bool has_thread_locals(const struct link *link)
{
    const struct image *image = &link->image;

    for (size_t i = 0; i < image->header->e_phnum; i++) {
        if (image->programs[i].p_type == PT_TLS && image->programs[i].p_memsz)
            return true;
    }
    for (size_t i = 1; i < image->header->e_shnum; i++) {
        const Elf64_Shdr *section = &image->sections[i];
        const Elf64_Rela *relocations = (const Elf64_Rela *)(image->bytes + section->sh_offset);

        for (size_t r = 0; section->sh_type == SHT_RELA && r < section->sh_size / sizeof *relocations; r++) {
            if (link->machine->relocation_kind((uint32_t)ELF64_R_TYPE(relocations[r].r_info)) ==
                RELOCATION_THREAD_LOCAL)
                return true;
        }
    }
    return false;
}

static void refuse_variables(struct link *link)
{
    for (size_t i = 1; i < link->image.symbol_count; i++) {
        const Elf64_Sym *symbol = &link->image.symbols[i];
        const char *name = image_symbol_name(&link->image, symbol);
        const char *object = table_find(&link->thread_locals, name);

        if (ELF64_ST_TYPE(symbol->st_info) == STT_TLS)
            error_add(&link->errors, EX_DATAERR,
                      "%s%sthread-local variable '%s' is linked in: a segment's code runs in the threads "
                      "of many processes",
                      object ? object : "", object ? ": " : "", name);
    }
}

/* Of the archive members that were linked; prescan.c has looked at the objects. */
int linked_refuse_thread_locals(struct link *link)
{
    if (!has_thread_locals(link))
        return 0;
    if (!refuse_explain(link))
        refuse_variables(link);
    return link->errors.status;
}
