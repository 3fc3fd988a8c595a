/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Relocation commands: checked once, then walked in one linear pass by whoever applies them. What a checked stream says
 * about places is believed; the words that REBASE changes are checked against the image in segment.c, which has them.
 */
#include "runtime/format/complain.h"
#include "runtime/iface.h"
#include "runtime/segment.h"

#include <string.h>

#define SYMBOL_LIMIT 1024 /* bytes of a name, NUL included: C++ names are long */

struct reloc_walk {
    const uint8_t *stream;
    const struct far_reloc_header *header;
    const struct far_extent *part;
    struct complaint to;
};

static int bad_command(const struct reloc_walk *walk, const struct far_reloc *command, const char *what)
{
    const char *name = far_reloc_name(command->code);
    return complain(&walk->to,
                    "relocation commands: %s at offset %zu of " FAR_SECTION_RELOC ": %s; link the segment again",
                    name ? name : "unknown command", (size_t)((const uint8_t *)command - walk->stream), what);
}

static bool is_name(const struct reloc_walk *walk, uint32_t offset, size_t limit)
{
    if (offset < walk->header->command_end || offset >= walk->header->size)
        return false;
    size_t room = walk->header->size - offset;
    return text_is_symbol((const char *)walk->stream + offset, room < limit ? room : limit);
}

/* The linkage header is the gate's own: no command may write there. */
static bool is_inside_part(const struct reloc_walk *walk, enum far_part part, uint64_t where, uint64_t size)
{
    const struct far_extent *extent = &walk->part[part];
    uint64_t keep = part == FAR_PART_LINKAGE ? FAR_LINKAGE_HEADER : 0;
    if (where < extent->address || where - extent->address < keep)
        return false;
    return range_inside(where - extent->address, size, extent->size);
}

static bool is_word(const struct reloc_walk *walk, uint64_t where)
{
    return where % 8 == 0 &&
           (is_inside_part(walk, FAR_PART_CONST, where, 8) || is_inside_part(walk, FAR_PART_LINKAGE, where, 8) ||
            is_inside_part(walk, FAR_PART_DATA, where, 8));
}

static const char *rebase_mistake(const struct reloc_walk *walk, const struct far_reloc *command)
{
    const uint64_t *bitmap = (const uint64_t *)(command + 1);
    uint64_t span;
    if (command->name || command->name2 || command->value)
        return "fields that must be 0 are not";
    if (command->where % 8 || __builtin_add_overflow(command->where, (uint64_t)command->count * 512, &span))
        return "its first word's address is not a multiple of 8, or too large";
    for (uint32_t j = 0; j < command->count; j++) {
        for (uint64_t left = bitmap[j]; left; left &= left - 1) {
            unsigned bit = (unsigned)__builtin_ctzll(left);
            if (!is_word(walk, command->where + 8 * (64 * (uint64_t)j + bit)))
                return "it changes a word outside const, linkage and data";
        }
    }
    return NULL;
}

static const char *word_mistake(const struct reloc_walk *walk, const struct far_reloc *command)
{
    bool linkage_only = command->code == FAR_RELOC_HOST;
    if (!is_word(walk, command->where) || (linkage_only && !is_inside_part(walk, FAR_PART_LINKAGE, command->where, 8)))
        return linkage_only ? "its word is not in linkage" : "its word is not in const, linkage or data";
    if (command->code == FAR_RELOC_BIND)
        return is_name(walk, command->name, FAR_NAME_MAX + 1) && is_name(walk, command->name2, SYMBOL_LIMIT)
                   ? NULL
                   : "its service or operation has no proper name";
    if (!is_name(walk, command->name, SYMBOL_LIMIT))
        return "its symbol has no proper name";
    return command->name2 ? "fields that must be 0 are not" : NULL;
}

static const char *copy_mistake(const struct reloc_walk *walk, const struct far_reloc *command)
{
    if (command->where % 8 || command->value == 0 ||
        !is_inside_part(walk, FAR_PART_LINKAGE, command->where, command->value))
        return "its bytes are not in linkage";
    if (!is_name(walk, command->name, SYMBOL_LIMIT))
        return "its symbol has no proper name";
    return command->name2 ? "fields that must be 0 are not" : NULL;
}

static const char *check_mistake(const struct reloc_walk *walk, const struct far_reloc *command)
{
    if (!is_name(walk, command->name, FAR_NAME_MAX + 1) || !is_name(walk, command->name2, SYMBOL_LIMIT))
        return "its service or operation has no proper name";
    return command->where ? "fields that must be 0 are not" : NULL;
}

static const char *command_mistake(const struct reloc_walk *walk, const struct far_reloc *command)
{
    bool counts = command->code == FAR_RELOC_REBASE || command->code == FAR_RELOC_CHECK;
    if (!counts && command->count)
        return "fields that must be 0 are not";
    switch (command->code) {
    case FAR_RELOC_REBASE:
        return rebase_mistake(walk, command);
    case FAR_RELOC_BIND:
    case FAR_RELOC_STUB:
    case FAR_RELOC_HOST:
        return word_mistake(walk, command);
    case FAR_RELOC_COPY:
        return copy_mistake(walk, command);
    case FAR_RELOC_CHECK:
        return check_mistake(walk, command);
    default:
        return "there is no such command";
    }
}

/* Bytes of a command with its bitmap; the count was read once from memory that does not change. */
static uint64_t command_size(const struct far_reloc *command)
{
    return sizeof *command + (command->code == FAR_RELOC_REBASE ? (uint64_t)command->count * 8 : 0);
}

static int check_commands(const struct reloc_walk *walk)
{
    uint32_t at = sizeof *walk->header, end = walk->header->command_end;
    for (uint32_t i = 0; i < walk->header->command_count; i++) {
        const struct far_reloc *command = (const struct far_reloc *)(walk->stream + at);
        if (end - at < sizeof *command || end - at < command_size(command))
            return complain(&walk->to,
                            "relocation commands: command %u of %u does not fit before offset %u of " FAR_SECTION_RELOC
                            "; the file is damaged, link the segment again",
                            i + 1, walk->header->command_count, end);
        const char *mistake = command_mistake(walk, command);
        if (mistake)
            return bad_command(walk, command, mistake);
        at += (uint32_t)command_size(command);
    }
    if (at != end)
        return complain(&walk->to,
                        "relocation commands: %u bytes between the last command and the strings; link the "
                        "segment again",
                        end - at);
    return 0;
}

int segment_reloc_check(const void *stream, size_t size, const struct far_extent part[FAR_PART_COUNT], char *why,
                        size_t why_size)
{
    const struct far_reloc_header *header = stream;
    const struct reloc_walk walk = {stream, header, part, {why, why_size}};
    if ((uintptr_t)stream % 8)
        return complain(&walk.to, "relocation commands: " FAR_SECTION_RELOC " is not aligned to 8 bytes");
    if (size < sizeof *header || size > UINT32_MAX || memcmp(header->magic, "FARRELOC", sizeof header->magic) != 0)
        return complain(&walk.to, "relocation commands: " FAR_SECTION_RELOC " does not start with FARRELOC");
    if (header->version != FAR_FORMAT_VERSION)
        return complain(&walk.to,
                        "relocation commands: version %u, but this program reads version %d; link the segment again",
                        header->version, FAR_FORMAT_VERSION);
    if (header->size != size || header->command_end < sizeof *header || header->command_end > size ||
        header->command_end % 8)
        return complain(&walk.to,
                        "relocation commands: the header says %u bytes with strings from %u on, but there are %zu; "
                        "the file is truncated or damaged",
                        header->size, header->command_end, size);
    return check_commands(&walk);
}

const struct far_reloc *segment_next_reloc(const struct far_reloc_header *stream, const struct far_reloc *previous)
{
    const uint8_t *start = (const uint8_t *)stream;
    const uint8_t *next = previous ? (const uint8_t *)previous + command_size(previous) : start + sizeof *stream;
    return next < start + stream->command_end ? (const struct far_reloc *)next : NULL;
}

const char *segment_reloc_string(const struct far_reloc_header *stream, uint32_t offset)
{
    return offset ? (const char *)stream + offset : "";
}
