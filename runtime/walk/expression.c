/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Sizes and selectors, where structures, results and other parameters' memory are read. Only private memory is. */
#include "runtime/lib/plan.h"
#include "runtime/lib/size.h"
#include "runtime/walk/inside.h"

/* What a sum reads: a number that is negative only where something is selected by it. */
static bool operand(const struct far_expr *node, uint64_t raw, bool selects, uint64_t *number, bool *negative)
{
    bool is_signed = node->flags & FAR_EXPR_SIGNED;
    *number = far_extend(raw, node->width, is_signed);
    if (!is_signed || (int64_t)*number >= 0 || selects)
        return true;
    *negative = true;
    return false;
}

static bool read_from(const char *image, uint64_t image_bytes, uint64_t offset, unsigned width, uint64_t *raw)
{
    *raw = 0;
    if (!image || width > sizeof *raw || offset > image_bytes || width > image_bytes - offset)
        return false;
    memcpy(raw, image + offset, width);
    return true;
}

/* The structure `index` further out, by value first, then where the pointer to this object stands. */
static bool read_member(const struct walk_visit *visit, const struct far_expr *node, uint64_t *raw)
{
    const struct walk_scope *scope = visit->outer;
    uint32_t object = visit->object, index = node->index;
    const struct walk_holder *holder;
    if (index < visit->depth) {
        holder = &visit->holder[visit->depth - 1 - index];
    } else {
        index -= visit->depth;
        if (!scope || index >= scope->depth)
            return false;
        holder = &scope->holder[scope->depth - 1 - index];
        object = scope->object;
    }
    if (object == WALK_NOWHERE || node->value > holder->bytes || node->width > holder->bytes - node->value)
        return false;
    const struct walk_object *around = &visit->walk->object[object];
    return read_from(around->image, around->image_bytes, holder->offset + node->value, node->width, raw);
}

static bool read_parameter(const struct walk *walk, const struct far_expr *node, uint64_t *raw)
{
    *raw = 0;
    uint32_t index = walk->param_object[node->index];
    if (!index)
        return true; /* NULL */
    const struct walk_object *object = &walk->object[index - 1];
    return read_from(object->image, object->image_bytes, node->value, node->width, raw);
}

static bool push(struct walk_visit *visit, const struct far_expr *node, bool selects, uint64_t *top, bool *negative)
{
    const struct walk *walk = visit->walk;
    uint64_t raw = 0;
    switch (node->code) {
    case FAR_EXPR_CONST:
        *top = node->value;
        return true;
    case FAR_EXPR_PARAM:
        return node->index < walk->of.count && operand(node, walk->value[node->index], selects, top, negative);
    case FAR_EXPR_DEREF:
        return node->index < walk->of.count && read_parameter(walk, node, &raw) &&
               operand(node, raw, selects, top, negative);
    case FAR_EXPR_MEMBER:
        return read_member(visit, node, &raw) && operand(node, raw, selects, top, negative);
    default:
        return walk->after && operand(node, walk->result, selects, top, negative);
    }
}

unsigned walk_evaluate(struct walk_visit *visit, uint32_t first, uint32_t count, bool selects, uint64_t *number,
                       bool *negative)
{
    uint64_t stack[FAR_EXPR_MAX];
    unsigned depth = 0;
    *negative = false;
    for (uint32_t i = 0; i < count; i++) {
        const struct far_expr *node = iface_expr(visit->walk->of.iface, first + i);
        bool is_operand = FAR_EXPR_IS_OPERAND(node->code);
        if (is_operand ? depth == FAR_EXPR_MAX : depth < 2)
            return FAR_CALL_BAD_SIZE;
        if (is_operand) {
            if (!push(visit, node, selects, &stack[depth++], negative))
                return FAR_CALL_BAD_SIZE;
        } else if (!size_apply_operator(node->code, &stack[depth - 2], stack[depth - 1])) {
            return FAR_CALL_BAD_SIZE;
        } else {
            depth--;
        }
    }
    if (depth != 1)
        return FAR_CALL_BAD_SIZE;
    *number = stack[0];
    return FAR_CALL_DONE;
}

unsigned walk_size(struct walk_visit *visit, const struct far_value *value, uint64_t *bytes, bool *negative)
{
    unsigned status = walk_evaluate(visit, value->size_first, value->size_count, false, bytes, negative);
    return !status && *bytes > FAR_ASTACK_MAX ? FAR_CALL_BAD_SIZE : status;
}

/* The last member, where it is an array with a size of its own. */
static const struct far_member *flexible_member(const struct far_iface *iface, const struct far_value *value)
{
    const struct far_type *target = iface_type(iface, iface_type(iface, value->type)->target);
    if (!(target->flags & FAR_TYPE_FLEXIBLE) || !target->member_count)
        return NULL;
    const struct far_member *last = iface_member(iface, target->first_member + target->member_count - 1);
    const struct far_value *array = last->value ? iface_value(iface, last->value - 1) : NULL;
    return array && array->passing == FAR_PASS_ARRAY && array->size_count ? last : NULL;
}

/* One structure at its own size, which does not count what its last member holds. */
bool walk_has_flexible(const struct far_iface *iface, const struct far_value *value)
{
    const struct far_type *target = iface_type(iface, iface_type(iface, value->type)->target);
    if (value->passing != FAR_PASS_BUFFER || value->size_count != 1 || !flexible_member(iface, value))
        return false;
    const struct far_expr *size = iface_expr(iface, value->size_first);
    return size->code == FAR_EXPR_CONST && size->value == target->size;
}

unsigned walk_flexible_size(struct walk_visit *visit, const struct far_value *value, const char *head, uint64_t *bytes)
{
    const struct far_iface *iface = visit->walk->of.iface;
    const struct far_member *last = flexible_member(iface, value);
    const struct far_value *array = iface_value(iface, last->value - 1);
    const struct far_type *target = iface_type(iface, iface_type(iface, value->type)->target);
    struct walk_object *lent =
        &visit->walk->object[visit->walk->count]; /* there is room for one that is not there yet */
    struct walk_visit inner;
    uint64_t used = 0;
    bool negative;
    *lent = (struct walk_object){.image = head, .image_bytes = (uint32_t)target->size};
    walk_visit_begin(&inner, visit->walk, visit->walk->count);
    inner.holder[inner.depth++] = (struct walk_holder){0, target->size};
    unsigned status = walk_size(&inner, array, &used, &negative);
    if (status || __builtin_add_overflow(used, last->offset, &used))
        return FAR_CALL_BAD_SIZE;
    *bytes = used > target->size ? used : target->size;
    return *bytes > FAR_ASTACK_MAX ? FAR_CALL_BAD_SIZE : FAR_CALL_DONE;
}

static uint16_t parameters_in(const struct far_iface *iface, uint32_t first, uint32_t count)
{
    uint16_t named = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct far_expr *node = iface_expr(iface, first + i);
        if (node->code == FAR_EXPR_DEREF)
            named |= (uint16_t)(1u << node->index);
    }
    return named;
}

void walk_look_at_parameters(struct walk *walk)
{
    const struct far_iface *iface = walk->of.iface;
    walk->measured = walk->late = 0;
    for (uint32_t i = 0; i <= walk->of.count; i++) {
        const struct far_value *value = &walk->of.function[i].value;
        bool waits = false;
        for (;;) {
            uint16_t named = parameters_in(iface, value->size_first, value->size_count) |
                             parameters_in(iface, value->select_first, value->select_count);
            walk->measured |= named;
            waits |= named != 0;
            if (value->passing == FAR_PASS_CALLBACK || !value->inside)
                break;
            value = iface_value(iface, value->inside - 1);
        }
        if (i && waits)
            walk->late |= (uint16_t)(1u << (i - 1));
    }
}
