/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Values by value: objects of their type's size. A parameter goes in, and no word leads to it: its place among the objects
 * is known. A result comes out; it is the last of the objects that the parameters begin with. No pointer leads to either:
 * a function's own parameters end with it.
 */
#include "runtime/walk/inside.h"

static struct walk_object described(const struct walk *walk, const struct far_value *value, uint8_t direction)
{
    return (struct walk_object){
        .value = value,
        .element = value->passing == FAR_PASS_STRUCT ? value : NULL,
        .bytes = iface_type(walk->of.iface, value->type)->size,
        .direction = direction,
        .flags = WALK_BY_VALUE,
        .lifetime = value->lifetime,
        .lifetime_of = value->lifetime_of,
    };
}

static char *copied(struct walk *walk, const char *from, uint64_t bytes)
{
    char *copy = walk_take(walk->memory, bytes);
    return copy ? memcpy(copy, from, bytes) : NULL;
}

unsigned walk_send_value(struct walk *walk, uint32_t i)
{
    struct walk_object object = described(walk, &walk->of.function[1 + i].value, FAR_VALUE_IN);
    uint32_t index;
    walk->line[i] = 0;
    if (!object.bytes)
        return FAR_CALL_DONE;
    object.memory = (char *)(uintptr_t)walk->word[i];
    object.image = copied(walk, object.memory, object.bytes);
    object.image_bytes = (uint32_t)object.bytes;
    return object.image ? walk_append(walk, &object, &index) : FAR_CALL_NO_MEMORY;
}

static bool is_there(const struct walk *walk, uint64_t bytes)
{
    return walk->end <= walk->capacity && bytes <= walk->capacity - walk->end;
}

unsigned walk_receive_value(struct walk *walk, uint32_t i, const char *area)
{
    struct walk_object object = described(walk, &walk->of.function[1 + i].value, FAR_VALUE_IN);
    uint32_t index;
    if (!is_there(walk, object.bytes))
        return FAR_CALL_BAD_SIZE;
    object.memory = walk_take(walk->memory, object.bytes);
    char *image = object.memory ? copied(walk, area + walk->end, object.bytes) : NULL;
    if (!image)
        return FAR_CALL_NO_MEMORY;
    walk_mend(walk, &object, image, object.bytes);
    if (object.element)
        memset(object.memory, 0, object.bytes);
    else
        memcpy(object.memory, image, object.bytes);
    object.image = image;
    object.image_bytes = (uint32_t)object.bytes;
    walk->word[i] = (uint64_t)(uintptr_t)object.memory;
    return object.bytes ? walk_append(walk, &object, &index) : FAR_CALL_DONE;
}

unsigned walk_place_result(struct walk *walk)
{
    const struct far_value *value = &walk->of.function->value;
    uint32_t index;
    if (!far_is_by_value(value))
        return FAR_CALL_DONE;
    struct walk_object object = described(walk, value, FAR_VALUE_OUT);
    if (walk->callee) {
        object.memory = walk_take(walk->memory, object.bytes);
        if (!object.memory)
            return FAR_CALL_NO_MEMORY;
        memset(object.memory, 0, object.bytes);
        walk->by_value = (uint64_t)(uintptr_t)object.memory;
    }
    object.memory = (char *)(uintptr_t)walk->by_value;
    return object.bytes ? walk_append(walk, &object, &index) : FAR_CALL_DONE;
}
