/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The relocation stream: words that hold addresses become bitmaps, words that get the same value one command, all in the
 * one order that segment_reloc_check() accepts.
 */
#include "linker-plugin/farld.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define FEW_WORDS 8
#define RUN_GAP   4 /* empty bitmap words (8 bytes each) that cost no more than another REBASE command of 32 bytes */

/* A command as it will be written. */
struct group {
    enum far_reloc_code code;
    uint64_t value;
    const char *name, *name2;
    uint64_t *words;
    size_t count;
};

struct stream {
    struct link *link;
    struct group *groups;
    size_t group_count;
    struct table offsets; /* of strings, from command_end on */
    const char **strings; /* each once, in order of first use */
    size_t string_count, string_size;
};

static int by_address(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

    return (one > other) - (one < other);
}

static int by_text(const char *one, const char *other)
{
    if (one == other)
        return 0;
    return strcmp(one ? one : "", other ? other : "");
}

/* What one command says to all its words. */
static int by_meaning(const struct command *one, const struct command *other)
{
    int order = (int)one->code - (int)other->code;

    order = order ? order : by_text(one->name, other->name);
    order = order ? order : by_text(one->name2, other->name2);
    return order ? order : (one->value > other->value) - (one->value < other->value);
}

/* Copies are in the order of their addresses, the others in that of what they say. */
static int application_order(const void *a, const void *b)
{
    const struct command *one = a, *other = b;
    bool copies = one->code == FAR_RELOC_COPY && other->code == FAR_RELOC_COPY;
    int order = copies ? 0 : by_meaning(one, other);

    return order ? order : (one->where > other->where) - (one->where < other->where);
}

static struct group *add_group(struct stream *stream, enum far_reloc_code code, size_t room)
{
    struct group *group = LIST_ADD(&stream->link->arena, stream->groups, stream->group_count);

    group->code = code;
    group->words = arena_allocate(&stream->link->arena, room * sizeof *group->words);
    return group;
}

/* How many of the words from `first` on one REBASE takes: up to a long gap. */
static size_t run_length(const uint64_t *words, size_t count, size_t first)
{
    size_t next = first + 1;

    while (next < count && words[next] / FAR_REBASE_SPAN - words[next - 1] / FAR_REBASE_SPAN <= RUN_GAP + 1)
        next++;
    return next - first;
}

static void add_run(struct stream *stream, const uint64_t *words, size_t count)
{
    uint64_t start = words[0] / FAR_REBASE_SPAN, end = words[count - 1] / FAR_REBASE_SPAN;
    struct group *group = add_group(stream, FAR_RELOC_REBASE, end - start + 2);

    group->count = end - start + 2;
    group->words[0] = start * FAR_REBASE_SPAN;
    for (size_t i = 0; i < count; i++)
        group->words[1 + words[i] / FAR_REBASE_SPAN - start] |= (uint64_t)1 << words[i] % FAR_REBASE_SPAN / 8;
}

static size_t sorted_length(const uint64_t *words, size_t count)
{
    size_t length = 1;

    while (length < count && words[length - 1] <= words[length])
        length++;
    return length;
}

/* lld has its words in order; a few others are put among them. */
static void sort_words(uint64_t *words, size_t count)
{
    size_t sorted = sorted_length(words, count);

    if (count > sorted + FEW_WORDS) {
        qsort(words, count, sizeof *words, by_address);
        return;
    }
    for (; sorted < count; sorted++) {
        uint64_t word = words[sorted];
        size_t to = sorted;

        while (to > 0 && words[to - 1] > word)
            to--;
        memmove(words + to + 1, words + to, (sorted - to) * sizeof *words);
        words[to] = word;
    }
}

static void add_rebases(struct stream *stream)
{
    uint64_t *words = stream->link->rebased;
    size_t count = stream->link->rebased_count;

    sort_words(words, count);
    for (size_t first = 0; first < count;) {
        size_t length = run_length(words, count, first);

        add_run(stream, words + first, length);
        first += length;
    }
}

/* How many of the commands from `first` on are one in the stream. */
static size_t same_meaning(const struct command *commands, size_t end, size_t first)
{
    bool is_alone = commands[first].code == FAR_RELOC_CHECK || commands[first].code == FAR_RELOC_COPY;
    size_t next = first + 1;

    while (!is_alone && next < end && !by_meaning(&commands[first], &commands[next]))
        next++;
    return next - first;
}

static void add_commands(struct stream *stream, size_t first, size_t end)
{
    const struct command *commands = stream->link->commands;

    while (first < end) {
        size_t length = same_meaning(commands, end, first);
        const uint64_t *fails = commands[first].fails;
        struct group *group = add_group(stream, commands[first].code, length + (fails != NULL));

        group->value = commands[first].value;
        group->name = commands[first].name;
        group->name2 = commands[first].name2;
        group->count = length;
        for (size_t i = 0; i < length; i++)
            group->words[i] = commands[first + i].where;
        if (fails)
            group->words[group->count++] = *fails;
        first += length;
    }
}

static void make_groups(struct stream *stream)
{
    struct command *commands = stream->link->commands;
    size_t count = stream->link->command_count, checks = 0;

    if (count)
        qsort(commands, count, sizeof *commands, application_order);
    while (checks < count && commands[checks].code < FAR_RELOC_REBASE)
        checks++;
    add_commands(stream, 0, checks);
    add_rebases(stream);
    add_commands(stream, checks, count);
}

static void add_string(struct stream *stream, const char *text)
{
    struct arena *arena = &stream->link->arena;

    if (!text || table_find(&stream->offsets, text))
        return;
    /* One more than the offset: NULL is what table_find() says when there is none. */
    table_set(arena, &stream->offsets, text, (void *)(uintptr_t)(stream->string_size + 1));
    *LIST_ADD(arena, stream->strings, stream->string_count) = text;
    stream->string_size += strlen(text) + 1;
}

static uint32_t string_offset(const struct stream *stream, const struct far_reloc_header *header, const char *text)
{
    return text ? header->command_end + (uint32_t)((uintptr_t)table_find(&stream->offsets, text) - 1) : 0;
}

static size_t group_size(const struct group *group)
{
    return sizeof(struct far_reloc) + group->count * sizeof *group->words;
}

/* Sizes, in more bits than the file has for them. */
static int make_header(struct stream *stream, struct far_reloc_header *header)
{
    size_t size = sizeof *header, node_end = size;

    for (size_t i = 0; i < stream->group_count; i++) {
        const struct group *group = &stream->groups[i];

        add_string(stream, group->name);
        add_string(stream, group->name2);
        size += group_size(group);
        if (group->code <= FAR_RELOC_LAST_NODE)
            node_end = size;
    }
    if (size + stream->string_size > UINT32_MAX)
        return error_add(&stream->link->errors, EX_DATAERR,
                         "the segment has too many relocations: their commands would be %zu bytes, and at most 4 GiB "
                         "fit into one",
                         size + stream->string_size);
    *header = (struct far_reloc_header){.magic = "FARRELOC",
                                        .version = FAR_FORMAT_VERSION,
                                        .size = (uint32_t)(size + stream->string_size),
                                        .command_count = (uint32_t)stream->group_count,
                                        .node_end = (uint32_t)node_end,
                                        .command_end = (uint32_t)size};
    return 0;
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t size)
{
    return (uint8_t *)memcpy(at, bytes, size) + size;
}

int stream_encode(struct link *link, uint8_t **bytes, size_t *size)
{
    struct stream stream = {.link = link};
    struct far_reloc_header header = {0};
    uint8_t *at;

    make_groups(&stream);
    if (make_header(&stream, &header))
        return link->errors.status;
    *size = header.size;
    at = *bytes = arena_allocate(&link->arena, header.size);
    at = put(at, &header, sizeof header);
    for (size_t i = 0; i < stream.group_count; i++) {
        const struct group *group = &stream.groups[i];
        struct far_reloc reloc = {.code = group->code,
                                  .count = (uint32_t)group->count,
                                  .name = string_offset(&stream, &header, group->name),
                                  .name2 = string_offset(&stream, &header, group->name2),
                                  .value = group->value};

        at = put(at, &reloc, sizeof reloc);
        at = put(at, group->words, group->count * sizeof *group->words);
    }
    for (size_t i = 0; i < stream.string_count; i++)
        at = put(at, stream.strings[i], strlen(stream.strings[i]) + 1);
    return 0;
}
