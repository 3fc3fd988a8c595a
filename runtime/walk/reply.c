/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The callee's second half: what has changed, and what comes out anew, into the area. */
#include "runtime/walk/inside.h"

/* Of room that holds a string, what lies behind its zero is nobody's. */
static uint64_t covered_bytes(const struct walk *walk, const struct walk_object *object)
{
    bool terminated;
    if (object->value->passing != FAR_PASS_STRING)
        return object->bytes;
    return walk_string_bytes(object->memory, walk_width(walk->of.iface, object->value), object->bytes, &terminated);
}

static void reply_plain(const struct walk *walk, const struct walk_object *object, char *area)
{
    uint64_t bytes = covered_bytes(walk, object);
    char *to = area + object->offset;
    if (object->direction == WALK_BOTH)
        walk_note_changes(to, object->memory, to, bytes, (uint8_t *)area + object->changes, 0);
    else
        memcpy(to, object->memory, bytes);
}

static unsigned reply_cell(struct walk_visit *visit, const struct far_value *value, uint64_t offset, char *to)
{
    struct walk *walk = visit->walk;
    const struct walk_object *object = &walk->object[visit->object];
    uint64_t raw = walk_load(object->memory + offset), word = 0;
    uint64_t before = object->wire ? walk_load(object->wire + offset) : 0;
    unsigned status;
    if (value->passing == FAR_PASS_BUFFER || value->passing == FAR_PASS_STRING)
        status =
            walk_return(visit, value, raw, before ? walk_object_at(walk, before, WALK_NOWHERE) : WALK_NOWHERE, &word);
    else
        status = walk_simple_word(visit, value, raw, &word);
    walk_store(to, word);
    return status;
}

static unsigned reply_leaf(struct walk_visit *visit, const struct far_value *value, uint64_t offset, uint64_t bytes)
{
    const struct walk_object *object = &visit->walk->object[visit->object];
    char *area = visit->context, *to = area + object->offset + offset;
    const char *now = object->memory + offset, *before = object->wire ? object->wire + offset : NULL;
    if (!walk_is_cell(value) && before)
        walk_note_changes(to, now, before, bytes, (uint8_t *)area + object->changes, offset);
    else if (!walk_is_cell(value))
        memcpy(to, now, bytes);
    if (!walk_is_cell(value) || value->passing == FAR_PASS_WITHHELD)
        return FAR_CALL_DONE;
    /* What only comes out is not what it was before: the service has never seen that. */
    if (before && !walk_comes_out(value) && memcmp(now, before, bytes) == 0)
        return FAR_CALL_DONE;
    for (uint64_t i = offset; before && i < offset + bytes; i++)
        ((uint8_t *)area)[object->changes + i / 8] |= (uint8_t)(1u << i % 8);
    return value->passing == FAR_PASS_FD ? walk_gather_descriptor(visit, now, to)
                                         : reply_cell(visit, value, offset, to);
}

/* The bits that are set, eight bytes of them at a time, and the bytes that they stand for. */
static void note_changes(const struct walk *walk, const struct walk_object *object, const char *area)
{
    const uint8_t *bits = (const uint8_t *)area + object->changes;
    uint64_t size = (object->bytes + 7) / 8;
    for (uint64_t at = 0; at < size; at += 8) {
        uint64_t line = 0, bytes = size - at < 8 ? size - at : 8, from = 8 * at;
        memcpy(&line, bits + at, bytes);
        if (!line)
            continue;
        walk_note(walk, object->changes + at, bytes);
        walk_note(walk, object->offset + from, object->bytes - from < 64 ? object->bytes - from : 64);
    }
}

static unsigned reply_memory(struct walk *walk, uint32_t index, char *area)
{
    struct walk_visit visit;
    struct walk_object *object = &walk->object[index];
    if (!(object->direction & FAR_VALUE_OUT) || !object->bytes)
        return FAR_CALL_DONE;
    if (object->direction == WALK_BOTH)
        memset(area + object->changes, 0, (object->bytes + 7) / 8);
    if (!object->element) {
        reply_plain(walk, object, area);
        return FAR_CALL_DONE;
    }
    if (object->direction == FAR_VALUE_OUT)
        memset(area + object->offset, 0, object->bytes);
    object->image = object->memory; /* sizes and selectors as the function has left them */
    walk_visit_begin(&visit, walk, index);
    visit.leaf = reply_leaf;
    visit.context = area;
    return walk_visit_object(&visit);
}

static unsigned reply_object(struct walk *walk, uint32_t index, char *area)
{
    const struct walk_object *object = &walk->object[index];
    unsigned status = reply_memory(walk, index, area);
    if (!walk->notes || !(object->direction & FAR_VALUE_OUT) || !object->bytes)
        return status;
    if (object->direction == WALK_BOTH)
        note_changes(walk, object, area);
    else
        walk_note(walk, object->offset, object->bytes);
    return status;
}

static unsigned reply_result(struct walk *walk, uint64_t *word)
{
    const struct far_value *value = &walk->of.function[0].value;
    struct walk_visit visit;
    walk_visit_begin(&visit, walk, WALK_NOWHERE);
    *word = walk->result;
    if (value->passing == FAR_PASS_VOID || value->passing == FAR_PASS_FLOAT || far_is_by_value(value))
        *word = 0;
    else if (value->passing == FAR_PASS_BUFFER || value->passing == FAR_PASS_STRING)
        return walk_return(&visit, value, walk->result, WALK_NOWHERE, word);
    else
        return walk_simple_word(&visit, value, walk->result, word);
    return FAR_CALL_DONE;
}

unsigned walk_reply(struct walk *walk, char *area, uint64_t *word)
{
    unsigned status = FAR_CALL_DONE;
    walk->after = true;
    *word = 0;
    for (uint32_t i = 0; i < walk->entered && !status; i++)
        status = reply_object(walk, i, area);
    status = status ? status : reply_result(walk, word);
    walk->visited = walk->entered;
    status = status ? status : walk_gather_rest(walk);
    for (uint32_t i = walk->entered; i < walk->count && !status; i++)
        walk_put_object(walk, &walk->object[i], area);
    if (status)
        walk_drop_descriptors(walk);
    return status;
}
