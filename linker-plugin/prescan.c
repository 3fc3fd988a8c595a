/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Before the link: what must be known so that it can succeed, from the objects' tables of symbols and sections alone.
 * Data objects of the host that an input refers to are defined by the glue, as copies in the linkage; otherwise lld
 * refuses the PC-relative references to them that code built for programs has. What no linked code uses is dropped again
 * by --gc-sections. Functions that may need a thunk are counted, so that the glue has room for them. lld waits for this,
 * so what can be done while it runs is elsewhere (names.c).
 */
#include "linker-plugin/farld.h"
#include "linker-plugin/script.h"

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

static void note_version(struct link *link, const char *name)
{
    const char *version = strrchr(name, '@');

    if (!version || !*++version || table_find(&link->versions, version))
        return;
    table_set(&link->arena, &link->versions, version, (void *)(uintptr_t)version);
    *LIST_ADD(&link->arena, link->version_names, link->version_count) = version;
}

static void scan_versions(struct link *link, struct object *object)
{
    object->has_versions = memchr(object->symbol_names, '@', object->symbol_names_size) != NULL;
    for (uint32_t i = object->first_global; object->has_versions && i < object->symbol_count; i++) {
        if (object->symbols[i].st_shndx != SHN_UNDEF)
            note_version(link, object_symbol_name(object, i));
    }
}

static void scan_kinds(struct link *link, const struct object *object)
{
    for (uint32_t i = 1; i < object->symbol_count; i++) {
        unsigned type = ELF64_ST_TYPE(object->symbols[i].st_info), section = object->symbols[i].st_shndx;

        if (type == STT_TLS || type == STT_GNU_IFUNC)
            scan_kind(link, object, i);
        else if (section == SHN_COMMON)
            link->has_section[SECTION_KIND_COMMON] = true;
        else if (section >= SHN_LOPROC && section <= SHN_HIPROC)
            link->has_section[SECTION_KIND_UNUSUAL] = true;
    }
}

void object_scan_symbols(struct link *link, struct object *object)
{
    if (object->symbols)
        scan_versions(link, object);
    scan_kinds(link, object);
}

static bool starts_with(const char *name, const char *prefix)
{
    return !strncmp(name, prefix, strlen(prefix));
}

/* ".text", ".text.f" */
static bool is_of(const char *name, const char *stem)
{
    size_t length = strlen(stem);

    return !strncmp(name, stem, length) && (name[length] == '\0' || name[length] == '.');
}

/* Of those lld groups, and of those that are dropped: the short script has a place for them (script_short.c). */
static bool is_usual(const char *name)
{
    static const char *const stems[] = {".rodata", ".data", ".bss", ".gcc_except_table", ".init_array", ".fini_array"};
    static const char *const names[] = {".eh_frame", ".note.gnu.property", FAR_SECTION_IFACE, FAR_SECTION_NOTES};

    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++) {
        if (is_of(name, stems[i]))
            return true;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!strcmp(name, names[i]))
            return true;
    }
    return false;
}

static void note_unusual(struct link *link, const unaligned_shdr *section, const char *name)
{
    if (!(section->sh_flags & SHF_ALLOC))
        return;
    if (starts_with(name, ".rodata.far_string."))
        link->has_section[SECTION_KIND_STRINGS] = true;
    else if (!is_of(name, ".text") && !is_usual(name))
        link->has_section[SECTION_KIND_UNUSUAL] = true;
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

        note_unusual(link, &object->sections[i], name);
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

/* A name of the host's or of lld's that an input wants. */
struct wish {
    const char *name;
    const struct host_symbol *symbol; /* NULL: it is lld's */
    bool defined;                     /* by an input, linked or not */
};

struct wishes {
    struct link *link;
    struct table by_name;
    struct wish **list;
    size_t count;
};

static void wish_for(struct wishes *wishes, const char *name)
{
    struct link *link = wishes->link;
    const struct host_symbol *symbol = table_find(&link->host_symbols, name);
    void **place;

    if (!symbol && !script_is_lld_symbol(name))
        return;
    place = table_place(&link->arena, &wishes->by_name, name);
    if (*place)
        return;
    *place = *LIST_ADD(&link->arena, wishes->list, wishes->count) = arena_allocate(&link->arena, sizeof(struct wish));
    *wishes->list[wishes->count - 1] = (struct wish){.name = name, .symbol = symbol};
}

static void collect_wishes(struct wishes *wishes, const struct object *object)
{
    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        if (object->symbols[i].st_shndx == SHN_UNDEF)
            wish_for(wishes, object_symbol_name(object, i));
    }
}

static void grant_wishes(const struct wishes *wishes, const struct object *object)
{
    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        struct wish *wish = object->symbols[i].st_shndx == SHN_UNDEF
                                ? NULL
                                : table_find(&wishes->by_name, object_symbol_name(object, i));

        if (wish)
            wish->defined = true;
    }
}

static void plan_wish(struct link *link, const struct wish *wish)
{
    const struct host_symbol *symbol = wish->symbol;

    if (wish->defined)
        return;
    if (script_is_lld_symbol(wish->name))
        link->has_section[SECTION_KIND_UNUSUAL] = true;
    if (symbol && symbol->kind == HOST_FUNCTION)
        link->thunk_room++;
    if (symbol && symbol->kind == HOST_DATA && symbol->size && !hostdata_is_own(symbol->name) &&
        !table_find(&link->imported_ops, symbol->name))
        LIST_ADD(&link->arena, link->copies, link->copy_count)->symbol = symbol;
}

static void plan_wishes(struct link *link)
{
    struct wishes wishes = {.link = link};

    for (size_t i = 0; i < link->object_count; i++)
        collect_wishes(&wishes, link->objects[i]);
    for (size_t i = 0; wishes.count && i < link->object_count; i++)
        grant_wishes(&wishes, link->objects[i]);
    for (size_t i = 0; i < wishes.count; i++)
        plan_wish(link, wishes.list[i]);
}

int inputs_prescan(struct link *link)
{
    for (size_t i = 0; i < link->object_count; i++) {
        scan_sections(link, link->objects[i]);
        object_scan_symbols(link, link->objects[i]);
    }
    plan_wishes(link);
    link->thunk_room = rounded_room(link->thunk_room);
    if (link->copy_count)
        qsort(link->copies, link->copy_count, sizeof *link->copies, by_name);
    return link->errors.status;
}
