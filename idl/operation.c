/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* One operation of the model from its declaration: what each value is, what far_fails and the other words say. */
#include "idl/check.h"

#include <string.h>

/* --- GCC's attributes that say what annotations say --- */

static struct parameter *nth_parameter(const struct type *function, uint64_t number)
{
    struct parameter *param = function->params;
    while (param && number > 1)
        param = param->next, number--;
    return number == 1 ? param : NULL;
}

static void add_annotation(struct unit *unit, struct parameter *param, const char *text, struct place place)
{
    struct annotation *annotation = annotation_from_text(unit->arena, text, place);
    annotation->next = param->annotations;
    param->annotations = annotation;
}

/* access(mode, pointer[, size]): a direction and an extent, unless the parameter has its own. */
static void take_access(struct unit *unit, const struct type *function, const struct attribute *attribute)
{
    const struct expr *mode = attribute->arguments, *first = mode ? mode->next : NULL;
    struct constant pointer = constant_evaluate(unit, first);
    struct constant size = constant_evaluate(unit, first ? first->next : NULL);
    struct parameter *param = pointer.known ? nth_parameter(function, pointer.value) : NULL;
    const struct parameter *count = size.known ? nth_parameter(function, size.value) : NULL;
    if (!param || param->type.type->kind != TYPE_POINTER || mode->kind != EXPR_NAME)
        return;
    uint32_t set = annotation_set(param->annotations);
    const char *word = strstr(mode->name, "read_only")    ? "farcall.in"
                       : strstr(mode->name, "write_only") ? "farcall.out"
                       : strstr(mode->name, "read_write") ? "farcall.inout"
                                                          : NULL;
    if (word && !(set & (SET_DIRECTIONS | HAS(GLOBAL) | HAS(HANDLE))))
        add_annotation(unit, param, word, attribute->place);
    bool is_void = param->type.type->target.type->kind == TYPE_VOID;
    if (count && count->name && !(set & SET_EXTENTS))
        add_annotation(unit, param,
                       arena_format(unit->arena, "farcall.%s(%s)", is_void ? "sized_by" : "counted_by", count->name),
                       attribute->place);
}

static void take_attributes(struct unit *unit, const struct declaration *declaration)
{
    for (const struct attribute *a = declaration->attributes; a; a = a->next)
        if (strcmp(a->name, "access") == 0)
            take_access(unit, declaration->type.type, a);
}

/* --- what each value is --- */

static enum far_passing pointer_passing(uint32_t set)
{
    if (set & (HAS(HANDLE) | HAS(RELEASE)))
        return FAR_PASS_HANDLE;
    if (set & HAS(GLOBAL))
        return FAR_PASS_GLOBAL;
    return set & HAS(NULL_TERMINATED) ? FAR_PASS_STRING : FAR_PASS_BUFFER;
}

static unsigned pointer_flags(const struct subject *subject, enum far_passing passing)
{
    unsigned flags = 0;
    if (subject->set & HAS(RELEASE))
        flags |= FAR_VALUE_RELEASE;
    if (passing != FAR_PASS_BUFFER && passing != FAR_PASS_STRING)
        return flags;
    if (subject->set & HAS(OUT))
        flags |= FAR_VALUE_OUT;
    else if (subject->set & HAS(INOUT))
        flags |= FAR_VALUE_IN | FAR_VALUE_OUT;
    else
        flags |= FAR_VALUE_IN;
    if (subject->set & (HAS(COUNTED_BY_OR_NULL) | HAS(SIZED_BY_OR_NULL)))
        flags |= FAR_VALUE_OPTIONAL;
    if (subject->type.qualifiers & QUALIFIER_NULLABLE)
        flags |= FAR_VALUE_OPTIONAL;
    return flags;
}

void passing_decide(struct subject *subject)
{
    struct model_param *out = subject->out;
    const struct type *type = subject->type.type;
    out->value.type = subject->type;
    out->value.width = (unsigned)type->size;
    switch (type->kind) {
    case TYPE_VOID:
        out->value.passing = FAR_PASS_VOID;
        break;
    case TYPE_FLOAT:
        out->value.passing = FAR_PASS_FLOAT;
        break;
    case TYPE_POINTER:
        out->value.passing = pointer_passing(subject->set);
        out->value.flags = pointer_flags(subject, out->value.passing);
        break;
    default:
        out->value.passing = FAR_PASS_VALUE;
        out->value.flags = type->is_signed ? FAR_VALUE_SIGNED : 0;
        break;
    }
}

static bool make_param(struct unit *unit, const struct declaration *declaration, const struct parameter *param,
                       unsigned index, struct model_param *out)
{
    struct subject subject = {
        .unit = unit,
        .declaration = declaration,
        .function = declaration->type.type,
        .param = param,
        .index = index,
        .type = param->type,
        .annotations = param->annotations,
        .set = annotation_set(param->annotations),
        .out = out,
    };
    if (!rules_hold(&subject, ON_PARAMETER))
        return false;
    passing_decide(&subject);
    out->name = param->name;
    out->place = param->place;
    out->description = type_spelling(unit->arena, param->type, param->name);
    return true;
}

static bool make_result(struct unit *unit, const struct declaration *declaration, struct model_param *out)
{
    struct subject subject = {
        .unit = unit,
        .declaration = declaration,
        .function = declaration->type.type,
        .type = declaration->type.type->target,
        .annotations = declaration->annotations,
        .set = annotation_set(declaration->annotations),
        .out = out,
    };
    if (!rules_hold(&subject, ON_RESULT))
        return false;
    passing_decide(&subject);
    out->place = declaration->place;
    out->description = type_spelling(unit->arena, subject.type, NULL);
    return true;
}

/* --- words with an argument --- */

static bool argument_value(struct unit *unit, const struct annotation *annotation, struct constant *value)
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
static bool fits(struct constant c, const struct type *type)
{
    if (type->kind == TYPE_BOOL)
        return c.value <= 1;
    if (type->size >= 8)
        return true;
    int64_t least = -((int64_t)1 << (type->size * 8 - 1));
    return c.is_signed && (int64_t)c.value < 0 ? (int64_t)c.value >= least : c.value >> (type->size * 8) == 0;
}

static uint64_t register_bits(uint64_t value, const struct type *type)
{
    if (type->size >= 8)
        return value;
    unsigned unused = 64 - (unsigned)type->size * 8;
    value <<= unused;
    return type->is_signed ? (uint64_t)((int64_t)value >> unused) : value >> unused;
}

static void take_fails(struct unit *unit, const struct annotation *annotation, struct model_op *op)
{
    const struct type *type = op->result.value.type.type;
    struct constant c;
    if (type->kind == TYPE_VOID) {
        fails_error(unit, annotation, FC_FAILS_VOID, op,
                    "%s returns nothing, so it cannot return a value when it fails",
                    "let it return int, or leave far_fails out: the domain's handler runs then");
        return;
    }
    if (!argument_value(unit, annotation, &c))
        return;
    if (!c.known || (c.is_real && type->kind != TYPE_FLOAT)) {
        fails_error(unit, annotation, FC_FAILS_NOT_CONSTANT, op,
                    "what far_fails of %s names is not a constant of the result's type",
                    "name a constant: far_fails(-1), far_fails(NULL)");
        return;
    }
    op->flags |= FAR_OP_HAS_FAILS;
    if (type->kind == TYPE_FLOAT) {
        double value = c.is_real ? c.real : c.is_signed ? (double)(int64_t)c.value : (double)c.value;
        op->fails = real_bits(value, (unsigned)type->size);
        return;
    }
    if (!fits(c, type))
        fails_error(unit, annotation, FC_FAILS_RANGE, op, "what far_fails of %s names does not fit the result's type",
                    "name a value that the result can have");
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

static void take_words(struct unit *unit, const struct declaration *declaration, struct model_op *op)
{
    uint32_t set = annotation_set(declaration->annotations);
    op->flags |= set & HAS(DATA_SHIPPED) ? FAR_OP_DATA_SHIPPED : 0;
    op->flags |= set & HAS(ONEWAY) ? FAR_OP_ONEWAY : 0;
    op->flags |= set & HAS(IDEMPOTENT) ? FAR_OP_IDEMPOTENT : 0;
    op->flags |= set & HAS(ABSENT) ? FAR_OP_ABSENT : 0;
    if (set & HAS(FAILS))
        take_fails(unit, annotation_find(declaration->annotations, ANNOTATION_FAILS), op);
    if (set & HAS(DEADLINE))
        take_deadline(unit, annotation_find(declaration->annotations, ANNOTATION_DEADLINE), op);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool operation_make(struct unit *unit, const struct declaration *declaration, struct model_op *op)
{
    *op = (struct model_op){.name = declaration->name, .place = declaration->place};
    struct subject subject = {
        .unit = unit,
        .declaration = declaration,
        .function = declaration->type.type,
        .annotations = declaration->annotations,
        .set = annotation_set(declaration->annotations),
    };
    if (!rules_hold(&subject, ON_OPERATION))
        return false;
    take_attributes(unit, declaration);
    const struct type *function = declaration->type.type;
    op->file = base_name(declaration->begin.file);
    op->line = declaration->begin.line;
    op->signature = type_spelling(unit->arena, declaration->type, declaration->name);
    op->param_count = (uint32_t)function->param_count;
    op->params = arena_alloc(unit->arena, (function->param_count + 1) * sizeof *op->params);
    bool good = make_result(unit, declaration, &op->result);
    unsigned index = 0;
    for (const struct parameter *param = function->params; param; param = param->next, index++)
        good &= make_param(unit, declaration, param, index, &op->params[index]);
    if (op->result.value.type.type)
        take_words(unit, declaration, op);
    return good && sizes_fill(unit, declaration, op);
}
