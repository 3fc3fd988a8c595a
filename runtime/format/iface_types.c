/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The types and members of an interface record. Besides indices and sizes it is checked that no type holds itself by
 * value: whoever walks structures and arrays may recurse, to a depth of TYPE_DEPTH_MAX at most.
 */
#include "runtime/format/iface_walk.h"

#include <stdlib.h>

#define TYPE_DEPTH_MAX 64

enum colour { UNSEEN, OPEN, DONE };

static int bad_type(const struct iface_walk *walk, uint32_t index, const char *what)
{
    return complain(&walk->to, "interface record: type %u: %s; build it again with faridl", index, what);
}

static bool has_members(const struct far_type *type)
{
    return type->kind == FAR_TYPE_STRUCT || type->kind == FAR_TYPE_UNION;
}

static const char *array_mistake(const struct iface_walk *walk, const struct far_type *type)
{
    uint64_t bytes;
    if (type->target >= walk->iface->types.count)
        return "its element type does not exist";
    if (__builtin_mul_overflow(iface_type(walk->iface, type->target)->size, type->count, &bytes) || bytes != type->size)
        return "the array's size is not its number of elements times their size";
    return NULL;
}

static const char *type_mistake(const struct iface_walk *walk, const struct far_type *type)
{
    if (type->kind >= FAR_TYPE_COUNT)
        return "no such kind of type";
    if (type->flags & ~(FAR_TYPE_SIGNED | FAR_TYPE_CONST) || type->reserved)
        return "unknown flags";
    if (type->align & (type->align - 1))
        return "its alignment is no power of two";
    if (!walk_text(walk, type->name))
        return "its name is not in the record or not printable";
    if (type->kind == FAR_TYPE_POINTER && type->target >= walk->iface->types.count)
        return "the type it points to does not exist";
    if (has_members(type) && !range_inside(type->first_member, type->member_count, walk->iface->members.count))
        return "its members do not exist";
    if (!has_members(type) && type->member_count)
        return "it has members, but it is no structure";
    return type->kind == FAR_TYPE_ARRAY ? array_mistake(walk, type) : NULL;
}

static const char *member_mistake(const struct iface_walk *walk, const struct far_type *type,
                                  const struct far_member *m)
{
    if (m->type >= walk->iface->types.count)
        return "a member's type does not exist";
    if (!walk_text(walk, m->name) || m->reserved)
        return "a member's name is not in the record or not printable";
    /* A bit-field's bits may lie anywhere from its offset on, so only the bits themselves must be inside. */
    uint64_t bytes =
        m->bit_width ? ((uint64_t)m->bit_offset + m->bit_width + 7) / 8 : iface_type(walk->iface, m->type)->size;
    if (!range_inside(m->offset, bytes, type->size))
        return "a member lies outside the structure";
    return NULL;
}

static int check_members(const struct iface_walk *walk, uint32_t index, const struct far_type *type, uint64_t *budget)
{
    for (uint32_t i = 0; i < type->member_count; i++) {
        /* Every member belongs to one type, so all types together cannot look at more than there are. */
        if ((*budget)-- == 0)
            return bad_type(walk, index, "it shares members with other types");
        const char *mistake = member_mistake(walk, type, iface_member(walk->iface, type->first_member + i));
        if (mistake)
            return bad_type(walk, index, mistake);
    }
    return 0;
}

/* The next type that `type` holds by value, and that is still of interest, from member *next on; or NULL. */
static const struct far_type *next_inside(const struct iface_walk *walk, const struct far_type *type, uint32_t *next,
                                          const uint8_t *colour, uint32_t *index)
{
    uint32_t count = type->kind == FAR_TYPE_ARRAY ? 1 : has_members(type) ? type->member_count : 0;
    while (*next < count) {
        uint32_t at = (*next)++;
        *index = type->kind == FAR_TYPE_ARRAY ? type->target : iface_member(walk->iface, type->first_member + at)->type;
        if (colour[*index] != DONE)
            return iface_type(walk->iface, *index);
    }
    return NULL;
}

/* Depth first over what is held by value, each type once. */
static int check_nesting_from(const struct iface_walk *walk, uint32_t root, uint8_t *colour)
{
    struct {
        uint32_t index, next;
    } stack[TYPE_DEPTH_MAX];
    unsigned depth = 0;
    stack[depth].index = root;
    stack[depth++].next = 0;
    colour[root] = OPEN;
    while (depth) {
        uint32_t index = stack[depth - 1].index, inner;
        if (!next_inside(walk, iface_type(walk->iface, index), &stack[depth - 1].next, colour, &inner)) {
            colour[index] = DONE;
            depth--;
            continue;
        }
        if (colour[inner] == OPEN)
            return bad_type(walk, inner, "it holds itself by value");
        if (depth == TYPE_DEPTH_MAX)
            return bad_type(walk, inner, "structures are nested too deeply");
        colour[inner] = OPEN;
        stack[depth].index = inner;
        stack[depth++].next = 0;
    }
    return 0;
}

static int check_nesting(const struct iface_walk *walk)
{
    uint32_t count = walk->iface->types.count;
    uint8_t *colour = calloc(count ? count : 1, 1);
    int err = colour ? 0 : complain(&walk->to, "interface record: no memory to check %u types", count);
    for (uint32_t i = 0; !err && i < count; i++) {
        if (colour[i] == UNSEEN)
            err = check_nesting_from(walk, i, colour);
    }
    free(colour);
    return err;
}

int iface_check_types(const struct iface_walk *walk)
{
    uint64_t budget = walk->iface->members.count;
    for (uint32_t i = 0; i < walk->iface->types.count; i++) {
        const struct far_type *type = iface_type(walk->iface, i);
        const char *mistake = type_mistake(walk, type);
        int err = mistake ? bad_type(walk, i, mistake) : check_members(walk, i, type, &budget);
        if (err)
            return err;
    }
    return check_nesting(walk);
}
