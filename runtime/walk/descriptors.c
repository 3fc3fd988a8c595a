/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * File descriptors (far_fd). A word of 32 bits crosses: a negative number as it is; any other says which of the descriptors
 * that travel with this message is meant. They exist for the time of a call, so none can lie in memory that is kept or that
 * comes out with a life of its own.
 */
#include "runtime/walk/inside.h"

#define NONE (-1)

static int32_t load(const char *from)
{
    int32_t number;
    memcpy(&number, from, sizeof number);
    return number;
}

static void store(char *to, int32_t number)
{
    memcpy(to, &number, sizeof number);
}

unsigned walk_descriptor_word(struct walk *walk, int32_t descriptor, uint64_t *word)
{
    uint32_t number = 0;
    *word = (uint32_t)descriptor;
    if (descriptor < 0)
        return FAR_CALL_DONE;
    if (!walk->hooks->out_descriptor)
        return FAR_CALL_NOT_CARRIED;
    unsigned status = walk->hooks->out_descriptor(walk->context, walk, descriptor, &number);
    *word = number;
    return status;
}

unsigned walk_descriptor_raw(struct walk *walk, uint64_t word, uint64_t *raw)
{
    int descriptor = NONE;
    *raw = (uint32_t)word;
    if ((int32_t)word < 0)
        return FAR_CALL_DONE;
    if (!walk->hooks->in_descriptor)
        return FAR_CALL_NOT_CARRIED;
    unsigned status = walk->hooks->in_descriptor(walk->context, walk, (uint32_t)word, &descriptor);
    *raw = (uint32_t)descriptor;
    return status;
}

static bool lasts_longer(const struct walk_visit *visit)
{
    const struct walk_object *object = &visit->walk->object[visit->object];
    return object->flags & WALK_MADE || object->kept;
}

unsigned walk_gather_descriptor(struct walk_visit *visit, const char *from, char *to)
{
    uint64_t word;
    int32_t descriptor = load(from);
    if (descriptor >= 0 && lasts_longer(visit))
        return FAR_CALL_NOT_CARRIED;
    unsigned status = walk_descriptor_word(visit->walk, descriptor, &word);
    store(to, (int32_t)word);
    return status;
}

unsigned walk_scatter_descriptor(struct walk_visit *visit, const char *from, char *to)
{
    uint64_t raw;
    int32_t word = load(from);
    if (word >= 0 && lasts_longer(visit))
        return FAR_CALL_NOT_CARRIED;
    unsigned status = walk_descriptor_raw(visit->walk, (uint32_t)word, &raw);
    if (!status)
        store(to, (int32_t)raw);
    return status;
}

static unsigned empty_leaf(struct walk_visit *visit, const struct far_value *value, uint64_t offset, uint64_t bytes)
{
    (void)bytes;
    if (value && value->passing == FAR_PASS_FD)
        store(visit->walk->object[visit->object].memory + offset, NONE);
    return FAR_CALL_DONE;
}

/* Where there is no size yet to go by, nothing is done: a number that is not set is then 0. */
void walk_empty_descriptors(struct walk *walk, uint32_t index)
{
    struct walk_visit visit;
    if (!walk->descriptors || walk->object[index].kept || !walk->object[index].image)
        return;
    walk_visit_begin(&visit, walk, index);
    visit.leaf = empty_leaf;
    walk_visit_object(&visit);
}

static unsigned drop_leaf(struct walk_visit *visit, const struct far_value *value, uint64_t offset, uint64_t bytes)
{
    const struct walk *walk = visit->walk;
    const struct walk_object *object = &walk->object[visit->object];
    bool is = value && value->passing == FAR_PASS_FD;
    bool same = is && object->wire && memcmp(object->memory + offset, object->wire + offset, bytes) == 0;
    if (is && !same && load(object->memory + offset) >= 0)
        walk->hooks->drop_descriptor(walk->context, load(object->memory + offset));
    return FAR_CALL_DONE;
}

static void drop_in_object(struct walk *walk, uint32_t index)
{
    struct walk_visit visit;
    struct walk_object *object = &walk->object[index];
    if (!(object->direction & FAR_VALUE_OUT) || !object->element || !object->bytes || object->kept)
        return;
    object->image = object->memory;
    walk_visit_begin(&visit, walk, index);
    visit.leaf = drop_leaf;
    walk_visit_object(&visit);
}

void walk_drop_descriptors(struct walk *walk)
{
    if (!walk->descriptors || !walk->hooks->drop_descriptor)
        return;
    for (uint32_t i = 0; i < walk->entered; i++)
        drop_in_object(walk, i);
    if (walk->of.function->value.passing == FAR_PASS_FD && (int32_t)walk->result >= 0)
        walk->hooks->drop_descriptor(walk->context, (int32_t)walk->result);
}
