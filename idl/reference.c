/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The names in a size or a selector: parameters, what they point to, members of the same structure, the result. */
#include "idl/check.h"

#include <string.h>

static const struct parameter *find_parameter(const struct scope *scope, const char *name, uint32_t *index)
{
    *index = 0;
    if (!scope->function)
        return NULL;
    for (const struct parameter *param = scope->function->params; param; param = param->next, (*index)++)
        if (param->name && strcmp(param->name, name) == 0)
            return param;
    return NULL;
}

static struct reference nothing(const char *unknown)
{
    return (struct reference){.unknown = unknown};
}

static struct reference resolve_name(const struct scope *scope, const char *name)
{
    struct reference result = {.name = name};
    result.param = find_parameter(scope, name, &result.index);
    if (result.param) {
        result.kind = REFERENCE_PARAM;
        result.type = result.param->type;
        return result;
    }
    result.index = 0;
    if (scope->function && strcmp(name, "far_result") == 0) {
        result.kind = REFERENCE_RESULT;
        result.type = scope->function->target;
        return result;
    }
    const struct member *member = NULL;
    for (; scope && scope->structure && !member; scope = scope->outer) {
        member = type_member(scope->structure, name, &result.offset);
        result.index += !member;
    }
    if (!member)
        return nothing(name);
    result.kind = REFERENCE_MEMBER;
    result.type = member->type;
    result.is_bit_field = member->is_bit_field;
    return result;
}

/* What a pointer parameter points to; one that a pointer inside something points to is not followed. */
static struct reference pointee(struct reference pointer, const char *name)
{
    if (pointer.kind != REFERENCE_PARAM || pointer.type.type->kind != TYPE_POINTER)
        return nothing(NULL);
    pointer.kind = REFERENCE_POINTEE;
    pointer.type = pointer.type.type->target;
    pointer.name = name;
    return pointer;
}

static struct reference resolve_member(const struct scope *scope, const struct expr *expr)
{
    struct arena *arena = scope->checking->unit->arena;
    struct reference whole = reference_resolve(scope, expr->left);
    if (whole.kind == REFERENCE_NONE)
        return whole;
    const char *base = whole.name;
    if (expr->kind == EXPR_ARROW)
        whole = pointee(whole, base);
    bool through = whole.kind == REFERENCE_POINTEE || whole.kind == REFERENCE_MEMBER;
    if (!through || !is_structure_type(whole.type.type))
        return nothing(NULL);
    uint64_t offset = 0;
    const struct member *member = type_member(whole.type.type, expr->name, &offset);
    if (!member)
        return nothing(expr->name);
    whole.offset += offset;
    whole.type = member->type;
    whole.is_bit_field = member->is_bit_field;
    const char *form = expr->kind == EXPR_ARROW ? "%s->%s" : *base == '*' ? "(%s).%s" : "%s.%s";
    whole.name = arena_format(arena, form, base, expr->name);
    return whole;
}

struct reference reference_resolve(const struct scope *scope, const struct expr *expr)
{
    switch (expr->kind) {
    case EXPR_NAME:
        return resolve_name(scope, expr->name);
    case EXPR_MEMBER:
    case EXPR_ARROW:
        return resolve_member(scope, expr);
    case EXPR_UNARY:
        if (expr->op != '*')
            return nothing(NULL);
        struct reference pointer = reference_resolve(scope, expr->left);
        if (pointer.kind == REFERENCE_NONE)
            return pointer;
        return pointee(pointer, arena_format(scope->checking->unit->arena, "*%s", pointer.name));
    default:
        return nothing(NULL);
    }
}

/* Of what is only measured, a name that the parser knew for the scope's has its type already: constant_evaluate() sees it. */
static bool names_used(const struct scope *scope, const struct expr *expr, bool measured)
{
    if (!expr)
        return false;
    switch (expr->kind) {
    case EXPR_NAME:
        return !(measured && expr->shadows) && resolve_name(scope, expr->name).kind != REFERENCE_NONE;
    case EXPR_SIZEOF:
    case EXPR_ALIGNOF:
        return names_used(scope, expr->left, true);
    case EXPR_OFFSETOF: /* a designator: a member's name, and more behind it */
        for (expr = expr->left; expr && expr->kind != EXPR_NAME; expr = expr->left)
            if (names_used(scope, expr->right, false))
                return true;
        return false;
    default:
        return names_used(scope, expr->left, measured) || names_used(scope, expr->right, measured) ||
               names_used(scope, expr->third, measured);
    }
}

bool reference_used(const struct scope *scope, const struct expr *expr)
{
    return names_used(scope, expr, false);
}

/* The members as parameters, so that they hide other names as those do. */
static struct parameter **add_members(struct arena *arena, const struct type *type, struct parameter **end)
{
    for (const struct member *member = type->members; member; member = member->next) {
        if (!member->name && is_structure_type(member->type.type))
            end = add_members(arena, member->type.type, end);
        if (!member->name)
            continue;
        *end = ARENA_NEW(arena, struct parameter);
        (*end)->name = member->name;
        if (!member->is_bit_field) /* has no size */
            (*end)->type = member->type;
        end = &(*end)->next;
    }
    return end;
}

const struct parameter *reference_names(struct scope *scope)
{
    if (scope->function)
        return scope->function->params;
    struct parameter **end = &scope->members;
    for (const struct scope *s = scope->members ? NULL : scope; s && s->structure; s = s->outer)
        end = add_members(scope->checking->unit->arena, s->structure, end);
    return scope->members;
}

static const char *listed(struct arena *arena, const char *list, const char *name)
{
    return arena_format(arena, "%s%s%s", list, *list ? ", " : "", name);
}

static const char *member_names(struct arena *arena, const struct type *type, const struct member *but,
                                const char *list)
{
    for (const struct member *member = type->members; member; member = member->next) {
        if (member->name && member != but && is_integer_type(member->type.type))
            list = listed(arena, list, member->name);
        else if (!member->name && is_structure_type(member->type.type))
            list = member_names(arena, member->type.type, but, list);
    }
    return list;
}

const char *reference_candidates(const struct subject *s)
{
    struct arena *arena = s->unit->arena;
    const char *list = "";
    if (s->scope->structure) {
        for (const struct scope *scope = s->scope; scope && scope->structure; scope = scope->outer)
            list = member_names(arena, scope->structure, s->member, list);
        return *list ? arena_format(arena, "its integer members are: %s", list)
                     : "give the size as a member of the same structure";
    }
    for (const struct parameter *param = s->scope->function->params; param; param = param->next)
        if (param->name && param != s->param)
            list = listed(arena, list, param->name);
    return *list ? arena_format(arena, "the parameters are: %s", list) : "give the size as a parameter";
}
