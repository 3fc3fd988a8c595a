/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What is neutral is decided by what farld reads of the objects, what a segment does by what lld reads of them. Where the
 * two do not agree, an operation could be taken for a neutral one that is not. So every command that names something outside
 * of the segment must be asked for by a relocation that farld has read.
 */
#include <string.h>
#include <sysexits.h>

#include "linker-plugin/farld.h"

/*
 * An operation's address is its stub's, so what is behind it in its code has another distance from there. In code the
 * compiler adds to what it reads from a word; in data the sum is all that lld leaves, and no operation's address any more.
 */
static void refuse_place_behind(struct link *link, const struct object *object, const unaligned_shdr *section,
                                const unaligned_rela *relocation)
{
    uint32_t node = object->first_node + section->sh_info;

    if (link->machine->relocation_kind((uint32_t)ELF64_R_TYPE(relocation->r_info)) != RELOCATION_WORD ||
        !graph_mark(link)[node])
        return;
    error_add(
        &link->errors, EX_DATAERR,
        "%s:(%s), in %s: the address of operation '%s' and %lld bytes more: an operation's address is its stub's, "
        "and nothing of it is behind that; keep the address itself",
        object->name, object_section_name(object, section->sh_info), graph_place_name(link, node, relocation->r_offset),
        object_symbol_name(object, (uint32_t)ELF64_R_SYM(relocation->r_info)), (long long)relocation->r_addend);
}

static void refuse_places_behind(struct link *link, const struct object *object, const unaligned_shdr *section)
{
    const unaligned_rela *relocations = (const unaligned_rela *)(object->bytes + section->sh_offset);

    for (size_t i = 0; i < section->sh_size / sizeof *relocations; i++) {
        uint64_t symbol = ELF64_R_SYM(relocations[i].r_info);

        if (symbol >= object->first_global && symbol < object->symbol_count && symbol && relocations[i].r_addend &&
            object->globals[symbol - object->first_global]->is_operation)
            refuse_place_behind(link, object, section, &relocations[i]);
    }
}

static void check_places_behind(struct link *link, const struct object *object)
{
    for (uint32_t i = 1; i < object->section_count; i++) {
        const unaligned_shdr *section = &object->sections[i];

        if (section->sh_type == SHT_RELA && section->sh_info < object->section_count &&
            object->sections[section->sh_info].sh_flags & SHF_ALLOC)
            refuse_places_behind(link, object, section);
    }
}

/* By relocations of all that is loaded, as survey.c has read them. */
static void note_references(struct link *link, const struct object *object)
{
    bool behind_operation = false;

    for (uint32_t i = 0; i < object->symbol_count - object->first_global; i++) {
        unsigned uses = object->survey->uses[i];
        struct global *global = uses ? object->globals[i] : NULL;

        if (!global)
            continue;
        global->referred = true;
        behind_operation = behind_operation || (uses & SURVEY_USED_BEHIND && global->is_operation);
    }
    if (behind_operation)
        check_places_behind(link, object);
}

static void mark_operations(struct link *link)
{
    for (uint32_t i = 0; i < link->iface->ops.count; i++) {
        struct global *global = table_find(&link->globals, link->operations[i].name);

        if (global && link->operations[i].defined_by)
            global->is_operation = true;
    }
}

static bool is_referred(const struct link *link, const char *name)
{
    const struct global *global = table_find(&link->globals, name);

    return global && global->referred;
}

static bool is_accounted_for(struct link *link, const struct command *command)
{
    switch (command->code) {
    case FAR_RELOC_HOST:
    case FAR_RELOC_COPY:
        return is_referred(link, command->name);
    case FAR_RELOC_BIND:
        return is_referred(link, command->name2) ||
               is_referred(link, arena_format(&link->arena, FAR_STUB_SYMBOL_PREFIX "%s", command->name2));
    default:
        return true;
    }
}

int commands_account(struct link *link)
{
    mark_operations(link);
    for (size_t i = 0; i < link->graph.object_count; i++)
        note_references(link, link->graph.objects[i]);
    for (size_t i = 0; i < link->command_count; i++) {
        const struct command *command = &link->commands[i];

        if (!is_accounted_for(link, command))
            return error_add(&link->errors, EX_SOFTWARE,
                             "the segment refers to '%s', but no relocation that farld has read does; an input is of a "
                             "kind that farld does not know, and what is neutral cannot be decided",
                             command->code == FAR_RELOC_BIND ? command->name2 : command->name);
    }
    return link->errors.status;
}
