/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What an object says by itself, whatever else is linked: which section refers to which, by small numbers and each once; which
 * names its relocations use. It is read while lld runs, as far as there is time, and saves several walks over all
 * relocations after it.
 */
#include "linker-plugin/farld.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define WORTH_MAPPING ((uintptr_t)64 << 10)

/* A compiler writes the relocations one after the other. To save time only: else each page is mapped at its first use. */
static void map_relocations(const struct object *object)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = UINTPTR_MAX, end = 0;

    for (uint32_t i = 1; i < object->section_count; i++) {
        const unaligned_shdr *section = &object->sections[i];
        uintptr_t start = (uintptr_t)object->bytes + section->sh_offset;

        if (section->sh_type != SHT_RELA || section->sh_size == 0)
            continue;
        first = start < first ? start : first;
        end = start + section->sh_size > end ? start + section->sh_size : end;
    }
    if (end > first + WORTH_MAPPING)
        madvise((void *)(first & ~(page - 1)), end - (first & ~(page - 1)), MADV_POPULATE_READ);
}

/* Unwind tables and debug information refer to all functions and call none. */
static bool is_followed(const struct object *object, uint32_t section)
{
    return object->sections[section].sh_flags & SHF_ALLOC &&
           strcmp(object_section_name(object, section), ".eh_frame") != 0;
}

static bool holds_relocations(const struct object *object, uint32_t section)
{
    const unaligned_shdr *header = &object->sections[section];

    return header->sh_type == SHT_RELA && header->sh_info && header->sh_info < object->section_count &&
           object->sections[header->sh_info].sh_flags & SHF_ALLOC;
}

struct surveyor {
    const struct object *object;
    struct survey *survey;
    uint32_t *seen; /* by section, then by name: the section that was the last to refer to it */
    uint32_t *edges;
    size_t count, room;
};

/* Not as many as there are relocations: a damaged object can say that it has any number of them, in the same bytes. */
static void make_room(struct surveyor *surveyor)
{
    uint32_t *more;

    surveyor->room = surveyor->room ? 2 * surveyor->room : 1024;
    more = realloc(surveyor->edges, surveyor->room * sizeof *more);
    if (!more)
        memory_exhausted();
    surveyor->edges = more;
}

static void add_edge(struct surveyor *surveyor, uint32_t from, uint32_t place, uint32_t edge)
{
    if (surveyor->seen[place] == from)
        return;
    surveyor->seen[place] = from;
    if (surveyor->count == surveyor->room)
        make_room(surveyor);
    surveyor->edges[surveyor->count++] = edge;
}

/* Unwind tables use names, too: that of the function that handles exceptions. */
static void survey_relocation(struct surveyor *surveyor, uint32_t from, bool followed, const unaligned_rela *relocation)
{
    const struct object *object = surveyor->object;
    uint64_t symbol = ELF64_R_SYM(relocation->r_info);
    uint32_t global, section;

    if (symbol == 0 || symbol >= object->symbol_count)
        return;
    if (symbol >= object->first_global) {
        global = (uint32_t)symbol - object->first_global;
        surveyor->survey->uses[global] |= relocation->r_addend ? SURVEY_USED | SURVEY_USED_BEHIND : SURVEY_USED;
        if (followed)
            add_edge(surveyor, from, object->section_count + global, EDGE_GLOBAL | global);
    } else if (followed && (section = object_symbol_section(object, (uint32_t)symbol))) {
        add_edge(surveyor, from, section, section);
    }
}

static void survey_section(struct surveyor *surveyor, uint32_t index)
{
    const unaligned_shdr *section = &surveyor->object->sections[index];
    const unaligned_rela *relocations = (const unaligned_rela *)(surveyor->object->bytes + section->sh_offset);
    uint32_t from = section->sh_info;
    bool followed = surveyor->survey->sections[from].relocations == index;
    size_t before = surveyor->count;

    for (size_t i = 0; i < section->sh_size / sizeof *relocations; i++)
        survey_relocation(surveyor, from, followed, &relocations[i]);
    if (followed) {
        surveyor->survey->sections[from].first_edge = before;
        surveyor->survey->sections[from].edge_count = (uint32_t)(surveyor->count - before);
    }
}

/* Which section holds whose relocations. */
static void find_relocations(const struct object *object, struct survey *survey)
{
    for (uint32_t i = 1; i < object->section_count; i++) {
        if (holds_relocations(object, i) && is_followed(object, object->sections[i].sh_info))
            survey->sections[object->sections[i].sh_info].relocations = i;
    }
}

static void survey_sections(struct link *link, struct surveyor *surveyor)
{
    const struct object *object = surveyor->object;
    size_t places = (size_t)object->section_count + object->symbol_count;

    surveyor->seen = calloc(places + 1, sizeof *surveyor->seen);
    if (!surveyor->seen)
        memory_exhausted();
    for (uint32_t i = 1; i < object->section_count; i++) {
        if (holds_relocations(object, i))
            survey_section(surveyor, i);
    }
    surveyor->survey->edges = arena_allocate(&link->arena, surveyor->count * sizeof *surveyor->edges);
    if (surveyor->count)
        memcpy(surveyor->survey->edges, surveyor->edges, surveyor->count * sizeof *surveyor->edges);
    free(surveyor->edges);
    free(surveyor->seen);
}

static void survey_kinds(const struct object *object, struct survey *survey)
{
    for (uint32_t i = 1; i < object->section_count; i++) {
        const char *name = object_section_name(object, i);

        if (linked_other_relocations(object, i))
            survey->has_other_relocations = true;
        if (name[0] == '.' && rights_is_of_linkers(name))
            survey->has_linkers_name = true;
    }
}

void survey_object(struct link *link, struct object *object)
{
    struct survey *survey = arena_allocate(&link->arena, sizeof *survey);
    struct surveyor surveyor = {.object = object, .survey = survey};

    map_relocations(object);
    survey->sections = arena_allocate(&link->arena, object->section_count * sizeof *survey->sections);
    survey->uses = arena_allocate(&link->arena, object->symbol_count - object->first_global + (size_t)1);
    find_relocations(object, survey);
    survey_sections(link, &surveyor);
    survey_kinds(object, survey);
    object->survey = survey;
}

static bool lld_has_ended(const struct link *link)
{
    siginfo_t about = {0};

    return waitid(P_PID, (id_t)link->lld, &about, WEXITED | WNOHANG | WNOWAIT) || about.si_pid;
}

/* Members of archives come last: they may not be linked, and those that are can be read when that is known. */
void survey_inputs(struct link *link)
{
    for (int archives = 0; archives < 2; archives++) {
        for (size_t i = 0; i < link->object_count; i++) {
            if (link->objects[i]->in_archive != archives)
                continue;
            if (lld_has_ended(link))
                return;
            survey_object(link, link->objects[i]);
        }
    }
}
