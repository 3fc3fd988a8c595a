/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Expressions: sizes and selectors. A checked one never under- or overflows its stack, leaves exactly one value, reads
 * nothing outside a parameter's first element or the structure around it, and can be evaluated: of a function's
 * parameters first those whose size needs no other's memory, then the rest, and after the call what needs the result or
 * was made by the function called (it has a lifetime). Sizes of members need nothing but the bytes of the structures
 * around them, so they never wait for one another.
 */
#include "runtime/format/iface_walk.h"

#define HOLDER_DEPTH_MAX 64 /* structures inside structures */

static bool expression_waits(const struct iface_walk *walk, const struct far_value *value)
{
    for (uint32_t i = 0; i < value->size_count; i++) {
        unsigned code = iface_expr(walk->iface, value->size_first + i)->code;
        if (code == FAR_EXPR_DEREF || code == FAR_EXPR_RESULT)
            return true;
    }
    return false;
}

/* The parameter that a node names, or NULL and what is wrong. */
static const struct far_value *named_value(const struct iface_scope *scope, const struct far_expr *node,
                                           const char **mistake)
{
    *mistake = NULL;
    if (scope->function && node->index < scope->param_count)
        return &scope->function[1 + node->index].value;
    *mistake = scope->function ? "its size names a parameter that does not exist"
                               : "its size names a parameter, but a member knows none";
    return NULL;
}

static const char *param_mistake(const struct iface_scope *scope, const struct far_expr *node)
{
    const char *mistake;
    const struct far_value *named = named_value(scope, node, &mistake);
    if (!named)
        return mistake;
    if (named->passing != FAR_PASS_VALUE)
        return "its size names a parameter that is no integer";
    return node->width == named->width ? NULL : "its size reads a parameter in another width than it has";
}

static const char *deref_mistake(const struct iface_walk *walk, const struct iface_scope *scope,
                                 const struct far_expr *node)
{
    const char *mistake;
    const struct far_value *named = named_value(scope, node, &mistake);
    if (!named)
        return mistake;
    unsigned known = scope->made_there ? FAR_VALUE_IN | FAR_VALUE_OUT : FAR_VALUE_IN;
    if (named->passing != FAR_PASS_BUFFER || !(named->flags & known))
        return "its size follows a parameter that is no buffer going in";
    if (!iface_is_width(node->width))
        return "its size reads an integer of an odd width";
    uint32_t target = iface_type(walk->iface, named->type)->target;
    if (!range_inside(node->value, node->width, iface_type(walk->iface, target)->size))
        return "its size reads beyond what a parameter points to";
    if (!scope->made_there && expression_waits(walk, named))
        return "its size follows a parameter whose own size follows another";
    return NULL;
}

static const char *member_mistake(const struct iface_scope *scope, const struct far_expr *node)
{
    if (!scope->holder)
        return "its size names a member, but there is no structure around it";
    if (!iface_is_width(node->width))
        return "its size reads an integer of an odd width";
    if (node->index > HOLDER_DEPTH_MAX)
        return "its size names a structure too far around it";
    /* Which structures are around this one depends on the way to it, so that bound is checked when it is evaluated. */
    if (node->index == 0 && !range_inside(node->value, node->width, scope->holder->size))
        return "its size reads beyond the structure around it";
    return NULL;
}

static const char *result_mistake(const struct iface_scope *scope, const struct far_expr *node)
{
    if (!scope->function || !scope->comes_out)
        return "its size is the result, but it does not come out";
    if (scope->function->value.passing != FAR_PASS_VALUE)
        return "its size is the result, which is no integer";
    return node->width == scope->function->value.width ? NULL
                                                       : "its size reads the result in another width than it has";
}

static const char *operand_mistake(const struct iface_walk *walk, const struct iface_scope *scope,
                                   const struct far_expr *node)
{
    switch ((enum far_expr_code)node->code) {
    case FAR_EXPR_PARAM:
        return param_mistake(scope, node);
    case FAR_EXPR_DEREF:
        return deref_mistake(walk, scope, node);
    case FAR_EXPR_MEMBER:
        return member_mistake(scope, node);
    case FAR_EXPR_RESULT:
        return result_mistake(scope, node);
    default:
        return NULL;
    }
}

static const char *node_mistake(const struct iface_walk *walk, const struct far_expr *node)
{
    if (node->code >= FAR_EXPR_CODE_COUNT || node->flags & ~FAR_EXPR_SIGNED || node->reserved || node->reserved2)
        return "its size expression has an unknown node";
    return walk_text(walk, node->name) ? NULL : "its size expression has a name that is not in the record";
}

const char *iface_expr_mistake(const struct iface_walk *walk, const struct iface_scope *scope, uint32_t first,
                               uint32_t count)
{
    unsigned depth = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct far_expr *node = iface_expr(walk->iface, first + i);
        const char *mistake = node_mistake(walk, node);
        mistake = mistake ? mistake : operand_mistake(walk, scope, node);
        if (mistake)
            return mistake;
        bool pushes = FAR_EXPR_IS_OPERAND(node->code);
        if (!pushes && depth < 2)
            return "its size expression takes more values than there are";
        depth = pushes ? depth + 1 : depth - 1;
    }
    return depth == 1 ? NULL : "its size expression leaves more than one value";
}
