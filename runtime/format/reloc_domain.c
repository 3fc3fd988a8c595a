/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The part of a relocation stream that a domain needs, as a stream of its own. */
#include "runtime/segment.h"

#include <stdbool.h>
#include <string.h>

struct writer {
    const struct far_reloc_header *from;
    uint8_t *out; /* NULL: only sizes are wanted */
    size_t commands, strings;
    const struct far_reloc *last; /* the command written before this one, and its names' new offsets */
    uint32_t last_name, last_name2;
};

static bool is_for_domain(const struct far_reloc *command)
{
    return command->code == FAR_RELOC_CHECK || command->code > FAR_RELOC_LAST_NODE;
}

static size_t size_of(const struct far_reloc *command)
{
    return sizeof *command + command->count * sizeof(uint64_t);
}

/* Neighbours often share a name: a service's operations. */
static uint32_t put_string(struct writer *writer, uint32_t offset, uint32_t last_offset, uint32_t last_put)
{
    if (!offset || (last_put && offset == last_offset))
        return offset ? last_put : 0;
    const char *text = segment_reloc_string(writer->from, offset);
    size_t at = writer->strings, size = strlen(text) + 1;
    if (writer->out)
        memcpy(writer->out + at, text, size);
    writer->strings += size;
    return (uint32_t)at;
}

static void put_command(struct writer *writer, const struct far_reloc *command)
{
    const struct far_reloc *last = writer->last;
    struct far_reloc changed = *command;
    writer->last_name = put_string(writer, command->name, last ? last->name : 0, writer->last_name);
    writer->last_name2 = put_string(writer, command->name2, last ? last->name2 : 0, writer->last_name2);
    changed.name = writer->last_name;
    changed.name2 = writer->last_name2;
    writer->last = command;
    if (writer->out) {
        memcpy(writer->out + writer->commands, &changed, sizeof changed);
        memcpy(writer->out + writer->commands + sizeof changed, command + 1, size_of(command) - sizeof changed);
    }
    writer->commands += size_of(command);
}

static struct far_reloc_header header_of(const struct far_reloc_header *stream)
{
    struct far_reloc_header header = {
        .magic = "FARRELOC", .version = FAR_FORMAT_VERSION, .node_end = sizeof header, .command_end = sizeof header};
    const struct far_reloc *at = NULL;
    while ((at = segment_next_reloc(stream, at))) {
        if (!is_for_domain(at)) {
            at = segment_first_domain_reloc(stream); /* behind CHECK comes only what is done once a node */
            if (!at)
                break;
        }
        header.command_count++;
        header.command_end += (uint32_t)size_of(at);
        if (at->code <= FAR_RELOC_LAST_NODE)
            header.node_end = header.command_end;
    }
    return header;
}

size_t segment_domain_stream(const struct far_reloc_header *stream, void *out)
{
    struct far_reloc_header header = header_of(stream);
    struct writer writer = {.from = stream, .out = out, .commands = sizeof header, .strings = header.command_end};
    const struct far_reloc *at = NULL;
    while ((at = segment_next_reloc(stream, at))) {
        if (!is_for_domain(at) && !(at = segment_first_domain_reloc(stream)))
            break;
        put_command(&writer, at);
    }
    header.size = (uint32_t)writer.strings;
    if (out)
        memcpy(out, &header, sizeof header);
    return writer.strings;
}
