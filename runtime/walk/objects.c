/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The list of a call's objects: numbers, places, and how an object is found again by its address. */
#include "runtime/walk/inside.h"

#include <stdlib.h>

#define OBJECTS_FIRST 16
#define SEEN_FIRST    256

unsigned walk_place(struct walk *walk, uint64_t bytes, uint64_t *offset)
{
    *offset = walk->end;
    if (bytes > FAR_ASTACK_MAX)
        return FAR_CALL_BAD_SIZE;
    walk->end += walk_align(bytes);
    if (walk->end > FAR_ASTACK_MAX || (walk->capacity && walk->end > walk->capacity))
        return walk->after ? FAR_CALL_TOO_MUCH : FAR_CALL_BAD_SIZE;
    return FAR_CALL_DONE;
}

/* One place more than there are objects: walk_flexible_size() borrows it. */
static bool have_room(struct walk *walk)
{
    if (walk->count + 1 < walk->room)
        return true;
    uint32_t room = walk->room ? 2 * walk->room : OBJECTS_FIRST;
    struct walk_object *objects = walk_take(walk->memory, room * sizeof *objects);
    if (!objects)
        return false;
    if (walk->count)
        memcpy(objects, walk->object, walk->count * sizeof *objects);
    walk->object = objects;
    walk->room = room;
    return true;
}

unsigned walk_begin(struct walk *walk)
{
    return have_room(walk) ? FAR_CALL_DONE : FAR_CALL_NO_MEMORY;
}

static bool within_budget(struct walk *walk, const struct walk_object *object)
{
    if (object->flags & WALK_DEEP)
        walk->deep_bytes += object->bytes;
    return walk->count < WALK_OBJECTS_MAX && walk->deep_bytes <= WALK_DEEP_MAX;
}

unsigned walk_append(struct walk *walk, const struct walk_object *object, uint32_t *index)
{
    if (!within_budget(walk, object))
        return FAR_CALL_TOO_MUCH;
    if (!have_room(walk))
        return FAR_CALL_NO_MEMORY;
    struct walk_object *place = &walk->object[walk->count];
    *place = *object;
    unsigned status = walk_place(walk, object->bytes, &place->offset);
    *index = walk->count++;
    return status;
}

unsigned walk_place_changes(struct walk *walk)
{
    unsigned status = FAR_CALL_DONE;
    for (uint32_t i = 0; i < walk->count && !status; i++) {
        struct walk_object *object = &walk->object[i];
        if (object->direction == WALK_BOTH)
            status = walk_place(walk, (object->bytes + 7) / 8, &object->changes);
    }
    return status;
}

/* NULL goes with a size of zero, as in crc32(0, NULL, 0), and where the interface says so. */
unsigned walk_null(struct walk_visit *visit, const struct far_value *value)
{
    uint64_t bytes = 0;
    bool negative = false;
    if (value->flags & (FAR_VALUE_OPTIONAL | FAR_VALUE_DEEP_ONLY))
        return FAR_CALL_DONE;
    if (value->passing != FAR_PASS_BUFFER)
        return FAR_CALL_BAD_ARGUMENT;
    unsigned status = walk_size(visit, value, &bytes, &negative);
    return status ? status : bytes == 0 ? FAR_CALL_DONE : FAR_CALL_BAD_ARGUMENT;
}

uint8_t walk_direction(const struct walk_visit *visit, const struct far_value *value)
{
    if (visit->walk->after)
        return FAR_VALUE_OUT;
    uint8_t own = value->flags & WALK_BOTH;
    return own ? own : visit->direction;
}

uint64_t walk_width(const struct far_iface *iface, const struct far_value *value)
{
    uint64_t width = iface_type(iface, iface_type(iface, value->type)->target)->size;
    return width ? width : 1;
}

bool walk_is_zero(const char *element, uint64_t width)
{
    for (uint64_t i = 0; i < width; i++)
        if (element[i])
            return false;
    return true;
}

/* Up to and with the element that is all zero, or all that fits below the limit. */
uint64_t walk_string_bytes(const char *text, uint64_t width, uint64_t limit, bool *terminated)
{
    uint64_t at = 0;
    *terminated = true;
    if (width == 1) {
        uint64_t length = strnlen(text, limit);
        *terminated = length < limit;
        return length + *terminated;
    }
    for (; at + width <= limit; at += width)
        if (walk_is_zero(text + at, width))
            return at + width;
    *terminated = false;
    return at;
}

/* --- by address --- */

static uint32_t home(const struct walk *walk, uint64_t address)
{
    return (uint32_t)(address * 0x9e3779b97f4a7c15u >> 32) & (walk->seen_room - 1);
}

static bool is_same(const struct walk_object *object, uint64_t address, const struct far_value *element, uint64_t bytes)
{
    if ((uint64_t)(uintptr_t)object->memory != address || object->bytes != bytes || !object->element != !element)
        return false;
    return !element || object->element->type == element->type;
}

uint32_t walk_seen(const struct walk *walk, uint64_t address, const struct far_value *element, uint64_t bytes)
{
    if (!walk->seen_room)
        return WALK_NOWHERE;
    for (uint32_t i = home(walk, address); walk->seen[i]; i = (i + 1) & (walk->seen_room - 1))
        if (is_same(&walk->object[walk->seen[i] - 1], address, element, bytes))
            return walk->seen[i] - 1;
    return WALK_NOWHERE;
}

static void enter_seen(struct walk *walk, uint32_t index)
{
    uint32_t i = home(walk, (uint64_t)(uintptr_t)walk->object[index].memory);
    while (walk->seen[i])
        i = (i + 1) & (walk->seen_room - 1);
    walk->seen[i] = index + 1;
}

/* At most half full: all objects that there are would fit. */
bool walk_remember(struct walk *walk, uint32_t index)
{
    if (2 * (uint64_t)(walk->count + 1) > walk->seen_room) {
        uint32_t room = walk->seen_room ? 4 * walk->seen_room : SEEN_FIRST, before = walk->seen_room;
        const uint32_t *old = walk->seen;
        uint32_t *seen = walk_take(walk->memory, room * sizeof *seen);
        if (!seen)
            return false;
        memset(seen, 0, room * sizeof *seen);
        walk->seen = seen;
        walk->seen_room = room;
        for (uint32_t i = 0; i < before; i++)
            if (old[i])
                enter_seen(walk, old[i] - 1);
    }
    enter_seen(walk, index);
    return true;
}

static bool holds(const struct walk_object *object, uint64_t address)
{
    uint64_t begin = (uint64_t)(uintptr_t)object->memory;
    return address >= begin && address - begin <= object->bytes;
}

static int by_memory(const void *one, const void *other, void *objects)
{
    const struct walk_object *object = objects;
    uintptr_t a = (uintptr_t)object[*(const uint32_t *)one].memory,
              b = (uintptr_t)object[*(const uint32_t *)other].memory;
    return (a > b) - (a < b);
}

static bool sort_by_address(struct walk *walk)
{
    if (walk->by_address)
        return true;
    uint32_t *order = walk_take(walk->memory, walk->entered * sizeof *order);
    for (uint32_t i = 0; order && i < walk->entered; i++)
        order[i] = i;
    if (order)
        qsort_r(order, walk->entered, sizeof *order, by_memory, walk->object);
    return (walk->by_address = order) != NULL;
}

/* Memory of the callee's: objects do not overlap there. */
uint32_t walk_object_at(struct walk *walk, uint64_t address, uint32_t hint)
{
    if (hint < walk->entered && holds(&walk->object[hint], address))
        return hint;
    if (!walk->entered || !sort_by_address(walk))
        return WALK_NOWHERE;
    uint32_t low = 0, high = walk->entered;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if ((uint64_t)(uintptr_t)walk->object[walk->by_address[middle]].memory <= address)
            low = middle;
        else
            high = middle;
    }
    uint32_t index = walk->by_address[low];
    return holds(&walk->object[index], address) ? index : WALK_NOWHERE;
}

/*
 * A pointer to structures leads to structures of that type, and one to plain bytes to plain bytes: otherwise the other
 * side would make us take for pointers what are its bytes, or for bytes what are pointers.
 */
bool walk_may_lead(const struct walk *walk, const struct far_value *value, uint32_t index, uint64_t offset)
{
    const struct walk_object *object = &walk->object[index];
    const struct far_value *element = walk_element(walk->of.iface, value);
    if (offset > object->bytes || !element != !object->element || object->flags & WALK_BY_VALUE)
        return false;
    if (!element)
        return true;
    return element->type == object->element->type && element->passing == object->element->passing &&
           offset % walk_element_size(walk->of.iface, element) == 0;
}
