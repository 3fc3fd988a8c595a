/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* How one value crosses: from its type and the words of its level to a model_value, and on to what it leads to. */
#include "idl/check.h"

#include "idl/parser.h"

#include <string.h>

bool is_structure_type(const struct type *type)
{
    return type->kind == TYPE_STRUCT || type->kind == TYPE_UNION;
}

bool is_integer_type(const struct type *type)
{
    bool integral = type->kind == TYPE_INT || type->kind == TYPE_ENUM || type->kind == TYPE_BOOL;
    return integral && type->complete && type->size <= 8;
}

/* Are its bytes, or those of its elements, const? */
bool type_is_const(struct typeref type)
{
    while (type.type->kind == TYPE_ARRAY && !(type.qualifiers & QUALIFIER_CONST))
        type = type.type->target;
    return (type.qualifiers & QUALIFIER_CONST) != 0;
}

/* --- directions --- */

uint64_t words_of_bits(uint64_t set)
{
    bool copied = set & (SET_DIRECTIONS | SET_COUNTS | HAS(NULL_TERMINATED) | HAS(DEEP));
    return set & SET_BITS & ~(copied ? HAS(RELEASE) : 0);
}

unsigned subject_direction(const struct subject *s)
{
    bool target_const = s->type.type->kind == TYPE_POINTER && type_is_const(s->type.type->target);
    if (s->set & HAS(INOUT))
        return FAR_VALUE_IN | FAR_VALUE_OUT;
    if (s->set & HAS(OUT))
        return FAR_VALUE_OUT;
    if (s->set & HAS(IN))
        return FAR_VALUE_IN;
    if (s->holder == FAR_VALUE_OUT || ((s->set & HAS(LIFETIME)) && s->holder != FAR_VALUE_IN))
        return FAR_VALUE_OUT;
    return target_const ? FAR_VALUE_IN : s->holder;
}

bool subject_is_kept(const struct subject *s)
{
    bool copied = s->type.type->kind == TYPE_POINTER && !words_of_bits(s->set);
    return copied && (s->set & HAS(LIFETIME)) && (subject_direction(s) & FAR_VALUE_IN);
}

bool subject_points_into_parameter(const struct subject *s)
{
    const struct annotation *lifetime = annotation_find(s->annotations, ANNOTATION_LIFETIME);
    if (s->type.type->kind != TYPE_POINTER || (subject_direction(s) & FAR_VALUE_IN))
        return false;
    const struct parameter *param = lifetime && s->function ? s->function->params : NULL;
    while (param && !(param->name && strcmp(param->name, lifetime->argument) == 0))
        param = param->next;
    return param && param->type.type->kind == TYPE_POINTER &&
           !words_of_bits(annotation_set(level_annotations(param->annotations, param->type)));
}

/* --- passings --- */

static enum far_passing pointer_passing(const struct subject *s)
{
    if (words_of_bits(s->set) & (HAS(HANDLE) | HAS(RELEASE)))
        return FAR_PASS_HANDLE;
    if (s->set & HAS(OPAQUE))
        return FAR_PASS_OPAQUE;
    if (s->set & HAS(WITHHELD))
        return FAR_PASS_WITHHELD;
    if (s->set & HAS(GLOBAL))
        return FAR_PASS_GLOBAL;
    if (s->set & HAS(CALLBACK))
        return FAR_PASS_CALLBACK;
    return s->set & HAS(NULL_TERMINATED) ? FAR_PASS_STRING : FAR_PASS_BUFFER;
}

static enum far_passing passing_of(const struct subject *s)
{
    const struct type *type = s->type.type;
    switch (type->kind) {
    case TYPE_VOID:
        return FAR_PASS_VOID;
    case TYPE_POINTER:
        return pointer_passing(s);
    case TYPE_STRUCT:
    case TYPE_UNION:
        return FAR_PASS_STRUCT;
    case TYPE_ARRAY:
        return FAR_PASS_ARRAY;
    case TYPE_FLOAT:
        return type->size == 4 || type->size == 8 ? FAR_PASS_FLOAT : FAR_PASS_WIDE;
    case TYPE_BOOL:
    case TYPE_INT:
    case TYPE_ENUM:
        if (s->set & HAS(FD))
            return FAR_PASS_FD;
        return type->size <= 8 ? FAR_PASS_VALUE : FAR_PASS_WIDE;
    default: /* complex, vector, _BitInt */
        return FAR_PASS_WIDE;
    }
}

static bool is_copied(enum far_passing passing)
{
    return passing == FAR_PASS_BUFFER || passing == FAR_PASS_STRING;
}

static unsigned flags_of(const struct subject *s, enum far_passing passing)
{
    unsigned flags = s->set & HAS(RELEASE) ? FAR_VALUE_RELEASE : 0;
    if (passing == FAR_PASS_VALUE && s->type.type->is_signed)
        flags |= FAR_VALUE_SIGNED;
    if (s->type.type->kind != TYPE_POINTER)
        return flags;
    if (is_copied(passing))
        flags |= subject_direction(s);
    if (s->set & HAS(DEEP))
        flags |= FAR_VALUE_DEEP;
    if (s->set & HAS(GRANTED))
        flags |= FAR_VALUE_GRANTED;
    bool nullable = s->set & (HAS(COUNTED_BY_OR_NULL) | HAS(SIZED_BY_OR_NULL) | HAS(NULLABLE));
    if (nullable || (s->type.qualifiers & QUALIFIER_NULLABLE))
        flags |= FAR_VALUE_OPTIONAL;
    return flags;
}

static unsigned width_of(const struct subject *s, enum far_passing passing)
{
    switch (passing) {
    case FAR_PASS_VOID:
    case FAR_PASS_STRUCT:
    case FAR_PASS_ARRAY:
    case FAR_PASS_WIDE:
        return 0;
    default:
        return (unsigned)s->type.type->size;
    }
}

/* --- what it leads to --- */

/* Words of a pointer or array that describe its elements: a union's selector, descriptors. */
static const struct annotation *element_words(const struct subject *s, struct typeref element)
{
    const struct annotation *own = level_annotations(NULL, element);
    uint64_t handed_down = element.type->kind == TYPE_UNION || element.type->kind == TYPE_ARRAY ? HAS(SELECTED_BY) : 0;
    if (element.type->kind != TYPE_POINTER && !is_structure_type(element.type))
        handed_down |= HAS(FD);
    struct annotation *result = NULL;
    for (const struct annotation *a = s->annotations; a && !own; a = a->next) {
        if (a->word >= ANNOTATION_COUNT || !(handed_down & ((uint64_t)1 << a->word)))
            continue;
        struct annotation *copy = ARENA_NEW(s->unit->arena, struct annotation);
        *copy = *a;
        copy->next = result;
        result = copy;
    }
    return own ? own : result;
}

static const char *element_name(const struct subject *s)
{
    bool array = s->type.type->kind == TYPE_ARRAY || (s->set & SET_COUNTS) || s->array;
    const char *name = s->param ? s->param->name : s->member ? s->member->name : NULL;
    if (s->where != ON_INSIDE && name && !array)
        return arena_format(s->unit->arena, "'*%s'", name);
    return array ? "each element" : "what it points to";
}

/* Readers of the record follow so many levels and callbacks, not more. */
#define LEVEL_LIMIT 30
#define CALL_LIMIT  15

static bool too_deep(struct subject *s)
{
    subject_error(s, FC_TOO_COMPLEX, s->place, "{what} of {op} leads through too many pointers or callbacks",
                  "hide what nobody follows: far_opaque, far_handle");
    return false;
}

static bool describe_element(struct subject *s, struct typeref element, unsigned holder)
{
    if (s->level == LEVEL_LIMIT)
        return too_deep(s);
    struct subject inner = *s, *outer = ARENA_NEW(s->unit->arena, struct subject);
    *outer = *s; /* lives on: sizes are made later */
    inner.outer = outer;
    inner.where = ON_INSIDE;
    inner.level++;
    inner.type = element;
    inner.array = NULL;
    inner.has_elements = false;
    inner.annotations = element_words(s, element);
    inner.set = annotation_set(inner.annotations);
    if (type_is_plain(element, inner.annotations) && !(inner.set & (HAS(SELECTED_BY) | HAS(OPAQUE)))) {
        if (is_structure_type(element.type)) /* its words are looked at all the same */
            structure_want(&inner, element.type);
        return true;
    }
    inner.holder = holder;
    inner.value = s->value->inside = ARENA_NEW(s->unit->arena, struct model_value);
    inner.value->what = element_name(s);
    inner.name = arena_format(s->unit->arena, "%s → %s", s->name, inner.value->what);
    return value_describe(&inner);
}

static bool describe_callback(struct subject *s)
{
    if (s->calls == CALL_LIMIT)
        return too_deep(s);
    struct arena *arena = s->unit->arena;
    struct model_callback *callback = s->value->callback = ARENA_NEW(arena, struct model_callback);
    callback->type = s->type.type->target;
    const struct type *function = callback->type.type;
    callback->param_count = (uint32_t)function->param_count;
    callback->params = arena_alloc(arena, (function->param_count + 1) * sizeof *callback->params);
    struct function_values values = {
        .owner = s->owner,
        .prefix = arena_format(arena, "%s → its ", s->name),
        .declaration = s->declaration,
        .function = function,
        .result_annotations = level_annotations(NULL, function->target),
        .place = s->place,
        .result = &callback->result,
        .params = callback->params,
        .calls = s->calls + 1,
    };
    return function_describe(s->checking, &values);
}

static bool describe_inside(struct subject *s)
{
    switch (s->value->passing) {
    case FAR_PASS_BUFFER:
    case FAR_PASS_STRING:
        if (s->type.type->target.type->kind == TYPE_VOID || subject_points_into_parameter(s))
            return true;
        return describe_element(s, s->type.type->target, s->value->flags & (FAR_VALUE_IN | FAR_VALUE_OUT));
    case FAR_PASS_ARRAY:
        return describe_element(s, s->type.type->target, s->holder);
    case FAR_PASS_CALLBACK:
        return describe_callback(s);
    case FAR_PASS_STRUCT:
        structure_want(s, s->type.type);
        return true;
    default:
        return true;
    }
}

/* far_elements(type): from here on it is a pointer to that type. False (and an error) if there is no such type. */
static bool take_elements(struct subject *s)
{
    const struct annotation *annotation = annotation_find(s->annotations, ANNOTATION_ELEMENTS);
    const struct type *type = s->type.type;
    if (!annotation || type->kind != TYPE_POINTER || type->target.type->kind != TYPE_VOID)
        return true; /* rule_elements_of_other() looks at the rest */
    struct arena *arena = s->unit->arena;
    const char *text = arena_format(arena, "sizeof(%s)", annotation->argument);
    const struct expr *expr = unit_parse_expression(s->unit, text, annotation->place, NULL);
    if (!expr)
        return false;
    struct type *pointer = ARENA_NEW(arena, struct type);
    *pointer = *type;
    pointer->pointers = pointer->next_pointer = NULL;
    s->has_elements = expr->kind == EXPR_SIZEOF && expr->type.type && expr->type.type->complete;
    if (s->has_elements) {
        pointer->target.type = expr->type.type;
        pointer->target.qualifiers |= expr->type.qualifiers;
    }
    s->type.type = pointer;
    return true;
}

bool value_describe(struct subject *s)
{
    if (!take_elements(s) || !rules_hold(s))
        return false;
    struct model_value *value = s->value;
    value->type = s->type;
    value->passing = passing_of(s);
    value->width = width_of(s, value->passing);
    value->flags = flags_of(s, value->passing);
    scope_add(s);
    return describe_inside(s);
}
