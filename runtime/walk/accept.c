/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The caller's second half. What the callee has written is believed in its contents alone: places and sizes are those
 * worked out at entry, words may name objects of this call only, and memory comes out only where the interface says so.
 */
#include "runtime/lib/plan.h"
#include "runtime/walk/inside.h"

/* What is being taken over, as it was read once. */
struct accepted {
    const char *area;
    const char *now;     /* the object */
    char *after;         /* as sizes will see it */
    const uint8_t *bits; /* NULL: all of it */
};

static char *copied(struct walk *walk, const char *from, uint64_t bytes)
{
    char *copy = walk_take(walk->memory, bytes);
    return copy ? memcpy(copy, from, bytes) : NULL;
}

/* A text's bytes up to its zero. In pieces that are ours by the time that we look for it. */
static void take_text(char *to, const char *from, uint64_t bytes)
{
    char piece[256];
    for (uint64_t at = 0; at < bytes; at += sizeof piece) {
        uint64_t count = bytes - at < sizeof piece ? bytes - at : sizeof piece;
        memcpy(piece, from + at, count);
        uint64_t length = strnlen(piece, count);
        memcpy(to + at, piece, length < count ? length + 1 : count);
        if (length < count)
            return;
    }
}

/* Up to its zero, each byte read once: what lies behind it here stays. */
static void take_room(const struct walk *walk, const struct walk_object *object, const char *from)
{
    uint64_t width = walk_width(walk->of.iface, object->value);
    bool ended = false;
    if (width == 1)
        take_text(object->memory, from, object->bytes);
    for (uint64_t at = 0; width > 1 && !ended && at + width <= object->bytes; at += width) {
        memcpy(object->memory + at, from + at, width);
        ended = walk_is_zero(object->memory + at, width);
    }
}

/* Numbers that sizes of what comes out depend on: seen as the program will see them. */
static unsigned accept_measured(struct walk *walk, struct walk_object *object, const char *from, const uint8_t *bits)
{
    uint64_t bytes = walk_width(walk->of.iface, object->value);
    bytes = bytes < object->bytes ? bytes : object->bytes;
    char *image = walk_take(walk->memory, bytes);
    if (!image)
        return FAR_CALL_NO_MEMORY;
    if (bits) {
        memcpy(image, object->memory, bytes);
        walk_take_changes(image, from, bytes, bits, 0);
    } else {
        memcpy(image, from, bytes);
    }
    memcpy(object->memory, image, bytes);
    object->image = image;
    object->image_bytes = (uint32_t)bytes;
    return FAR_CALL_DONE;
}

static bool is_measured(const struct walk *walk, uint32_t index)
{
    for (uint32_t i = 0; i < walk->of.count; i++)
        if (walk->param_object[i] == index + 1)
            return walk->measured >> i & 1;
    return false;
}

static unsigned accept_plain(struct walk *walk, uint32_t index, const char *area)
{
    struct walk_object *object = &walk->object[index];
    const char *from = area + object->offset;
    bool both = object->direction == WALK_BOTH;
    const uint8_t *bits = both ? (const uint8_t *)area + object->changes : NULL;
    if (walk->measured && is_measured(walk, index)) {
        unsigned status = accept_measured(walk, object, from, bits);
        uint64_t done = object->image_bytes;
        if (status || done == object->bytes)
            return status;
    }
    if (both)
        walk_take_changes(object->memory, from, object->bytes, bits, 0);
    else if (object->value->passing == FAR_PASS_STRING)
        take_room(walk, object, from);
    else
        memcpy(object->memory, from, object->bytes);
    walk_mend(walk, object, object->memory, object->bytes);
    return FAR_CALL_DONE;
}

static unsigned accept_leaf(struct walk_visit *visit, const struct far_value *value, uint64_t offset, uint64_t bytes)
{
    const struct accepted *accepted = visit->context;
    const struct walk_object *object = &visit->walk->object[visit->object];
    char *to = object->memory + offset;
    const char *now = accepted->now + offset;
    uint64_t raw = 0;
    if (!walk_is_cell(value)) {
        if (accepted->bits)
            walk_take_changes(to, now, bytes, accepted->bits, offset);
        else
            memcpy(to, now, bytes);
        return FAR_CALL_DONE;
    }
    if (value->passing == FAR_PASS_WITHHELD || (accepted->bits && !walk_has_changes(accepted->bits, offset, bytes)))
        return FAR_CALL_DONE;
    if (value->passing == FAR_PASS_FD)
        return walk_scatter_descriptor(visit, now, to);
    unsigned status = value->passing == FAR_PASS_BUFFER || value->passing == FAR_PASS_STRING
                          ? walk_scatter(visit, value, walk_load(now), accepted->area, &raw)
                          : walk_simple_raw(visit, value, walk_load(now), &raw);
    if (!status)
        walk_store(to, raw);
    if (!status)
        walk_store(accepted->after + offset, walk_load(now)); /* the word as a whole, whatever its bits said */
    return status;
}

static unsigned accept_structured(struct walk *walk, uint32_t index, const char *area)
{
    struct walk_visit visit;
    struct walk_object *object = &walk->object[index];
    bool both = object->direction == WALK_BOTH;
    struct accepted accepted = {.area = area, .after = copied(walk, area + object->offset, object->bytes)};
    if (accepted.after)
        walk_mend(walk, object, accepted.after, object->bytes);
    accepted.now = accepted.after;
    if (both) {
        accepted.bits = (const uint8_t *)copied(walk, area + object->changes, (object->bytes + 7) / 8);
        accepted.after = copied(walk, object->image, object->bytes);
    }
    if (!accepted.now || !accepted.after || (both && !accepted.bits))
        return FAR_CALL_NO_MEMORY;
    if (both)
        walk_take_changes(accepted.after, accepted.now, object->bytes, accepted.bits, 0);
    object->image = accepted.after;
    object->image_bytes = (uint32_t)object->bytes;
    walk_visit_begin(&visit, walk, index);
    visit.leaf = accept_leaf;
    visit.context = &accepted;
    return walk_visit_object(&visit);
}

static unsigned accept_object(struct walk *walk, uint32_t index, const char *area)
{
    const struct walk_object *object = &walk->object[index];
    if (!(object->direction & FAR_VALUE_OUT) || !object->bytes)
        return FAR_CALL_DONE;
    return object->element ? accept_structured(walk, index, area) : accept_plain(walk, index, area);
}

static unsigned accept_result(struct walk *walk, const char *area, uint64_t word)
{
    const struct far_value *value = &walk->of.function[0].value;
    struct walk_visit visit;
    walk_visit_begin(&visit, walk, WALK_NOWHERE);
    if (value->passing == FAR_PASS_BUFFER || value->passing == FAR_PASS_STRING)
        return walk_scatter(&visit, value, word, area, &walk->result);
    if (far_is_by_value(value))
        return FAR_CALL_DONE; /* it was an object */
    return walk_simple_raw(&visit, value, word, &walk->result);
}

/* What was made for an answer that is not believed. */
static void drop_made(struct walk *walk)
{
    for (uint32_t i = walk->entered; i < walk->count && walk->results; i++)
        if (walk->object[i].memory)
            walk_result_drop(walk->results, walk->object[i].memory);
}

unsigned walk_accept(struct walk *walk, const char *area, uint64_t word)
{
    unsigned status = FAR_CALL_DONE;
    walk->after = true;
    walk->result = word; /* an integer, if a size depends on it */
    for (uint32_t i = 0; i < walk->entered && !status; i++)
        status = accept_object(walk, i, area);
    status = status ? status : accept_result(walk, area, word);
    walk->visited = walk->entered;
    status = status ? status : walk_scatter_rest(walk, area);
    status = status ? status : walk_look_within(walk, word);
    if (status)
        drop_made(walk);
    return status == FAR_CALL_DONE || status == FAR_CALL_NO_MEMORY ? status : FAR_CALL_STATUS_COUNT;
}

static void settle_parameter(struct walk *walk, uint32_t i)
{
    const struct far_value *value = &walk->of.function[1 + i].value;
    if (value->passing != FAR_PASS_HANDLE || !(value->flags & FAR_VALUE_RELEASE) || !walk->word[i] ||
        far_release_is_refused(walk->of.iface, value, &walk->of.function[0].value, walk->result))
        return;
    if (walk->kept)
        walk_kept_handle_gone(walk->kept, walk->word[i], walk->begun);
    if (walk->results && walk->results->store) {
        walk_store_released(walk->results->store, walk->word[i]);
        walk_store_handle_gone(walk->results->store, walk->word[i], walk->given);
    }
}

void walk_settle(struct walk *walk)
{
    for (uint32_t i = 0; i < walk->of.count; i++)
        settle_parameter(walk, i);
    for (uint32_t i = 0; i < walk->entered && walk->kept; i++)
        if (walk->object[i].kept && walk->object[i].flags & WALK_RELEASED)
            walk_kept_leave(walk->kept, walk->object[i].kept);
}
