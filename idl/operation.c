/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* One operation of the model from its declaration: its values, what far_fails and the other words say. */
#include "idl/check.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VOUCHED_MAX 64 /* names that one operation vouches for */

/* --- the values of a function --- */

static bool describe_result(struct scope *scope, const struct function_values *values)
{
    struct unit *unit = scope->checking->unit;
    struct subject subject = {
        .checking = scope->checking,
        .unit = unit,
        .scope = scope,
        .declaration = values->declaration,
        .function = values->function,
        .where = ON_RESULT,
        .words = ON_RESULT,
        .owner = values->owner,
        .name = *values->prefix ? arena_format(unit->arena, "%sresult", values->prefix) : "the result",
        .place = values->place,
        .type = values->function->target,
        .annotations = values->result_annotations,
        .set = annotation_set(values->result_annotations),
        .calls = values->calls,
        .holder = FAR_VALUE_OUT,
        .value = &values->result->value,
    };
    values->result->place = values->place;
    values->result->description = type_spelling(unit->arena, subject.type, NULL);
    return value_describe(&subject);
}

static const char *parameter_name(struct arena *arena, const struct function_values *values,
                                  const struct parameter *param, unsigned index)
{
    return param->name ? arena_format(arena, "%sparameter '%s'", values->prefix, param->name)
                       : arena_format(arena, "%sparameter %u", values->prefix, index + 1);
}

static bool describe_parameter(struct scope *scope, const struct function_values *values, const struct parameter *param,
                               unsigned index)
{
    struct unit *unit = scope->checking->unit;
    struct model_param *out = &values->params[index];
    struct subject subject = {
        .checking = scope->checking,
        .unit = unit,
        .scope = scope,
        .declaration = values->declaration,
        .function = values->function,
        .param = param,
        .where = ON_PARAMETER,
        .words = ON_PARAMETER,
        .owner = values->owner,
        .name = parameter_name(unit->arena, values, param, index),
        .place = param->place,
        .type = param->type,
        .array = param->array,
        .annotations = level_annotations(param->annotations, param->type),
        .calls = values->calls,
        .holder = FAR_VALUE_IN,
        .value = &out->value,
    };
    subject.set = annotation_set(subject.annotations);
    out->name = param->name;
    out->place = param->place;
    out->description = type_spelling(unit->arena, param->type, param->name);
    return value_describe(&subject);
}

bool function_describe(struct checking *checking, const struct function_values *values)
{
    const struct type *function = values->function;
    struct scope scope = {
        .checking = checking,
        .owner = values->owner,
        .function = function,
        .result = values->result,
        .params = values->params,
    };
    attributes_take(checking->unit, function, function->attributes);
    bool good = values->params_only || describe_result(&scope, values);
    unsigned index = 0;
    for (const struct parameter *param = function->params; param; param = param->next, index++)
        good &= describe_parameter(&scope, values, param, index);
    return good && scope_finish(&scope);
}

/* --- words with an argument --- */

bool argument_value(struct unit *unit, const struct annotation *annotation, struct constant *value)
{
    const struct expr *expr = unit_parse_expression(unit, annotation->argument, annotation->place, NULL);
    *value = constant_evaluate(unit, expr);
    return expr != NULL;
}

static void fails_error(struct unit *unit, const struct annotation *annotation, enum fc_number number,
                        const struct model_op *op, const char *message, const char *advice)
{
    diag_error(unit->diagnostics, annotation->place, number, arena_format(unit->arena, message, op->name), advice);
}

static uint64_t real_bits(double value, unsigned size)
{
    uint64_t bits = 0;
    float narrow = (float)value;
    if (size == sizeof narrow)
        memcpy(&bits, &narrow, sizeof narrow);
    else
        memcpy(&bits, &value, sizeof value);
    return bits;
}

/* Does the value fit the result's width, read as signed or as unsigned? (far_fails(-1) is usual for size_t.) */
bool constant_fits(struct constant c, const struct type *type)
{
    if (type->kind == TYPE_BOOL)
        return c.value <= 1;
    if (type->size >= 8)
        return true;
    int64_t least = -((int64_t)1 << (type->size * 8 - 1));
    return c.is_signed && (int64_t)c.value < 0 ? (int64_t)c.value >= least : c.value >> (type->size * 8) == 0;
}

uint64_t register_bits(uint64_t value, const struct type *type)
{
    if (type->size >= 8)
        return value;
    unsigned unused = 64 - (unsigned)type->size * 8;
    value <<= unused;
    return type->is_signed ? (uint64_t)((int64_t)value >> unused) : value >> unused;
}

static void fails_out_of_range(struct unit *unit, const struct annotation *annotation, const struct model_op *op)
{
    fails_error(unit, annotation, FC_FAILS_RANGE, op, "what far_fails of %s names does not fit the result's type",
                "name a value that the result can have");
}

static void take_fails(struct unit *unit, const struct annotation *annotation, struct model_op *op)
{
    const struct type *type = op->result.value.type.type;
    struct constant c;
    if (type->kind == TYPE_VOID) {
        fails_error(unit, annotation, FC_FAILS_VOID, op,
                    "%s returns nothing, so it cannot return a value when it fails",
                    "let it return int, or leave far_fails out: the domain's "
                    "handler runs then");
        return;
    }
    if (!argument_value(unit, annotation, &c))
        return;
    bool in_register =
        type->kind == TYPE_POINTER || is_integer_type(type) || op->result.value.passing == FAR_PASS_FLOAT;
    if (!c.known || !in_register || (c.is_real && type->kind != TYPE_FLOAT)) {
        fails_error(unit, annotation, FC_FAILS_NOT_CONSTANT, op,
                    "what far_fails of %s names is not a constant of the result's type",
                    "name a constant: far_fails(-1), or far_fails(NULL) behind #include <stddef.h>");
        return;
    }
    op->flags |= FAR_OP_HAS_FAILS;
    if (type->kind == TYPE_FLOAT) {
        double value = c.is_real ? c.real : c.is_signed ? (double)(int64_t)c.value : (double)c.value;
        if (type->size == sizeof(float) && isfinite(value) && !isfinite((float)value))
            fails_out_of_range(unit, annotation, op);
        op->fails = real_bits(value, (unsigned)type->size);
        return;
    }
    if (!constant_fits(c, type))
        fails_out_of_range(unit, annotation, op);
    op->fails = register_bits(c.value, type);
}

static void take_deadline(struct unit *unit, const struct annotation *annotation, struct model_op *op)
{
    struct constant c;
    if (!argument_value(unit, annotation, &c))
        return;
    if (!c.known || c.is_real || (c.is_signed && (int64_t)c.value <= 0) || c.value == 0 || c.value > UINT32_MAX)
        diag_error(unit->diagnostics, annotation->place, FC_DEADLINE,
                   "a deadline is a constant number of milliseconds, from 1 to 4294967295", "write far_deadline(500)");
    else
        op->deadline_ms = (uint32_t)c.value;
}

static bool is_name_character(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || c == '.';
}

/* "getenv, kv.kv_put" → its names; false: something in it is none. */
static bool split_names(struct unit *unit, const char *text, const char **names, size_t room, size_t *count)
{
    for (*count = 0;; text++) {
        text += strspn(text, " \t");
        size_t length = 0;
        while (is_name_character(text[length]))
            length++;
        if (length == 0 || *count == room || isdigit((unsigned char)*text) || *text == '.')
            return false;
        names[(*count)++] = arena_format(unit->arena, "%.*s", (int)length, text);
        text += length + strspn(text + length, " \t");
        if (*text != ',')
            return *text == '\0';
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void take_vouched(struct unit *unit, const struct annotation *annotation, struct model_op *op)
{
    const char *names[VOUCHED_MAX];
    size_t count;
    if (!split_names(unit, annotation->argument, names, VOUCHED_MAX, &count)) {
        diag_error(unit->diagnostics, annotation->place, FC_VOUCHED,
                   "far_vouched lists names of functions and objects, at most 64 of them",
                   "write far_vouched(getenv, stderr)");
        return;
    }
    qsort(names, count, sizeof *names, by_text);
    op->vouched = names[0];
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i], names[i - 1]) != 0)
            op->vouched = arena_format(unit->arena, "%s,%s", op->vouched, names[i]);
}

static void take_words(struct unit *unit, const struct declaration *declaration, struct model_op *op)
{
    uint64_t set = annotation_set(declaration->annotations);
    op->flags |= set & HAS(DATA_SHIPPED) ? FAR_OP_DATA_SHIPPED : 0;
    op->flags |= set & HAS(ONEWAY) ? FAR_OP_ONEWAY : 0;
    op->flags |= set & HAS(IDEMPOTENT) ? FAR_OP_IDEMPOTENT : 0;
    op->flags |= set & HAS(ABSENT) ? FAR_OP_ABSENT : 0;
    op->flags |= set & HAS(ASYNC) ? FAR_OP_ASYNC : 0;
    op->flags |= set & HAS(QUEUED) ? FAR_OP_QUEUED : 0;
    if (set & HAS(FAILS))
        take_fails(unit, annotation_find(declaration->annotations, ANNOTATION_FAILS), op);
    if (set & HAS(DEADLINE))
        take_deadline(unit, annotation_find(declaration->annotations, ANNOTATION_DEADLINE), op);
    if (set & HAS(VOUCHED))
        take_vouched(unit, annotation_find(declaration->annotations, ANNOTATION_VOUCHED), op);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Another declaration of the function, in the header that nobody annotated, may have attributes. */
static void take_attributes(struct unit *unit, const struct declaration *declaration)
{
    for (const struct declaration *d = unit_declarations(unit, declaration->name); d; d = d->again)
        if (types_compatible(d->type, declaration->type))
            attributes_take(unit, declaration->type.type, d->attributes);
}

/* The result's words without the operation's; if there are none, those of the result's typedef. */
static const struct annotation *result_words(struct unit *unit, const struct declaration *declaration)
{
    struct annotation *own = NULL, **end = &own;
    for (const struct annotation *a = declaration->annotations; a; a = a->next) {
        if (annotation_where(a->word) & ON_OPERATION)
            continue;
        *end = ARENA_NEW(unit->arena, struct annotation);
        **end = *a;
        (*end)->next = NULL;
        end = &(*end)->next;
    }
    return level_annotations(own, declaration->type.type->target);
}

/* An absent operation refuses whatever it is given: nothing of it crosses but the value that far_fails names. */
static bool describe_absent(struct unit *unit, const struct declaration *declaration, struct model_op *op)
{
    const struct typeref result = declaration->type.type->target;
    struct model_value *value = &op->result.value;
    bool pointer = result.type->kind == TYPE_POINTER, real = result.type->kind == TYPE_FLOAT;
    bool in_register =
        pointer || is_integer_type(result.type) || (real && (result.type->size == 4 || result.type->size == 8));
    value->type = in_register ? result : (struct typeref){.type = unit_basic(unit, BASIC_VOID)};
    value->width = in_register ? (unsigned)result.type->size : 0;
    value->passing = !in_register ? FAR_PASS_VOID : pointer ? FAR_PASS_OPAQUE : real ? FAR_PASS_FLOAT : FAR_PASS_VALUE;
    value->flags = value->passing == FAR_PASS_VALUE && result.type->is_signed ? FAR_VALUE_SIGNED : 0;
    op->result.place = declaration->place;
    op->result.description = type_spelling(unit->arena, result, NULL);
    op->params = ARENA_NEW(unit->arena, struct model_param);
    op->param_count = 0;
    return true;
}

/* no_rest: what is wrong with the operation as a whole is said; its parameters' mistakes are not hidden by that. */
static bool describe_values(struct checking *checking, const struct declaration *declaration, struct model_op *op,
                            bool no_rest)
{
    const struct type *function = declaration->type.type;
    op->param_count = (uint32_t)function->param_count;
    op->params = arena_alloc(checking->unit->arena, (function->param_count + 1) * sizeof *op->params);
    struct function_values values = {
        .owner = declaration->name,
        .prefix = "",
        .declaration = declaration,
        .function = function,
        .result_annotations = result_words(checking->unit, declaration),
        .place = declaration->place,
        .result = &op->result,
        .params = op->params,
        .params_only = no_rest,
    };
    take_attributes(checking->unit, declaration);
    bool good = function_describe(checking, &values);
    structures_finish(checking);
    return good && !no_rest && crossing_complete(checking, declaration, op);
}

/* The same parameters, another result, and a name of its own. */
static const char *other_spelling(struct arena *arena, const struct declaration *declaration, struct type *result,
                                  const char *suffix)
{
    if (declaration->type.type->kind != TYPE_FUNCTION)
        return NULL;
    struct type function = *declaration->type.type;
    function.target = (struct typeref){.type = result};
    return type_spelling(arena, (struct typeref){.type = &function},
                         arena_format(arena, "%s_%s", declaration->name, suffix));
}

static const char *promise_spelling(struct arena *arena, const struct declaration *declaration)
{
    struct type promise = {.kind = TYPE_STRUCT, .name = "far_promise"};
    struct type result = {.kind = TYPE_POINTER, .target = {.type = &promise}};
    return other_spelling(arena, declaration, &result, "async");
}

/* far_ticket is this type. */
static const char *ticket_spelling(struct unit *unit, const struct declaration *declaration)
{
    return other_spelling(unit->arena, declaration, unit_basic(unit, BASIC_ULLONG), "queued");
}

bool operation_make(struct checking *checking, const struct declaration *declaration, struct model_op *op)
{
    struct unit *unit = checking->unit;
    *op = (struct model_op){.name = declaration->name, .place = declaration->place};
    struct subject subject = {
        .checking = checking,
        .unit = unit,
        .declaration = declaration,
        .function = declaration->type.type,
        .where = ON_OPERATION,
        .words = ON_OPERATION | ON_RESULT,
        .owner = declaration->name,
        .name = arena_format(unit->arena, "operation %s", declaration->name),
        .place = declaration->place,
        .type = declaration->type,
        .annotations = declaration->annotations,
        .set = annotation_set(declaration->annotations),
    };
    bool good = rules_hold(&subject);
    if (declaration->type.type->kind != TYPE_FUNCTION || (declaration->storage & STORAGE_TYPEDEF))
        return false;
    op->file = base_name(declaration->begin.file);
    op->line = declaration->begin.line;
    op->signature = type_spelling(unit->arena, declaration->type, declaration->name);
    op->promise = subject.set & HAS(ASYNC) ? promise_spelling(unit->arena, declaration) : NULL;
    op->ticket = subject.set & HAS(QUEUED) ? ticket_spelling(unit, declaration) : NULL;
    good &= subject.set & HAS(ABSENT) ? describe_absent(unit, declaration, op)
                                      : describe_values(checking, declaration, op, !good);
    if (op->result.value.type.type)
        take_words(unit, declaration, op);
    if (good && subject.set & HAS(QUEUED))
        good = queued_fits(unit, op);
    return good;
}
