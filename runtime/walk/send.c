/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The caller's first half: what its parameters lead to, and how large an area that takes; then into the area. */
#include "runtime/lib/plan.h"
#include "runtime/walk/inside.h"

static bool leads_to_memory(const struct far_value *value)
{
    return value->passing == FAR_PASS_BUFFER || value->passing == FAR_PASS_STRING;
}

static void take_values(struct walk *walk)
{
    for (uint32_t i = 0; i < walk->of.count; i++) {
        const struct far_value *value = &walk->of.function[1 + i].value;
        if (value->passing == FAR_PASS_VALUE)
            walk->value[i] = far_extend(walk->word[i], value->width, value->flags & FAR_VALUE_SIGNED);
    }
}

/* Numbers that other sizes depend on: the first element, read once. */
static unsigned measure(struct walk *walk, uint32_t index, const struct far_value *value)
{
    struct walk_object *object = &walk->object[index];
    uint64_t bytes = walk_width(walk->of.iface, value);
    if (object->image || !(object->direction & FAR_VALUE_IN))
        return FAR_CALL_DONE;
    bytes = bytes < object->bytes ? bytes : object->bytes;
    char *image = walk_take(walk->memory, bytes);
    if (!image)
        return FAR_CALL_NO_MEMORY;
    memcpy(image, object->memory, bytes);
    object->image = image;
    object->image_bytes = (uint32_t)bytes;
    return FAR_CALL_DONE;
}

static unsigned send_memory(struct walk *walk, struct walk_visit *visit, uint32_t i)
{
    const struct far_value *value = &walk->of.function[1 + i].value;
    uint32_t before = walk->count;
    visit->direction = value->flags & WALK_BOTH;
    unsigned status = walk_gather(visit, value, walk->word[i], &walk->line[i]);
    if (status || walk->count == before)
        return status;
    walk->param_object[i] = walk->count;
    return walk->measured >> i & 1 ? measure(walk, before, value) : FAR_CALL_DONE;
}

static unsigned send_parameters(struct walk *walk, bool late)
{
    struct walk_visit visit;
    unsigned status = FAR_CALL_DONE;
    for (uint32_t i = 0; i < walk->of.count && !status; i++) {
        const struct far_value *value = &walk->of.function[1 + i].value;
        bool waits = walk->late >> i & 1;
        if (waits != late)
            continue;
        walk_visit_begin(&visit, walk, WALK_NOWHERE);
        status = leads_to_memory(value)   ? send_memory(walk, &visit, i)
                 : far_is_by_value(value) ? walk_send_value(walk, i)
                                          : walk_simple_word(&visit, value, walk->word[i], &walk->line[i]);
    }
    return status;
}

unsigned walk_send(struct walk *walk)
{
    unsigned status = walk_begin(walk);
    if (status)
        return status;
    if (walk->results && walk->results->store)
        walk->given = walk_store_given(walk->results->store);
    walk_look_at_parameters(walk);
    take_values(walk);
    status = send_parameters(walk, false);
    status = status ? status : send_parameters(walk, true);
    status = status ? status : walk_place_result(walk);
    status = status ? status : walk_gather_rest(walk);
    walk->entered = walk->count;
    return status ? status : walk_place_changes(walk);
}

bool walk_brings_back(const struct walk *walk)
{
    bool back = leads_to_memory(&walk->of.function[0].value);
    for (uint32_t i = 0; i < walk->entered && !back; i++)
        back = walk->object[i].direction & FAR_VALUE_OUT;
    return back;
}

void walk_put(const struct walk *walk, char *area)
{
    for (uint32_t i = 0; i < walk->entered; i++)
        walk_put_object(walk, &walk->object[i], area);
}
