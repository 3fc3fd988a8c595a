/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* One value in words: how it crosses, how much of it, how long it stays. */
#include "idl/dump.h"

#include <inttypes.h>
#include <string.h>

static const char *operator_text(unsigned code)
{
    static const char *const operators[FAR_EXPR_CODE_COUNT] = {
        [FAR_EXPR_ADD] = "+", [FAR_EXPR_SUB] = "-",  [FAR_EXPR_MUL] = "*",  [FAR_EXPR_DIV] = "/",
        [FAR_EXPR_MOD] = "%", [FAR_EXPR_SHL] = "<<", [FAR_EXPR_SHR] = ">>", [FAR_EXPR_AND] = "&"};
    return operators[code];
}

const char *expression_text(struct dumping *d, const struct model_expr *nodes, uint32_t count)
{
    const char *stack[FAR_EXPR_MAX + 1] = {"nothing"};
    uint32_t depth = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct far_expr *node = &nodes[i].node;
        if (node->code == FAR_EXPR_CONST) {
            stack[depth++] = arena_format(d->arena, "%" PRIu64, node->value);
        } else if (FAR_EXPR_IS_OPERAND(node->code)) {
            stack[depth++] = nodes[i].name;
        } else {
            depth--;
            stack[depth - 1] =
                arena_format(d->arena, "(%s %s %s)", stack[depth - 1], operator_text(node->code), stack[depth]);
        }
    }
    return stack[0];
}

const char *cases_text(struct dumping *d, const struct model_member *member)
{
    const char *text = member->is_default ? ", in use otherwise" : member->case_count ? ", in use for" : "";
    for (uint32_t i = 0; i < member->case_count; i++)
        text = arena_format(d->arena, "%s%s %" PRId64, text, i ? "," : "", member->cases[i]);
    return text;
}

const char *lifetime_text(struct dumping *d, const struct model_value *value, const struct names *names)
{
    bool of_param = value->lifetime >= FAR_LIFETIME_HANDLE;
    const char *name = of_param && names->params ? names->params[value->lifetime_of].name : NULL;
    if (!name)
        return far_lifetime_name(value->lifetime);
    return arena_format(d->arena, "%s '%s'", far_lifetime_name(value->lifetime), name);
}

static const char *direction_text(const struct model_value *value)
{
    static const char *const words[] = {"", " in", " out", " inout"};
    return words[value->flags & (FAR_VALUE_IN | FAR_VALUE_OUT)];
}

static const char *width_text(struct dumping *d, const struct model_value *value)
{
    if (value->passing == FAR_PASS_VALUE)
        return arena_format(d->arena, " %c%u", value->flags & FAR_VALUE_SIGNED ? 's' : 'u', value->width * 8);
    return value->passing == FAR_PASS_FLOAT ? arena_format(d->arena, " %u", value->width * 8) : "";
}

const char *value_text(struct dumping *d, const struct model_value *value, const struct names *names)
{
    struct arena *arena = d->arena;
    const char *text =
        arena_format(arena, "%s%s%s", far_passing_name(value->passing), direction_text(value), width_text(d, value));
    if (value->size_count)
        text = arena_format(arena, "%s %s bytes", text, expression_text(d, value->size, value->size_count));
    if (value->flags & FAR_VALUE_OPTIONAL)
        text = arena_format(arena, "%s or NULL", text);
    if (value->flags & FAR_VALUE_DEEP)
        text = arena_format(arena, "%s, deep", text);
    if (value->flags & FAR_VALUE_DEEP_ONLY)
        text = arena_format(arena, "%s, below far_deep only", text);
    if (value->flags & FAR_VALUE_RELEASE)
        text = arena_format(arena, "%s, released", text);
    if (value->flags & FAR_VALUE_GRANTED)
        text = arena_format(arena, "%s, or granted", text);
    if (value->select_count && value->passing == FAR_PASS_HANDLE)
        text = arena_format(arena, "%s unless it returns %" PRId64, text, (int64_t)value->select->node.value);
    else if (value->select_count)
        text = arena_format(arena, "%s, selected by %s", text, expression_text(d, value->select, value->select_count));
    if (value->lifetime)
        text = arena_format(arena, "%s, %s: %s", text, value->flags & FAR_VALUE_IN ? "kept" : "valid",
                            lifetime_text(d, value, names));
    return text;
}
