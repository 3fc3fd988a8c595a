/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Interface records, changed so that they mostly stay records: a field of an entry gets a value that is likely to matter,
 * an entry is copied over another, or a table grows by one, and everything that lies behind it is told so. One change in
 * eight is libFuzzer's own. A first record comes from the unit tests, so no seeds are needed.
 */
#include "runtime/iface.h"
#include "testsuite/fuzz/text.h"
#include "testsuite/unit/make_segment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define STRINGS_MAX 3

/* A table: where the header has it, its entries, and where in each entry strings are named. */
static const struct shape {
    size_t table;
    size_t entry;
    size_t strings[STRINGS_MAX]; /* 0 after the last; a string that stands first is marked by string_first */
    bool string_first;
} shapes[] = {
#define TABLE(name) offsetof(struct far_iface, name)
    {TABLE(ops), sizeof(struct far_op), {offsetof(struct far_op, signature), offsetof(struct far_op, file)}, true},
    {TABLE(params), sizeof(struct far_param), {offsetof(struct far_param, description)}, true},
    {TABLE(values), sizeof(struct far_value), {0}, false},
    {TABLE(callbacks), sizeof(struct far_callback), {0}, false},
    {TABLE(types), sizeof(struct far_type), {0}, true},
    {TABLE(members), sizeof(struct far_member), {0}, true},
    {TABLE(cases), sizeof(int64_t), {0}, false},
    {TABLE(exprs), sizeof(struct far_expr), {offsetof(struct far_expr, name)}, false},
    {TABLE(data),
     sizeof(struct far_data),
     {offsetof(struct far_data, signature), offsetof(struct far_data, file)},
     true},
    {TABLE(strings), 1, {0}, false},
#undef TABLE
};

enum { SHAPES = sizeof shapes / sizeof *shapes };

struct change {
    uint8_t *data;
    size_t size, room;
    unsigned random;
};

static unsigned next_random(struct change *change, size_t below)
{
    change->random = change->random * 1664525u + 1013904223u;
    return below ? (change->random >> 8) % (unsigned)below : 0;
}

static struct far_table *table_of(struct change *change, const struct shape *shape)
{
    return (struct far_table *)(change->data + shape->table);
}

/* The record may be anything: only tables that lie inside it are touched. */
static bool is_inside(struct change *change, const struct shape *shape)
{
    const struct far_table *table = table_of(change, shape);
    return table->count && table->offset >= sizeof(struct far_iface) && table->offset % 8 == 0 &&
           table->offset + (uint64_t)table->count * shape->entry <= change->size;
}

static const struct shape *choose_table(struct change *change)
{
    for (unsigned tries = 0; tries < 20; tries++) {
        const struct shape *shape = &shapes[next_random(change, SHAPES)];
        if (is_inside(change, shape))
            return shape;
    }
    return NULL;
}

static uint8_t *choose_entry(struct change *change, const struct shape *shape)
{
    const struct far_table *table = table_of(change, shape);
    return change->data + table->offset + next_random(change, table->count) * shape->entry;
}

static uint64_t likely_value(struct change *change, const struct shape *shape, size_t at, size_t width, uint64_t now)
{
    uint64_t other = 0;
    switch (next_random(change, 8)) {
    case 0:
        return now + 1;
    case 1:
        return now - 1;
    case 2: /* how many there are of something, and one more or less */
        return (uint64_t)table_of(change, &shapes[next_random(change, SHAPES)])->count + next_random(change, 3) - 1;
    case 3:
        return 1ull << next_random(change, width * 8);
    case 4:
        return next_random(change, 3) ? 0 : UINT64_MAX >> next_random(change, 2);
    case 5:
    case 6: /* what the same field of another entry holds */
        memcpy(&other, choose_entry(change, shape) + at, width);
        return other;
    default:
        return next_random(change, 20);
    }
}

static void change_field(struct change *change)
{
    const struct shape *shape = choose_table(change);
    if (!shape)
        return;
    size_t width = shape->entry < 8 ? 1 : (size_t)1 << next_random(change, 4);
    size_t at = next_random(change, shape->entry / width) * width;
    uint8_t *field = choose_entry(change, shape) + at;
    uint64_t value = 0;
    memcpy(&value, field, width);
    value = likely_value(change, shape, at, width, value);
    memcpy(field, &value, width);
}

static void copy_entry(struct change *change)
{
    const struct shape *shape = choose_table(change);
    if (shape)
        memmove(choose_entry(change, shape), choose_entry(change, shape), shape->entry);
}

static void move_string(uint8_t *field, uint32_t distance)
{
    uint32_t offset;
    memcpy(&offset, field, sizeof offset);
    offset += offset ? distance : 0;
    memcpy(field, &offset, sizeof offset);
}

/* The strings now lie `distance` bytes further on. */
static void move_strings(struct change *change, uint32_t distance)
{
    move_string(change->data + offsetof(struct far_iface, service), distance);
    for (const struct shape *shape = shapes; shape < shapes + SHAPES; shape++) {
        const struct far_table *table = table_of(change, shape);
        for (uint32_t i = 0; is_inside(change, shape) && i < table->count; i++) {
            uint8_t *entry = change->data + table->offset + i * shape->entry;
            if (shape->string_first)
                move_string(entry, distance);
            for (size_t s = 0; s < STRINGS_MAX && shape->strings[s]; s++)
                move_string(entry + shape->strings[s], distance);
        }
    }
}

/* One more entry, a copy of one that is there, at the table's end. */
static void grow_table(struct change *change)
{
    const struct shape *shape = choose_table(change);
    if (!shape || shape->entry % 8 || change->size + shape->entry > change->room)
        return;
    struct far_table *table = table_of(change, shape);
    uint32_t distance = (uint32_t)shape->entry, end = table->offset + table->count * distance;
    const uint8_t *model = choose_entry(change, shape);
    memmove(change->data + end + distance, change->data + end, change->size - end);
    memcpy(change->data + end, model, distance);
    change->size += distance;
    table->count++;
    bool strings_move = false;
    for (const struct shape *other = shapes; other < shapes + SHAPES; other++) {
        if (other == shape || table_of(change, other)->offset < end)
            continue;
        table_of(change, other)->offset += distance;
        strings_move |= other->table == offsetof(struct far_iface, strings);
    }
    if (strings_move)
        move_strings(change, distance);
}

static void change_header(struct change *change)
{
    size_t at = next_random(change, sizeof(struct far_iface) / 4) * 4;
    uint32_t value = next_random(change, 40);
    memcpy(change->data + at, &value, sizeof value);
}

/* So that mutations reach what lies behind the first look. */
static size_t set_right(struct change *change)
{
    struct far_iface *header = (struct far_iface *)change->data;
    memcpy(header->magic, FAR_IFACE_MAGIC, sizeof header->magic);
    header->version = FAR_IFACE_VERSION;
    header->size = (uint32_t)change->size;
    header->flags = 0;
    return change->size;
}

static size_t start(uint8_t *data, size_t size, size_t max_size)
{
    struct made sound = make_record(MAKE_PLAIN);
    if (size < sizeof(struct far_iface) && sound.size <= max_size) {
        memcpy(data, sound.bytes, sound.size);
        size = sound.size;
    }
    free(sound.bytes);
    return size;
}

static void change_once(struct change *change)
{
    unsigned kind = next_random(change, 16);
    if (kind == 0)
        change_header(change);
    else if (kind <= 2)
        copy_entry(change);
    else if (kind <= 5)
        grow_table(change);
    else
        change_field(change);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct change change = {.size = start(data, size, max_size), .room = max_size / 8 * 8, .random = seed};
    if (change.size < sizeof(struct far_iface) || next_random(&change, 8) == 0)
        change.size = LLVMFuzzerMutate(data, change.size, max_size);
    change.size = change.size / 8 * 8;
    if (change.size < sizeof(struct far_iface))
        return change.size;
    /* libFuzzer's bytes lie anywhere; fields are read as what they are. */
    change.data = aligned_alloc(8, change.room);
    if (!change.data)
        abort();
    memcpy(change.data, data, change.size);
    for (unsigned changes = 1 + next_random(&change, 3); changes > 0; changes--)
        change_once(&change);
    size = set_right(&change);
    memcpy(data, change.data, size);
    free(change.data);
    return size;
}
