/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What is neutral is decided by what farld reads of the objects, what a segment does by what lld reads of them. Where the
 * two do not agree, an operation could be taken for a neutral one that is not. So every command that names something outside
 * of the segment must be asked for by a relocation that farld has read.
 */
#include <string.h>
#include <sysexits.h>

#include "linker-plugin/farld.h"

static void note_references(const struct object *object, const unaligned_shdr *section)
{
    const unaligned_rela *relocations = (const unaligned_rela *)(object->bytes + section->sh_offset);

    for (size_t i = 0; i < section->sh_size / sizeof *relocations; i++) {
        uint64_t symbol = ELF64_R_SYM(relocations[i].r_info);

        if (symbol >= object->first_global && symbol < object->symbol_count && symbol > 0)
            object->globals[symbol - object->first_global]->referred = true;
    }
}

/* Unwind tables, too: they name the function that handles exceptions. */
static void note_references_of(const struct object *object)
{
    for (uint32_t i = 1; i < object->section_count; i++) {
        const unaligned_shdr *section = &object->sections[i];

        if (section->sh_type == SHT_RELA && section->sh_info < object->section_count &&
            object->sections[section->sh_info].sh_flags & SHF_ALLOC)
            note_references(object, section);
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
    for (size_t i = 0; i < link->graph.object_count; i++)
        note_references_of(link->graph.objects[i]);
    for (size_t i = 0; i < link->command_count; i++) {
        const struct command *command = &link->commands[i];

        if (!is_accounted_for(link, command))
            return error_add(&link->errors, EX_SOFTWARE,
                             "the segment refers to '%s', but no relocation that farld has read does; an input is of a "
                             "kind that farld does not know, and what is neutral cannot be decided",
                             command->code == FAR_RELOC_BIND ? command->name2 : command->name);
    }
    return 0;
}
