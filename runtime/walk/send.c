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

/* What the caller keeps is the other side's own memory, which has an address there. */
static void send_back(struct walk *walk, uint32_t i)
{
    uint32_t number = walk_keep_back(walk->gives_back, walk->word[i], walk->function);
    if (!number)
        return;
    walk->line[i] = far_reference(FAR_REFERENCE_KEPT, number, 0);
    walk->back |= 1u << i;
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
        if (value->passing == FAR_PASS_OPAQUE && walk->gives_back)
            send_back(walk, i);
    }
    return status;
}

/* Nothing was called. */
static void keep_nothing_new(const struct walk *walk)
{
    for (uint32_t i = 0; i < walk->count && walk->kept; i++)
        if (walk->object[i].kept && walk->object[i].flags & WALK_KEPT_BEGIN)
            walk_kept_leave(walk->kept, walk->object[i].kept);
}

unsigned walk_send(struct walk *walk)
{
    unsigned status = walk_begin(walk);
    if (status)
        return status;
    walk->begun = walk->kept ? walk_kept_begun(walk->kept) : 0;
    if (walk->results && walk->results->store)
        walk->given = walk_store_given(walk->results->store);
    walk_look_at_parameters(walk);
    take_values(walk);
    status = send_parameters(walk, false);
    status = status ? status : send_parameters(walk, true);
    status = status ? status : walk_place_result(walk);
    status = status ? status : walk_gather_rest(walk);
    walk->entered = walk->count;
    status = status ? status : walk_place_changes(walk);
    if (status)
        keep_nothing_new(walk);
    return status;
}

bool walk_brings_back(const struct walk *walk)
{
    bool back = leads_to_memory(&walk->of.function[0].value);
    for (uint32_t i = 0; i < walk->entered && !back; i++)
        back = walk->object[i].direction & FAR_VALUE_OUT;
    return back;
}

/* The answer carries only those of the bits that are set. */
static void clear_changes(const struct walk *walk, char *area)
{
    for (uint32_t i = 0; i < walk->entered; i++)
        if (walk->object[i].direction == WALK_BOTH && walk->object[i].bytes)
            memset(area + walk->object[i].changes, 0, (walk->object[i].bytes + 7) / 8);
}

void walk_put(const struct walk *walk, char *area)
{
    for (uint32_t i = 0; i < walk->entered; i++)
        walk_put_object(walk, &walk->object[i], area);
    if (walk->notes)
        clear_changes(walk, area);
}
