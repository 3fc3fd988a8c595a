/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Size expressions: from an annotation's argument over parameters to the postfix form of the interface record. */
#include "idl/check.h"

#include "idl/parser.h"
#include "parse.h"

#include <stdio.h>
#include <string.h>

struct sizing {
    struct unit *unit;
    const struct model_op *op;
    const struct type *function;
    const struct parameter *param; /* whose size this is */
    struct place place;            /* where errors are shown */
    struct model_expr nodes[FAR_EXPR_MAX];
    uint32_t count;
    bool failed;
};

static void size_error(struct sizing *sizing, enum fc_number number, const char *advice, const char *format,
                       const char *detail)
{
    struct arena *arena = sizing->unit->arena;
    const char *name = sizing->param->name ? sizing->param->name : "(unnamed)";
    const char *what = arena_format(arena, "the size of '%s' in %s: ", name, sizing->op->name);
    char text[256];
    snprintf(text, sizeof text, format, detail);
    diag_error(sizing->unit->diagnostics, sizing->place, number, arena_format(arena, "%s%s", what, text), advice);
    sizing->failed = true;
}

static void emit_node(struct sizing *sizing, struct far_expr node)
{
    if (sizing->failed)
        return;
    if (sizing->count == FAR_EXPR_MAX) {
        size_error(sizing, FC_SIZE_TOO_LONG, "compute it in the client and pass it as one parameter",
                   "the expression is too long", "");
        return;
    }
    sizing->nodes[sizing->count++] = (struct model_expr){.node = node};
}

/* The parameter of that name; its number in *index. */
static const struct parameter *find_parameter(const struct sizing *sizing, const char *name, uint32_t *index)
{
    *index = 0;
    for (const struct parameter *param = sizing->function->params; param; param = param->next, (*index)++)
        if (param->name && strcmp(param->name, name) == 0)
            return param;
    return NULL;
}

static const char *parameter_names(const struct sizing *sizing)
{
    const char *list = "";
    for (const struct parameter *param = sizing->function->params; param; param = param->next)
        if (param->name && param != sizing->param)
            list = arena_format(sizing->unit->arena, "%s%s%s", list, *list ? ", " : "", param->name);
    return *list ? arena_format(sizing->unit->arena, "the parameters are: %s", list) : "give the size as a parameter";
}

static bool is_integer(const struct type *type)
{
    return (type->kind == TYPE_INT || type->kind == TYPE_ENUM) && type->complete && type->size <= 8;
}

static void emit_name(struct sizing *sizing, const struct expr *expr)
{
    uint32_t index;
    const struct parameter *param = find_parameter(sizing, expr->name, &index);
    if (!param) {
        size_error(sizing, FC_SIZE_UNKNOWN_NAME, parameter_names(sizing), "'%s' is neither a parameter nor a constant",
                   expr->name);
    } else if (param->type.type->kind == TYPE_POINTER) {
        size_error(sizing, FC_SIZE_IS_POINTER,
                   arena_format(sizing->unit->arena, "write *%s for what it points to", expr->name),
                   "'%s' is a pointer", expr->name);
    } else if (!is_integer(param->type.type)) {
        size_error(sizing, FC_SIZE_NOT_INTEGER, "a size is an integer parameter, or *p of a pointer to one",
                   "'%s' is not an integer", expr->name);
    } else {
        const struct type *type = param->type.type;
        emit_node(sizing, (struct far_expr){.code = FAR_EXPR_PARAM,
                                            .width = (uint8_t)type->size,
                                            .index = index,
                                            .flags = type->is_signed ? FAR_EXPR_SIGNED : 0});
    }
}

/* *p is read before the call, so p must point to one integer that goes in. */
static void emit_deref(struct sizing *sizing, const struct expr *expr)
{
    uint32_t index = 0;
    const struct parameter *param = expr->kind == EXPR_NAME ? find_parameter(sizing, expr->name, &index) : NULL;
    const struct model_param *passed = param ? &sizing->op->params[index] : NULL;
    if (!param) {
        size_error(sizing, FC_SIZE_SYNTAX, "a size may use parameters, *p, integers, sizeof, + - * / and parentheses",
                   "only the name of a pointer parameter can follow *", "");
    } else if (param->type.type->kind != TYPE_POINTER || !is_integer(param->type.type->target.type)) {
        size_error(sizing, FC_SIZE_NOT_INTEGER, "a size is an integer parameter, or *p of a pointer to one",
                   "'*%s' is not an integer", expr->name);
    } else if (passed->value.passing != FAR_PASS_BUFFER || !(passed->value.flags & FAR_VALUE_IN)) {
        size_error(sizing, FC_SIZE_NOT_KNOWN, arena_format(sizing->unit->arena, "make '%s' far_inout", expr->name),
                   "'*%s' is read before the call, but does not go in", expr->name);
    } else if (annotation_set(param->annotations) & SET_COUNTS) {
        size_error(sizing, FC_SIZE_NOT_KNOWN, "let it point to one integer: no __counted_by of its own",
                   "'%s' has a size of its own", expr->name);
    } else {
        const struct type *type = param->type.type->target.type;
        emit_node(sizing, (struct far_expr){.code = FAR_EXPR_DEREF,
                                            .width = (uint8_t)type->size,
                                            .index = index,
                                            .flags = type->is_signed ? FAR_EXPR_SIGNED : 0});
    }
}

static bool names_parameter(const struct sizing *sizing, const struct expr *expr)
{
    uint32_t index;
    if (!expr)
        return false;
    if (expr->kind == EXPR_NAME)
        return find_parameter(sizing, expr->name, &index) != NULL;
    if (expr->kind == EXPR_SIZEOF || expr->kind == EXPR_ALIGNOF)
        return false;
    return names_parameter(sizing, expr->left) || names_parameter(sizing, expr->right) ||
           names_parameter(sizing, expr->third);
}

static void emit_constant(struct sizing *sizing, struct constant c)
{
    if (c.is_real || (c.is_signed && (int64_t)c.value < 0)) {
        size_error(sizing, FC_SIZE_BAD_CONSTANT, "a size is a number of bytes or elements, 0 or more",
                   c.is_real ? "a fraction is no size" : "a negative constant is no size", "");
        return;
    }
    emit_node(sizing, (struct far_expr){.code = FAR_EXPR_CONST, .value = c.value});
}

static void emit_expr(struct sizing *sizing, const struct expr *expr);

static void emit_binary(struct sizing *sizing, const struct expr *expr)
{
    static const struct {
        int op;
        enum far_expr_code code;
    } codes[] = {{'+', FAR_EXPR_ADD}, {'-', FAR_EXPR_SUB}, {'*', FAR_EXPR_MUL}, {'/', FAR_EXPR_DIV}};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (codes[i].op != expr->op)
            continue;
        emit_expr(sizing, expr->left);
        emit_expr(sizing, expr->right);
        const struct far_expr *last = sizing->count ? &sizing->nodes[sizing->count - 1].node : NULL;
        if (!sizing->failed && expr->op == '/' && last->code == FAR_EXPR_CONST && last->value == 0)
            size_error(sizing, FC_SIZE_BAD_CONSTANT, "divide by something else", "this divides by zero", "");
        emit_node(sizing, (struct far_expr){.code = (uint8_t)codes[i].code});
        return;
    }
    size_error(sizing, FC_SIZE_SYNTAX, "a size may use parameters, *p, integers, sizeof, + - * / and parentheses",
               "this operator cannot be used", "");
}

static void emit_expr(struct sizing *sizing, const struct expr *expr)
{
    if (sizing->failed)
        return;
    struct constant c = names_parameter(sizing, expr) ? (struct constant){0} : constant_evaluate(sizing->unit, expr);
    if (c.known) {
        emit_constant(sizing, c);
        return;
    }
    switch (expr->kind) {
    case EXPR_NAME:
        emit_name(sizing, expr);
        return;
    case EXPR_BINARY:
        emit_binary(sizing, expr);
        return;
    case EXPR_UNARY:
        if (expr->op == '*' || expr->op == '+') {
            if (expr->op == '*')
                emit_deref(sizing, expr->left);
            else
                emit_expr(sizing, expr->left);
            return;
        }
        break;
    case EXPR_CAST: /* to a type that holds every size: changes nothing */
        if (expr->type.type->kind == TYPE_INT && expr->type.type->size == 8) {
            emit_expr(sizing, expr->left);
            return;
        }
        break;
    default:
        break;
    }
    size_error(sizing, FC_SIZE_SYNTAX, "a size may use parameters, *p, integers, sizeof, + - * / and parentheses",
               "this is not an expression that a gate can compute", "");
}

/* Elements become bytes. A constant count is multiplied here, so that the record says the plain number. */
static void scale(struct sizing *sizing, uint64_t element)
{
    if (sizing->failed || element == 1)
        return;
    if (sizing->count == 1 && sizing->nodes[0].node.code == FAR_EXPR_CONST) {
        if (__builtin_mul_overflow(sizing->nodes[0].node.value, element, &sizing->nodes[0].node.value))
            size_error(sizing, FC_SIZE_BAD_CONSTANT, "use a size that fits memory", "the product overflows", "");
        return;
    }
    emit_node(sizing, (struct far_expr){.code = FAR_EXPR_CONST, .value = element});
    emit_node(sizing, (struct far_expr){.code = FAR_EXPR_MUL});
}

static const struct annotation *count_annotation(const struct parameter *param)
{
    const struct annotation *annotation = param->annotations;
    while (annotation && (annotation->word >= ANNOTATION_COUNT || !(SET_COUNTS & (1u << annotation->word))))
        annotation = annotation->next;
    return annotation;
}

static void size_from_annotation(struct sizing *sizing, const struct annotation *annotation, uint64_t element)
{
    sizing->place = annotation->place;
    const struct expr *expr =
        unit_parse_expression(sizing->unit, annotation->argument, annotation->place, sizing->function->params);
    if (!expr) {
        sizing->failed = true; /* said by the parser */
        return;
    }
    emit_expr(sizing, expr);
    if (annotation->word == ANNOTATION_COUNTED_BY || annotation->word == ANNOTATION_COUNTED_BY_OR_NULL)
        scale(sizing, element);
}

static bool fill_one(struct sizing *sizing, const struct parameter *param, struct model_param *out)
{
    const struct type *to = param->type.type->target.type;
    const struct annotation *annotation = count_annotation(param);
    sizing->param = param;
    sizing->place = param->place;
    sizing->count = 0;
    sizing->failed = false;
    if (annotation) {
        size_from_annotation(sizing, annotation, to->size);
    } else if (param->array && param->array->count_expr) {
        emit_expr(sizing, param->array->count_expr);
        scale(sizing, to->size);
    } else {
        emit_node(sizing, (struct far_expr){.code = FAR_EXPR_CONST, .value = to->size});
    }
    if (sizing->failed)
        return false;
    out->value.size = arena_alloc(sizing->unit->arena, sizing->count * sizeof *out->value.size);
    memcpy(out->value.size, sizing->nodes, sizing->count * sizeof *out->value.size);
    out->value.size_count = sizing->count;
    return true;
}

bool sizes_fill(struct unit *unit, const struct declaration *declaration, struct model_op *op)
{
    struct sizing sizing = {.unit = unit, .op = op, .function = declaration->type.type};
    struct model_param *out = op->params;
    bool good = true;
    for (const struct parameter *param = sizing.function->params; param; param = param->next, out++)
        if (out->value.passing == FAR_PASS_BUFFER)
            good &= fill_one(&sizing, param, out);
    return good;
}
