/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Size expressions of buffers. A checked one never under- or overflows its stack, leaves exactly one value, and can be
 * evaluated in two rounds: first the parameters whose size needs no other's memory, then the rest.
 */
#include "runtime/format/iface_walk.h"

static const struct far_expr *node_of(const struct iface_walk *walk, const struct far_param *param, uint32_t at)
{
    return iface_expr(walk->iface, param->value.size_first + at);
}

static bool size_exists(const struct iface_walk *walk, const struct far_param *param)
{
    return param->value.size_count >= 1 && param->value.size_count <= FAR_EXPR_MAX &&
           range_inside(param->value.size_first, param->value.size_count, walk->iface->exprs.count);
}

static bool size_needs_memory(const struct iface_walk *walk, const struct far_param *param)
{
    for (uint32_t i = 0; i < param->value.size_count; i++) {
        if (node_of(walk, param, i)->code == FAR_EXPR_DEREF)
            return true;
    }
    return false;
}

static const char *param_node_mistake(const struct iface_walk *walk, const struct far_op *op,
                                      const struct far_expr *node)
{
    if (node->index >= op->param_count)
        return "its size names a parameter that does not exist";
    const struct far_param *named = iface_param(walk->iface, op, node->index);
    if (named->value.passing != FAR_PASS_VALUE)
        return "its size names a parameter that is no integer";
    if (node->width != named->value.width)
        return "its size reads a parameter in another width than it has";
    return NULL;
}

static const char *deref_node_mistake(const struct iface_walk *walk, const struct far_op *op,
                                      const struct far_expr *node)
{
    if (node->index >= op->param_count)
        return "its size names a parameter that does not exist";
    const struct far_param *named = iface_param(walk->iface, op, node->index);
    if (named->value.passing != FAR_PASS_BUFFER || !(named->value.flags & FAR_VALUE_IN))
        return "its size follows a parameter that is no buffer going in";
    if (node->width != 1 && node->width != 2 && node->width != 4 && node->width != 8)
        return "its size reads an integer of an odd width";
    if (!size_exists(walk, named) || size_needs_memory(walk, named))
        return "its size follows a parameter whose own size follows another";
    return NULL;
}

static const char *node_mistake(const struct iface_walk *walk, const struct far_op *op, const struct far_expr *node)
{
    if (node->code >= FAR_EXPR_CODE_COUNT || node->flags & ~FAR_EXPR_SIGNED || node->reserved)
        return "its size expression has an unknown node";
    if (node->code == FAR_EXPR_PARAM)
        return param_node_mistake(walk, op, node);
    if (node->code == FAR_EXPR_DEREF)
        return deref_node_mistake(walk, op, node);
    return NULL;
}

const char *iface_size_mistake(const struct iface_walk *walk, const struct far_op *op, uint32_t index)
{
    const struct far_param *param = iface_param(walk->iface, op, index);
    unsigned depth = 0;
    if (param->value.passing != FAR_PASS_BUFFER)
        return NULL;
    if (!size_exists(walk, param))
        return "its size expression does not exist";
    for (uint32_t i = 0; i < param->value.size_count; i++) {
        const struct far_expr *node = node_of(walk, param, i);
        const char *mistake = node_mistake(walk, op, node);
        if (mistake)
            return mistake;
        bool pushes = FAR_EXPR_IS_OPERAND(node->code);
        if (!pushes && depth < 2)
            return "its size expression takes more values than there are";
        depth = pushes ? depth + 1 : depth - 1;
    }
    return depth == 1 ? NULL : "its size expression leaves more than one value";
}
