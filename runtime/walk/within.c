/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Pointers that an answer leads into the call's own memory: behind each, there must be as much as the interface promises whoever
 * uses it, a string's end included. Looked at when all else has been taken over, for that is what sizes and strings depend on.
 */
#include "runtime/walk/inside.h"

static bool ends_within(const char *from, uint64_t width, uint64_t rest)
{
    static const char zero[8];
    for (uint64_t at = 0; at + width <= rest; at += width)
        if (memcmp(from + at, zero, width) == 0)
            return true;
    return false;
}

/* A text that its caller has given without an end, and still has as it was: he knows how long it is. */
static bool is_endless(const struct walk_object *object)
{
    return object->value->passing == FAR_PASS_STRING && object->value->size_count &&
           object->direction == FAR_VALUE_IN && !(object->flags & WALK_TERMINATED);
}

static bool is_within(struct walk_visit *visit, const struct far_value *value, uint64_t word)
{
    const struct walk *walk = visit->walk;
    const struct walk_object *object = &walk->object[far_reference_index(word)];
    uint64_t offset = far_reference_offset(word), rest = object->bytes - offset, bytes = 0;
    bool negative = false, is_string = value->passing == FAR_PASS_STRING;
    if (is_string && is_endless(object))
        return true;
    if (is_string && ends_within(object->memory + offset, walk_width(walk->of.iface, value), rest))
        return true;
    if (is_string && !value->size_count)
        return false;
    return walk_size(visit, value, &bytes, &negative) == FAR_CALL_DONE && bytes <= rest;
}

static unsigned look_at_leaf(struct walk_visit *visit, const struct far_value *value, uint64_t offset, uint64_t bytes)
{
    (void)bytes;
    if (!value || (value->passing != FAR_PASS_BUFFER && value->passing != FAR_PASS_STRING))
        return FAR_CALL_DONE;
    uint64_t word = walk_load(visit->walk->object[visit->object].image + offset);
    bool leads = far_reference_kind(word) == FAR_REFERENCE_SEEN && !walk_is_skipped(visit, value);
    return !leads || is_within(visit, value, word) ? FAR_CALL_DONE : FAR_CALL_BAD_SIZE;
}

unsigned walk_look_within(struct walk *walk, uint64_t word)
{
    const struct far_value *value = &walk->of.function[0].value;
    struct walk_visit visit;
    unsigned status = FAR_CALL_DONE;
    for (uint32_t i = 0; i < walk->count && !status; i++) {
        if (!(walk->object[i].flags & WALK_LEADS))
            continue;
        walk_visit_begin(&visit, walk, i);
        visit.leaf = look_at_leaf;
        status = walk_visit_object(&visit);
    }
    bool leads = (value->passing == FAR_PASS_BUFFER || value->passing == FAR_PASS_STRING) &&
                 far_reference_kind(word) == FAR_REFERENCE_SEEN;
    if (status || !leads)
        return status;
    walk_visit_begin(&visit, walk, WALK_NOWHERE);
    return is_within(&visit, value, word) ? FAR_CALL_DONE : FAR_CALL_BAD_SIZE;
}
