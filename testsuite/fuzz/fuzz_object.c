/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Objects, archives and import libraries as farld reads them: every stage of its that looks at inputs, in its order, with
 * ld.lld taken to have linked all of them. Nothing may crash, and what is refused is refused with a reason.
 *
 * file_map() and file_read() are replaced (the linker's --wrap), so that the input ends where its memory does, and so is
 * bitcode_open().
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "linker-plugin/like.h"
#include "testsuite/unit/make_segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_file_map(struct errors *errors, const char *path, uint8_t **bytes, size_t *size);
int __wrap_file_read(struct arena *arena, struct errors *errors, const char *path, uint8_t **bytes, size_t *size);
const uint8_t *__wrap_bitcode_open(struct link *link, const char *name, const void *bytes, size_t size,
                                   size_t *shadow_size);

static struct {
    char path[32]; /* what the command line names */
    int file;
    char scratch[32]; /* what farld writes for lld goes there */
    uint8_t *bytes;
    size_t size;
} input;

static bool is_input(struct errors *errors, const char *path)
{
    if (strcmp(path, input.path) == 0)
        return true;
    error_add(errors, 1, "there is no file '%s'", path);
    return false;
}

int __wrap_file_map(struct errors *errors, const char *path, uint8_t **bytes, size_t *size)
{
    if (!is_input(errors, path))
        return 1;
    *bytes = input.bytes;
    *size = input.size;
    return 0;
}

int __wrap_file_read(struct arena *arena, struct errors *errors, const char *path, uint8_t **bytes, size_t *size)
{
    if (!is_input(errors, path))
        return 1;
    *bytes = (uint8_t *)arena_copy(arena, (const char *)input.bytes, input.size);
    *size = input.size;
    return 0;
}

/* LLVM reads bitcode, in a process of its own, and what it gives has been written by us. */
const uint8_t *__wrap_bitcode_open(struct link *link, const char *name, const void *bytes, size_t size,
                                   size_t *shadow_size)
{
    (void)bytes, (void)size, (void)shadow_size;
    error_add(&link->errors, 1, "%s: bitcode", name);
    return NULL;
}

/* Some of the C library. */
static void add_host_symbols(struct link *link)
{
    static struct host_symbol symbols[] = {{"malloc", HOST_FUNCTION, 0, true},    {"memcpy", HOST_FUNCTION, 0, true},
                                           {"printf", HOST_FUNCTION, 0, false},   {"getenv", HOST_FUNCTION, 0, false},
                                           {"stdout", HOST_DATA, 8, false},       {"environ", HOST_DATA, 8, false},
                                           {"errno", HOST_THREAD_LOCAL, 4, false}};

    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        table_set(&link->arena, &link->host_symbols, symbols[i].name, &symbols[i]);
}

/* Another machine's segment, with some variables of the seeds. */
static void add_like(struct link *link)
{
    static struct named_place places[] = {
        {.name = "calls", .source = "", .address = 0x5000, .size = 8},
        {.name = "shared", .source = "", .address = 0x5040, .size = 64},
        {.name = "table", .source = "", .address = 0x5080, .size = 32},
        {.name = "words", .source = "seed.c", .address = 0x50c0, .size = 24},
    };
    static struct like like;

    like = (struct like){.path = "other.seg", .by_name = places, .count = sizeof places / sizeof *places};
    for (unsigned part = 0; part < FAR_PART_COUNT; part++)
        like.segment.part[part] = (struct far_extent){0x1000u * part, 0x1000};
    like.segment.part[FAR_PART_DATA] = (struct far_extent){0x5000, 0x1000};
    like.layout = (struct data_layout){.valued_end = 0x50a0, .zeroed = 0x50a0, .zeroed_end = 0x5100, .end = 0x6000};
    link->like = &like;
    like_lay_out(link);
    link->like = NULL;
    link->errors =
        (struct errors){.arena = &link->arena}; /* the allocator's archive, which it reads too, is not there */
}

static void must_have_reason(const struct link *link)
{
    if (!link->errors.status != !link->errors.count)
        abort();
}

static bool read_input(struct link *link)
{
    static const struct input_argument argument = {input.path, false};

    link->options.arguments = arena_allocate(&link->arena, sizeof argument);
    link->options.arguments[0] = argument;
    link->options.argument_count = 1;
    if (ftruncate(input.file, 0) || pwrite(input.file, input.bytes, input.size, 0) != (ssize_t)input.size)
        abort();
    inputs_find(link);
    inputs_read(link);
    must_have_reason(link);
    return !link->errors.status && link->machine; /* NULL: there is no object at all, so no record */
}

/* For objects without a record of their own. */
static void adopt_record(struct link *link)
{
    struct made made = make_record(MAKE_PLAIN);

    link->iface = (struct far_iface *)arena_copy(&link->arena, (const char *)made.bytes, made.size);
    link->record = (const uint8_t *)link->iface;
    link->record_size = made.size;
    link->slot_count = link->iface->slot_end;
    free(made.bytes);
}

/* Its operations are the first things that the objects define. */
static void adopt_names(struct link *link)
{
    uint32_t next = 0;

    for (size_t i = 0; i < link->object_count; i++) {
        const struct object *object = link->objects[i];

        for (uint32_t s = object->first_global; s < object->symbol_count && next < link->iface->ops.count; s++) {
            if (object->symbols[s].st_shndx != SHN_UNDEF)
                table_set(&link->arena, &link->globals, iface_string(link->iface, iface_op(link->iface, next++)->name),
                          object->globals[s - object->first_global]);
        }
    }
}

static bool find_record(struct link *link)
{
    bool found;

    record_collect(link);
    must_have_reason(link);
    found = !link->errors.status;
    if (!link->record)
        link->errors = (struct errors){.arena = &link->arena};
    return found || !link->record;
}

/* What farld writes for lld: an object, scripts. */
static bool prepare(struct link *link)
{
    bool adopted = !link->iface;
    size_t exported;

    add_like(link);
    if (adopted)
        adopt_record(link);
    inputs_prescan(link);
    must_have_reason(link);
    if (link->errors.status)
        return false;
    if (glue_write(link, input.scratch) || script_write(link, input.scratch) || !exports_text(link, &exported))
        abort();
    names_read(link);
    must_have_reason(link);
    if (adopted)
        adopt_names(link);
    return !link->errors.status;
}

/* lld takes every object, and leaves undefined what no input defines. */
static void pretend_link(struct link *link)
{
    static const Elf64_Ehdr header = {.e_shnum = 2};
    static const Elf64_Shdr sections[2] = {{.sh_type = SHT_NULL}, {.sh_type = SHT_PROGBITS, .sh_name = 1}};
    struct arena *arena = &link->arena;
    Elf64_Sym *symbols = arena_allocate(arena, (link->wanted_count + 1) * sizeof *symbols);
    const char *trace = "", *names = "";
    size_t at = 1;

    for (size_t i = 0; i < link->object_count && i < 32; i++)
        trace = arena_format(arena, "%s%s\n", trace, link->objects[i]->path);
    for (size_t i = 0; i < link->wanted_count && i < 256; i++) {
        symbols[i + 1].st_name = (uint32_t)at;
        names = arena_format(arena, "%s%s\n", names, link->wanted[i]->name);
        at += strlen(link->wanted[i]->name) + 1;
        link->image.symbol_count = i + 2;
    }
    names = arena_format(arena, "\n%s", names);
    for (char *end = strchr(names, '\n'); end; end = strchr(end + 1, '\n'))
        *end = '\0';
    for (uint32_t i = 0; i < link->iface->ops.count; i++)
        table_set(arena, &link->image.exported, iface_string(link->iface, iface_op(link->iface, i)->name), symbols);
    link->trace = trace;
    link->image.header = &header;
    link->image.bytes = (uint8_t *)(uintptr_t)&header;
    link->image.sections = sections;
    link->image.section_names = "\0.ctors";
    link->image.symbols = symbols;
    link->image.symbol_names = names;
}

/* As far as the next stage can be had without what lld writes, errors or not. */
static void judge(struct link *link)
{
    linked_read(link);
    linked_check(link);
    linked_refuse_thread_locals(link);
    refuse_explain(link);
    refuse_old_sections(link);
    rights_refuse(link);
    refuse_unaligned(link);
    for (uint32_t node = 0; node < link->graph.node_count; node++) {
        if (graph_section(&link->graph, node))
            graph_place_name(link, node, 0);
    }
    symbols_resolve(link);
    hostdata_refuse(link);
    neutrality_decide(link);
    reasons_record(link);
    commands_account(link);
    must_have_reason(link);
}

static void begin(void)
{
    int scratch = memfd_create("scratch", MFD_CLOEXEC);

    input.file = memfd_create("input", MFD_CLOEXEC);
    if (input.file < 0 || scratch < 0)
        abort();
    snprintf(input.path, sizeof input.path, "/proc/self/fd/%d", input.file);
    snprintf(input.scratch, sizeof input.scratch, "/proc/self/fd/%d", scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct link link = {.prefix = "/nowhere", .workplace = input.scratch};

    if (!input.path[0])
        begin();
    link.errors.arena = &link.arena;
    link.options.room = 50;
    input.bytes = malloc(size ? size : 1);
    if (!input.bytes)
        abort();
    memcpy(input.bytes, data, size);
    input.size = size;
    add_host_symbols(&link);
    if (read_input(&link) && find_record(&link) && prepare(&link)) {
        pretend_link(&link);
        judge(&link);
    }
    arena_free(&link.arena);
    free(input.bytes);
    return 0;
}
