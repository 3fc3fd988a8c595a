/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/format/byvalue.h"

#include <string.h>

struct walking {
    const struct far_iface *iface;
    int (*each)(void *context, const struct far_leaf *leaf);
    void *context;
};

static int walk_type(const struct walking *walking, uint32_t index, uint64_t offset);

static int walk_scalar(const struct walking *walking, const struct far_type *type, uint64_t offset,
                       enum far_leaf_kind kind)
{
    const struct far_leaf leaf = {kind, offset, type->size, type->align && offset % type->align != 0};
    return walking->each(walking->context, &leaf);
}

static int walk_elements(const struct walking *walking, uint32_t element, uint64_t count, uint64_t offset)
{
    uint64_t size = iface_type(walking->iface, element)->size;
    int result = 0;
    for (uint64_t i = 0; i < count && !result && size; i++)
        result = walk_type(walking, element, offset + i * size);
    return result;
}

/* Only the bytes that its bits lie in: its type may reach beyond the structure. */
static int walk_bit_field(const struct walking *walking, const struct far_member *member, uint64_t offset)
{
    uint64_t first = member->bit_offset / 8, last = (member->bit_offset + member->bit_width - 1u) / 8;
    const struct far_leaf leaf = {FAR_LEAF_INTEGER, offset + first, last - first + 1, false};
    return walking->each(walking->context, &leaf);
}

static int walk_members(const struct walking *walking, const struct far_type *type, uint64_t offset)
{
    int result = 0;
    for (uint32_t i = 0; i < type->member_count && !result; i++) {
        const struct far_member *member = iface_member(walking->iface, type->first_member + i);
        result = member->bit_width ? walk_bit_field(walking, member, offset + member->offset)
                                   : walk_type(walking, member->type, offset + member->offset);
    }
    return result;
}

/* IEEE's binary128 is in a whole vector register, unlike a `long double` of x86-64 that has as many bytes. */
static enum far_leaf_kind float_kind(const struct walking *walking, const struct far_type *type)
{
    return strstr(iface_string(walking->iface, type->name), "128") ? FAR_LEAF_QUAD : FAR_LEAF_FLOAT;
}

/* Larger ones are in registers only where the code was compiled for those, and of small and strange ones each has its own idea. */
static enum far_leaf_kind vector_kind(const struct walking *walking, const struct far_type *type)
{
    const struct far_type *element = iface_type(walking->iface, type->target);
    bool usual = (type->size == 8 || type->size == 16) && type->count > 1 && element->kind != FAR_TYPE_BOOL &&
                 element->size * type->count == type->size;
    return usual ? FAR_LEAF_VECTOR : FAR_LEAF_ODD_VECTOR;
}

/* By value nothing holds itself, and how deep structures nest is limited: iface_check() has seen to it. */
static int walk_type(const struct walking *walking, uint32_t index, uint64_t offset)
{
    const struct far_type *type = iface_type(walking->iface, index);
    switch ((enum far_type_kind)type->kind) {
    case FAR_TYPE_STRUCT:
    case FAR_TYPE_UNION:
        return walk_members(walking, type, offset);
    case FAR_TYPE_ARRAY:
        return walk_elements(walking, type->target, type->count, offset);
    case FAR_TYPE_COMPLEX:
        return walk_elements(walking, type->target, 2, offset);
    case FAR_TYPE_VECTOR:
        return walk_scalar(walking, type, offset, vector_kind(walking, type));
    case FAR_TYPE_FLOAT:
        return walk_scalar(walking, type, offset, float_kind(walking, type));
    default:
        return walk_scalar(walking, type, offset, FAR_LEAF_INTEGER);
    }
}

int by_value_leaves(const struct far_iface *iface, uint32_t type,
                    int (*each)(void *context, const struct far_leaf *leaf), void *context)
{
    const struct walking walking = {iface, each, context};
    return walk_type(&walking, type, 0);
}
