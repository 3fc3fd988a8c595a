/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What lies in an object: its plain bytes, its pointers, what stands for something. Structures, arrays and unions are
 * gone into by value, which iface_check() bounds; pointers are not followed here. Bytes that no member covers (padding,
 * the members of a union that are not in use) are not visited, so they never cross.
 */
#include "runtime/walk/inside.h"

static unsigned visit_value(struct walk_visit *visit, const struct far_value *value, uint64_t offset);

bool walk_is_cell(const struct far_value *value)
{
    switch (value ? (enum far_passing)value->passing : FAR_PASS_VALUE) {
    case FAR_PASS_BUFFER:
    case FAR_PASS_STRING:
    case FAR_PASS_GLOBAL:
    case FAR_PASS_HANDLE:
    case FAR_PASS_CALLBACK:
    case FAR_PASS_FD:
    case FAR_PASS_WITHHELD:
        return true;
    default:
        return false;
    }
}

/* Nothing but bytes, arrays of arrays included. */
static bool is_plain(const struct far_iface *iface, const struct far_value *value)
{
    while (value->passing == FAR_PASS_ARRAY && value->inside && !value->size_count)
        value = iface_value(iface, value->inside - 1);
    if (value->passing == FAR_PASS_ARRAY)
        return !value->size_count;
    return value->passing != FAR_PASS_STRUCT && !walk_is_cell(value);
}

const struct far_value *walk_element(const struct far_iface *iface, const struct far_value *value)
{
    const struct far_value *element = value->inside ? iface_value(iface, value->inside - 1) : NULL;
    return element && is_plain(iface, element) ? NULL : element;
}

uint64_t walk_element_size(const struct far_iface *iface, const struct far_value *value)
{
    uint64_t size = iface_type(iface, value->type)->size;
    return size ? size : 1;
}

/* What an object is made of: of `void *`, as its elements say. */
static uint32_t type_of(const struct walk *walk, const struct walk_object *object)
{
    const struct far_value *value = object->value;
    if (object->flags & WALK_BY_VALUE)
        return value->type;
    return object->element ? object->element->type : iface_type(walk->of.iface, value->type)->target;
}

void walk_mend(struct walk *walk, const struct walk_object *object, char *memory, uint64_t bytes)
{
    uint32_t index = type_of(walk, object);
    const struct far_type *type = iface_type(walk->of.iface, index);
    if (type->kind != FAR_TYPE_STRUCT && type->kind != FAR_TYPE_BOOL && type->kind != FAR_TYPE_ARRAY)
        return;
    if (walk->looked_at != index + 1) {
        walk->looked_at = index + 1;
        walk->has_booleans = iface_holds_booleans(walk->of.iface, type);
    }
    if (walk->has_booleans)
        iface_mend_booleans(walk->of.iface, type, memory, bytes);
}

static unsigned visit_member(struct walk_visit *visit, const struct far_member *member, uint64_t offset)
{
    const struct far_iface *iface = visit->walk->of.iface;
    if (member->value && !member->bit_width)
        return visit_value(visit, iface_value(iface, member->value - 1), offset + member->offset);
    uint64_t at = offset + member->offset, bytes = iface_type(iface, member->type)->size;
    if (member->bit_width) {
        at += member->bit_offset / 8u;
        bytes = (member->bit_offset % 8u + member->bit_width + 7u) / 8u;
    }
    return bytes ? visit->leaf(visit, NULL, at, bytes) : FAR_CALL_DONE;
}

static bool has_case(const struct far_iface *iface, const struct far_member *member, int64_t selector)
{
    for (uint32_t i = 0; i < member->case_count; i++)
        if (iface_case(iface, member->first_case + i) == selector)
            return true;
    return false;
}

static const struct far_member *selected(const struct far_iface *iface, const struct far_type *type, int64_t selector)
{
    const struct far_member *otherwise = NULL;
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct far_member *member = iface_member(iface, type->first_member + i);
        if (has_case(iface, member, selector))
            return member;
        if (member->flags & FAR_MEMBER_DEFAULT)
            otherwise = member;
    }
    return otherwise;
}

static unsigned visit_members(struct walk_visit *visit, const struct far_value *value, const struct far_type *type,
                              uint64_t offset, uint64_t selector)
{
    const struct far_iface *iface = visit->walk->of.iface;
    unsigned status = FAR_CALL_DONE;
    if (value->select_count) {
        const struct far_member *member = selected(iface, type, (int64_t)selector);
        return member ? visit_member(visit, member, offset) : FAR_CALL_DONE;
    }
    if (type->kind == FAR_TYPE_UNION)
        return visit->leaf(visit, NULL, offset, type->size);
    for (uint32_t i = 0; i < type->member_count && !status; i++)
        status = visit_member(visit, iface_member(iface, type->first_member + i), offset);
    return status;
}

/* A selector sees the structures around the union, the members the union too. */
static unsigned visit_struct(struct walk_visit *visit, const struct far_value *value, uint64_t offset)
{
    const struct far_type *type = iface_type(visit->walk->of.iface, value->type);
    uint64_t selector = 0;
    bool negative;
    if (value->select_count) {
        unsigned status = walk_evaluate(visit, value->select_first, value->select_count, true, &selector, &negative);
        if (status)
            return status;
    }
    if (visit->depth == WALK_NESTING)
        return FAR_CALL_BAD_ARGUMENT;
    visit->holder[visit->depth++] = (struct walk_holder){offset, type->size};
    unsigned status = visit_members(visit, value, type, offset, selector);
    visit->depth--;
    return status;
}

/* An array with a size: so much of it is in use. A flexible one has its object's end as its limit, others their own. */
static unsigned array_bytes(struct walk_visit *visit, const struct far_value *value, uint64_t offset, uint64_t *bytes)
{
    uint64_t limit = visit->walk->object[visit->object].bytes - offset, size, used;
    bool negative;
    size = iface_type(visit->walk->of.iface, value->type)->size;
    *bytes = size;
    if (!value->size_count)
        return FAR_CALL_DONE;
    unsigned status = walk_size(visit, value, &used, &negative);
    *bytes = used;
    return status ? status : used > (size ? size : limit) ? FAR_CALL_BAD_SIZE : FAR_CALL_DONE;
}

static unsigned visit_array(struct walk_visit *visit, const struct far_value *value, uint64_t offset)
{
    const struct far_iface *iface = visit->walk->of.iface;
    const struct far_value *element = walk_element(iface, value);
    uint64_t bytes;
    unsigned status = array_bytes(visit, value, offset, &bytes);
    if (status || !bytes)
        return status;
    if (!element)
        return visit->leaf(visit, NULL, offset, bytes);
    uint64_t size = walk_element_size(iface, element);
    for (uint64_t at = 0; at + size <= bytes && !status; at += size)
        status = visit_value(visit, element, offset + at);
    return status;
}

static unsigned visit_value(struct walk_visit *visit, const struct far_value *value, uint64_t offset)
{
    uint64_t limit = visit->walk->object[visit->object].bytes;
    uint64_t bytes = iface_type(visit->walk->of.iface, value->type)->size;
    if (offset > limit || bytes > limit - offset)
        return FAR_CALL_BAD_SIZE;
    if (value->passing == FAR_PASS_STRUCT)
        return visit_struct(visit, value, offset);
    if (value->passing == FAR_PASS_ARRAY)
        return visit_array(visit, value, offset);
    return bytes ? visit->leaf(visit, value, offset, bytes) : FAR_CALL_DONE;
}

void walk_visit_begin(struct walk_visit *visit, struct walk *walk, uint32_t object)
{
    visit->walk = walk;
    visit->object = object;
    visit->direction = FAR_VALUE_IN;
    visit->lifetime = visit->lifetime_of = 0;
    visit->deep = false;
    visit->leaf = NULL;
    visit->context = NULL;
    visit->outer = NULL;
    visit->depth = 0;
    if (object == WALK_NOWHERE || object >= walk->count)
        return;
    const struct walk_object *of = &walk->object[object];
    visit->direction = of->direction;
    visit->lifetime = of->lifetime;
    visit->lifetime_of = of->lifetime_of;
    visit->deep = of->flags & WALK_DEEP;
    visit->outer = of->scope;
}

unsigned walk_visit_object(struct walk_visit *visit)
{
    const struct walk_object *object = &visit->walk->object[visit->object];
    const struct far_value *element = object->element;
    uint64_t bytes = object->bytes;
    unsigned status = FAR_CALL_DONE;
    if (!element)
        return bytes ? visit->leaf(visit, NULL, 0, bytes) : FAR_CALL_DONE;
    uint64_t size = walk_element_size(visit->walk->of.iface, element);
    if (object->flags & WALK_TERMINATED)
        bytes -= size;
    /* A structure with a flexible array is one, however large. */
    if (iface_type(visit->walk->of.iface, element->type)->flags & FAR_TYPE_FLEXIBLE && bytes >= size)
        return visit_value(visit, element, 0);
    for (uint64_t at = 0; at + size <= bytes && !status; at += size)
        status = visit_value(visit, element, at);
    return status;
}

const struct walk_scope *walk_scope_of(struct walk_visit *visit, bool *failed)
{
    *failed = false;
    if (visit->depth == 0)
        return visit->outer;
    struct walk_scope *scope = walk_take(visit->walk->memory, sizeof *scope + visit->depth * sizeof scope->holder[0]);
    if (!scope) {
        *failed = true;
        return NULL;
    }
    scope->object = visit->object;
    scope->depth = visit->depth;
    memcpy(scope->holder, visit->holder, visit->depth * sizeof scope->holder[0]);
    return scope;
}
