/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "linker-plugin/like.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "runtime/format/elf.h"
#include "runtime/format/pair.h"

/* Sorted by name and nothing else: qsort's order of equal ones is settled by their order in the list. */
static int by_name(const void *a, const void *b)
{
    const struct named_place *left = a, *right = b;
    int order = strcmp(left->name, right->name);

    return order ? order : left->order < right->order ? -1 : left->order > right->order;
}

static int no_memory(struct link *link)
{
    return error_add(&link->errors, EX_OSERR, "--like: no memory for the names in %s", link->like->path);
}

static int keep_places(struct link *link)
{
    struct like *like = link->like;
    struct named_places places;
    int err = named_places_load(&places, &like->segment);

    if (!err && places.count) {
        like->by_name = arena_allocate(&link->arena, places.count * sizeof *like->by_name);
        memcpy(like->by_name, places.list, places.count * sizeof *like->by_name);
        like->count = places.count;
        qsort(like->by_name, like->count, sizeof *like->by_name, by_name);
    }
    named_places_free(&places);
    return err ? no_memory(link) : 0;
}

static int keep_words(struct link *link)
{
    struct like *like = link->like;
    struct address_words words;
    int err = address_words_load(&words, &like->segment);

    if (!err && words.count) {
        like->words = arena_allocate(&link->arena, words.count * sizeof *like->words);
        memcpy(like->words, words.list, words.count * sizeof *like->words);
        like->word_count = words.count;
    }
    address_words_free(&words);
    return err ? no_memory(link) : 0;
}

static int take_heap_size(struct link *link)
{
    const struct far_note *note = link->like->segment.note;

    if (link->options.heap_given && link->options.heap_size != note->heap_size)
        return error_add(&link->errors, EX_USAGE,
                         "--heap-size: %s has a heap of %llu KiB; both machines' segments need the same, so leave the "
                         "option out",
                         link->like->path, (unsigned long long)note->heap_size >> 10);
    link->options.heap_size = note->heap_size;
    return 0;
}

static int refuse_data_room(struct link *link)
{
    if (!link->options.data_room_given)
        return 0;
    return error_add(&link->errors, EX_USAGE, "--data-room: that room is the one %s has; leave the option out",
                     link->like->path);
}

int like_read(struct link *link)
{
    uint8_t *bytes;
    size_t size;
    char why[512] = "";
    int status;

    if (!link->options.like)
        return 0;
    link->like = arena_allocate(&link->arena, sizeof *link->like);
    link->like->path = link->options.like;
    if (file_read(&link->arena, &link->errors, link->like->path, &bytes, &size))
        return link->errors.status;
    if (segment_check(bytes, size, 0, &link->like->segment, why, sizeof why))
        return error_add(&link->errors, EX_DATAERR, "--like=%s: %s", link->like->path, why);
    segment_data_layout(&link->like->segment, &link->like->layout);
    link->like->upgrade = link->machine && link->machine->elf_machine == link->like->segment.note->machine;
    status = take_heap_size(link);
    status = status ? status : refuse_data_room(link);
    status = status ? status : keep_places(link);
    return status ? status : keep_words(link);
}

const char *like_part_start(struct link *link, enum far_part part)
{
    if (!link->like)
        return arena_format(&link->arena, ". = ALIGN(0x%x);", FAR_PART_ALIGN);
    return arena_format(&link->arena, ". = MAX(ALIGN(0x%x), 0x%llx);", FAR_PART_ALIGN,
                        (unsigned long long)link->like->segment.part[part].address);
}

const char *like_lines(const struct link *link, enum far_part part, bool zeroed)
{
    const char *lines = NULL;

    if (link->like)
        lines = part == FAR_PART_CONST ? link->like->constants : zeroed ? link->like->bss : link->like->data;
    return lines ? lines : "";
}

uint64_t like_thunk(const struct link *link, const char *name)
{
    const char *symbol =
        link->like ? arena_format((struct arena *)(uintptr_t)&link->arena, "far_thunk.%s", name) : NULL;

    for (size_t i = 0; symbol && i < link->like->count; i++) {
        if (!strcmp(link->like->by_name[i].name, symbol))
            return link->like->by_name[i].address;
    }
    return 0;
}

bool like_has_thunk_at(const struct link *link, uint64_t code)
{
    for (size_t i = 0; link->like && i < link->like->count; i++) {
        if (link->like->by_name[i].address == code && !strncmp(link->like->by_name[i].name, "far_thunk.", 10))
            return true;
    }
    return false;
}

/* Room for as many thunks as OTHER has. */
size_t like_thunk_count(const struct link *link)
{
    size_t count = 0;

    for (size_t i = 0; link->like && i < link->like->count; i++)
        count += !strncmp(link->like->by_name[i].name, "far_thunk.", 10);
    return count;
}

/* Not where something has gone: who runs the old code still has it. */
const char *like_new_start(struct link *link, bool zeroed)
{
    const struct data_layout *layout;

    if (!link->like || !link->like->upgrade)
        return "";
    layout = &link->like->layout;
    return arena_format(&link->arena, "    . = MAX(., 0x%llx);\n",
                        (unsigned long long)(zeroed ? layout->zeroed_end : layout->valued_end));
}

/* Even if nothing lies there: the heap begins behind it. */
uint64_t like_room_end(const struct link *link, const char *section)
{
    const struct far_extent *data = &link->like->segment.part[FAR_PART_DATA];

    return strcmp(section, FAR_SECTION_ROOM_VALUED) ? data->address + data->size : link->like->layout.zeroed;
}

/* A part that starts later than OTHER's does so because the one before it is too long. */
static void check_room(struct link *link, const struct far_segment *segment)
{
    const struct far_extent *own = segment->part, *other = link->like->segment.part;

    for (enum far_part part = FAR_PART_DSTUBS; part < FAR_PART_COUNT; part++) {
        if (own[part].address <= other[part].address)
            continue;
        error_add(&link->errors, EX_DATAERR,
                  "--like=%s: part %s has 0x%llx bytes on %s, but part %s begins 0x%llx bytes behind its start there; "
                  "link %s with more room (--room), or link this one first and that one like it",
                  link->like->path, far_part_name(part - 1), (unsigned long long)own[part - 1].size,
                  link->machine->name, far_part_name(part),
                  (unsigned long long)(other[part].address - other[part - 1].address), link->like->path);
        return; /* those behind it have moved too */
    }
}

/* Code, constants and linkage of a later version may push each other on, as far as the data. */
static void check_room_for_code(struct link *link, const struct far_segment *segment)
{
    const struct far_extent *own = segment->part, *other = link->like->segment.part;
    const struct far_extent *last = &own[FAR_PART_LINKAGE];

    if (own[FAR_PART_DATA].address > other[FAR_PART_DATA].address)
        error_add(&link->errors, EX_DATAERR,
                  "--like=%s: code, constants and linkage need 0x%llx bytes, and there are 0x%llx before the data; "
                  "that is said when a first version is linked (--room)",
                  link->like->path, (unsigned long long)(last->address + last->size - own[FAR_PART_CODE].address),
                  (unsigned long long)(other[FAR_PART_DATA].address - other[FAR_PART_CODE].address));
}

static void add_difference(void *context, const char *text)
{
    struct link *link = context;

    error_add(&link->errors, EX_DATAERR, "--like=%s: %s", link->like->path, text);
}

static void add_note(void *context, const char *text)
{
    struct link *link = context;

    note_add(&link->errors, "--like=%s: %s", link->like->path, text);
}

/* What keeps a variable from going where it should. */
static void add_advice(struct link *link)
{
    const struct like *like = link->like;

    if (like->misaligned)
        error_add(&link->errors, EX_DATAERR,
                  "--like=%s: %s; link this machine's segment first and the other one like it, or include the "
                  "service's header in "
                  "that unit, for farcc to align it alike on all machines",
                  like->path, like->misaligned);
    else
        error_add(&link->errors, EX_DATAERR,
                  "--like=%s: a variable can be moved if it has a section of its own; compile with -fdata-sections "
                  "-fno-common for both machines",
                  like->path);
}

int like_verify(struct link *link, const struct far_segment *segment)
{
    struct pair pair = {
        .upgrade = link->like && link->like->upgrade, .differs = add_difference, .note = add_note, .context = link};

    if (!link->like)
        return 0;
    if (pair.upgrade)
        check_room_for_code(link, segment);
    else
        check_room(link, segment);
    if (link->errors.status)
        return link->errors.status;
    if (pair.upgrade ? segment_pair_check(&link->like->segment, segment, &pair)
                     : segment_pair_check(segment, &link->like->segment, &pair))
        return no_memory(link);
    if (pair.moved && pair.moved == pair.differences)
        add_advice(link);
    if (pair.differences > PAIR_DIFFERENCES_MAX)
        error_add(&link->errors, EX_DATAERR, "--like=%s: and %u more", link->like->path,
                  pair.differences - PAIR_DIFFERENCES_MAX);
    if (pair.notes > PAIR_DIFFERENCES_MAX)
        note_add(&link->errors, "--like=%s: and %u more notes", link->like->path, pair.notes - PAIR_DIFFERENCES_MAX);
    return link->errors.status;
}
