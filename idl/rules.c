/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The semantic rules, as one table: what breaks them, what is said, what to do. The numbers are docs/errors.md's. */
#include "idl/check.h"

#include <string.h>

#define NAME_LIMIT 500 /* bytes; the record's readers refuse more */

static bool is_pointer(const struct subject *s)
{
    return s->type.type->kind == TYPE_POINTER;
}

static const struct type *target(const struct subject *s)
{
    return s->type.type->target.type;
}

static bool target_is_const(const struct subject *s)
{
    return (s->type.type->target.qualifiers & QUALIFIER_CONST) != 0;
}

static bool is_structure(const struct type *type)
{
    return type->kind == TYPE_STRUCT || type->kind == TYPE_UNION;
}

static bool is_char_or_void(const struct type *type)
{
    return type->kind == TYPE_VOID || type->is_char;
}

static bool array_is_described(const struct subject *s)
{
    return s->param && s->param->array && (s->param->array->has_count || s->param->array->count_expr);
}

/* --- annotations --- */

static bool unknown_annotation(struct subject *s)
{
    s->culprit = annotation_find(s->annotations, ANNOTATION_COUNT);
    s->detail = s->culprit ? s->culprit->text : NULL;
    return s->culprit != NULL;
}

static bool find_annotation(struct subject *s, bool (*wrong)(const struct annotation *, unsigned), unsigned where)
{
    for (s->culprit = s->annotations; s->culprit; s->culprit = s->culprit->next) {
        s->detail = annotation_word_macro(s->culprit->word);
        if (wrong(s->culprit, where))
            return true;
    }
    return false;
}

static bool stands_wrong(const struct annotation *annotation, unsigned where)
{
    return !(annotation_where(annotation->word) & where);
}

static bool misplaced_on_parameter(struct subject *s)
{
    return find_annotation(s, stands_wrong, ON_PARAMETER);
}

/* An operation's list holds its own words and its result's: both stand in front of its name. */
static bool misplaced_on_operation(struct subject *s)
{
    return find_annotation(s, stands_wrong, ON_OPERATION | ON_RESULT);
}

static bool is_not_carried(const struct annotation *annotation, unsigned where)
{
    (void)where;
    return !annotation_carried(annotation->word);
}

static bool not_carried(struct subject *s)
{
    return find_annotation(s, is_not_carried, 0);
}

static bool comes_again(const struct annotation *annotation, unsigned where)
{
    (void)where;
    return annotation_find(annotation->next, annotation->word) != NULL;
}

static bool given_twice(struct subject *s)
{
    return find_annotation(s, comes_again, 0);
}

static bool several_of(struct subject *s, uint32_t group)
{
    const struct annotation *first = NULL;
    for (const struct annotation *a = s->annotations; a; a = a->next) {
        if (a->word >= ANNOTATION_COUNT || !(group & (1u << a->word)))
            continue;
        if (first) {
            s->culprit = a;
            s->detail = arena_format(s->unit->arena, "%s and %s", annotation_word_macro(first->word),
                                     annotation_word_macro(a->word));
            return true;
        }
        first = a;
    }
    return false;
}

static bool contradictory_shipping(struct subject *s)
{
    return several_of(s, HAS(FUNCTION_SHIPPED) | HAS(DATA_SHIPPED));
}

static bool contradictory_on_parameter(struct subject *s)
{
    if (several_of(s, SET_DIRECTIONS) || several_of(s, SET_EXTENTS & ~HAS(RELEASE)))
        return true;
    return (s->set & (HAS(HANDLE) | HAS(RELEASE))) && several_of(s, SET_DIRECTIONS | HAS(HANDLE) | HAS(RELEASE)) &&
           (s->set & SET_DIRECTIONS);
}

static bool contradictory_on_result(struct subject *s)
{
    return several_of(s, HAS(GLOBAL) | HAS(HANDLE));
}

/* --- the operation as a whole --- */

static bool not_a_function(struct subject *s)
{
    return s->declaration->type.type->kind != TYPE_FUNCTION || (s->declaration->storage & STORAGE_TYPEDEF);
}

static bool has_odd_name(struct subject *s)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    size_t length = strspn(s->declaration->name, allowed);
    return s->declaration->name[length] || length > NAME_LIMIT;
}

static bool is_variadic(struct subject *s)
{
    return s->function->variadic;
}

static bool has_no_prototype(struct subject *s)
{
    return !s->function->prototyped;
}

static bool is_local(struct subject *s)
{
    s->detail = s->declaration->storage & STORAGE_STATIC ? "static" : "inline";
    return (s->declaration->storage & (STORAGE_STATIC | STORAGE_INLINE)) != 0;
}

static bool too_many_parameters(struct subject *s)
{
    s->detail = arena_format(s->unit->arena, "%zu", s->function->param_count);
    return s->function->param_count > FAR_PARAM_MAX;
}

static bool oneway_answers(struct subject *s)
{
    if (!(s->set & HAS(ONEWAY)))
        return false;
    if (s->function->target.type->kind != TYPE_VOID)
        return true;
    for (const struct parameter *param = s->function->params; param; param = param->next)
        if (annotation_set(param->annotations) & (HAS(OUT) | HAS(INOUT)))
            return true;
    return false;
}

/* --- values --- */

static bool by_value_structure(struct subject *s)
{
    return is_structure(s->type.type);
}

static bool no_register_for_it(struct subject *s)
{
    const struct type *type = s->type.type;
    switch (type->kind) {
    case TYPE_INT:
        return type->size > 8;
    case TYPE_FLOAT:
        return type->size != 4 && type->size != 8;
    case TYPE_ENUM:
        return !type->complete;
    case TYPE_BOOL:
    case TYPE_POINTER:
        return false;
    case TYPE_VOID:
        return s->param != NULL;
    default:
        return true;
    }
}

static bool annotated_value(struct subject *s)
{
    if (is_pointer(s))
        return false;
    for (s->culprit = s->annotations; s->culprit; s->culprit = s->culprit->next) {
        s->detail = annotation_word_macro(s->culprit->word);
        if (annotation_where(s->culprit->word) & (ON_PARAMETER | ON_RESULT))
            return true;
    }
    return false;
}

/* --- pointers --- */

static bool points_to_function(struct subject *s)
{
    return is_pointer(s) && target(s)->kind == TYPE_FUNCTION;
}

static bool writes_const(struct subject *s)
{
    bool writes = is_pointer(s) && (s->set & (HAS(OUT) | HAS(INOUT)));
    s->culprit = annotation_find(s->annotations, s->set & HAS(OUT) ? ANNOTATION_OUT : ANNOTATION_INOUT);
    s->detail = writes ? annotation_word_macro(s->culprit->word) : NULL;
    return writes && target_is_const(s);
}

static bool string_of_others(struct subject *s)
{
    return (s->set & HAS(NULL_TERMINATED)) && is_pointer(s) && !target(s)->is_char;
}

static bool string_comes_out(struct subject *s)
{
    return (s->set & HAS(NULL_TERMINATED)) && (s->set & (HAS(OUT) | HAS(INOUT)));
}

/* Is this pointer passed as flat bytes? (Not as a value, a string, an address or a handle.) */
static bool is_flat(const struct subject *s)
{
    return is_pointer(s) && !(s->set & (HAS(NULL_TERMINATED) | HAS(GLOBAL) | HAS(HANDLE) | HAS(RELEASE)));
}

static bool undescribed(struct subject *s)
{
    if (!is_flat(s) || (s->set & SET_COUNTS))
        return false;
    if (s->param->array && array_is_described(s))
        return false;
    if (s->param->array)
        return true; /* an array of unknown length is never one object */
    if (is_char_or_void(target(s)))
        return true; /* one character is never what was meant */
    if (s->set & SET_DIRECTIONS)
        return false;
    return !(target_is_const(s) && is_structure(target(s)));
}

static bool without_direction(struct subject *s)
{
    return is_pointer(s) && !(s->set & (SET_DIRECTIONS | HAS(GLOBAL) | HAS(HANDLE) | HAS(RELEASE))) &&
           !target_is_const(s);
}

static bool counts_void(struct subject *s)
{
    return is_flat(s) && (s->set & (HAS(COUNTED_BY) | HAS(COUNTED_BY_OR_NULL))) && target(s)->kind == TYPE_VOID;
}

static bool points_to_incomplete(struct subject *s)
{
    return is_flat(s) && target(s)->kind != TYPE_VOID && !target(s)->complete;
}

static bool flexible_target(struct subject *s)
{
    return is_flat(s) && target(s)->flexible && !(s->set & (HAS(SIZED_BY) | HAS(SIZED_BY_OR_NULL)));
}

/* A member of that type holds an address that means nothing on the other side; its name, or NULL. */
static const char *pointer_inside(struct arena *arena, const struct type *type)
{
    while (type->kind == TYPE_ARRAY)
        type = type->target.type;
    if (type->kind == TYPE_POINTER)
        return "";
    if (!is_structure(type))
        return NULL;
    for (const struct member *member = type->members; member; member = member->next) {
        if (annotation_set(member->annotations) & HAS(OPAQUE))
            continue; /* declared as bits that the other side does not follow */
        const char *inner = pointer_inside(arena, member->type.type);
        if (inner)
            return arena_format(arena, "%s%s%s", member->name ? member->name : "", *inner ? "." : "", inner);
    }
    return NULL;
}

static bool holds_pointers(struct subject *s)
{
    const char *inside = is_flat(s) ? pointer_inside(s->unit->arena, target(s)) : NULL;
    s->detail = inside && *inside ? arena_format(s->unit->arena, "member '%s'", inside) : "it";
    return inside != NULL;
}

static bool undescribed_result(struct subject *s)
{
    return is_pointer(s) && !(s->set & (HAS(GLOBAL) | HAS(HANDLE)));
}

/* --- the table --- */

static const struct rule {
    unsigned where;
    bool (*broken)(struct subject *subject);
    enum fc_number number;
    const char *message;
    const char *advice;
} rules[] = {
    {ON_OPERATION | ON_PARAMETER, unknown_annotation, FC_UNKNOWN_ANNOTATION, "'{detail}' is no annotation of farcall's",
     "see docs/annotations.md for the words there are, and which take an argument"},
    {ON_OPERATION, not_a_function, FC_NOT_A_FUNCTION, "'{op}' is marked far_op but is not a function",
     "far_op belongs before the declaration of a function"},
    {ON_OPERATION, misplaced_on_operation, FC_MISPLACED_ANNOTATION,
     "{detail} cannot describe an operation or its result",
     "words about a parameter belong after that parameter's star"},
    {ON_PARAMETER, misplaced_on_parameter, FC_MISPLACED_ANNOTATION, "{detail} cannot describe a parameter",
     "words about the operation belong before its declaration"},
    {ON_OPERATION | ON_PARAMETER, given_twice, FC_CONTRADICTION, "{detail} is given twice for {what}",
     "keep one of them"},
    {ON_OPERATION | ON_PARAMETER, not_carried, FC_NOT_CARRIED,
     "{detail} is understood but not carried yet by this version",
     "leave it out, or split {op} into operations that do without it"},
    {ON_OPERATION, contradictory_shipping, FC_CONTRADICTION, "{op} cannot be {detail}",
     "keep one: where the data is (function shipping) or where the caller is (data shipping)"},
    {ON_OPERATION, has_odd_name, FC_OPERATION_NAME, "'{op}' cannot be an operation's name",
     "use letters, digits and _ of ASCII, at most 500"},
    {ON_OPERATION, is_variadic, FC_VARIADIC, "operation {op} takes a variable number of arguments",
     "declare an operation with fixed parameters, and a variadic inline function that calls it"},
    {ON_OPERATION, has_no_prototype, FC_NO_PROTOTYPE, "operation {op} does not say what its parameters are",
     "write (void) if it takes none"},
    {ON_OPERATION, is_local, FC_LOCAL_OPERATION, "operation {op} is {detail}, so no other domain can name it",
     "declare it extern and define it in one source file"},
    {ON_OPERATION, too_many_parameters, FC_TOO_MANY_PARAMETERS,
     "operation {op} has {detail} parameters, at most 16 are carried",
     "put some of them into a structure and pass its address"},
    {ON_OPERATION, oneway_answers, FC_ONEWAY_ANSWERS, "operation {op} is far_oneway but has something to answer",
     "let it return void and have no far_out or far_inout parameter"},
    {ON_PARAMETER, contradictory_on_parameter, FC_CONTRADICTION, "{what} of {op} cannot be {detail}",
     "keep one of them"},
    {ON_RESULT, contradictory_on_result, FC_CONTRADICTION, "{what} of {op} cannot be {detail}", "keep one of them"},
    {ON_PARAMETER | ON_RESULT, by_value_structure, FC_STRUCTURE_BY_VALUE, "{what} of {op} passes {type} by value",
     "pass its address: `const {type} *far_in` for a parameter, `{type} *far_out` for a result"},
    {ON_PARAMETER | ON_RESULT, no_register_for_it, FC_TYPE_NOT_CARRIED,
     "{what} of {op} has type {type}, which is not carried yet by this version",
     "use an integer of up to 64 bits, float or double, or pass its address with far_in or far_out"},
    {ON_PARAMETER | ON_RESULT, annotated_value, FC_NOT_A_POINTER,
     "{detail} describes a pointer, but {what} of {op} has type {type}", "a value needs no annotation"},
    {ON_PARAMETER | ON_RESULT, points_to_function, FC_CALLBACK,
     "{what} of {op} points to a function; callbacks are not carried yet by this version",
     "let the client poll, or return what the callback would have been given"},
    {ON_PARAMETER, writes_const, FC_OUT_IS_CONST, "{what} of {op} is {detail}, but what it points to is const",
     "drop const, or write far_in"},
    {ON_PARAMETER, string_of_others, FC_STRING_OF_OTHERS,
     "{what} of {op} is __null_terminated but does not point to characters", "count it instead: __counted_by(n)"},
    {ON_PARAMETER, string_comes_out, FC_STRING_OUT,
     "{what} of {op} is a string that comes back; nothing says how much room there is",
     "say how much: `char *far_out __sized_by(capacity)`"},
    {ON_PARAMETER, undescribed, FC_UNDESCRIBED_POINTER, "pointer {what} of {op} is not described", "{suggest}"},
    {ON_PARAMETER, without_direction, FC_NO_DIRECTION, "{what} of {op} does not say which way its bytes go",
     "write far_in (or const), far_out or far_inout after its star"},
    {ON_PARAMETER, counts_void, FC_COUNTS_VOID, "{what} of {op} counts elements of void, which have no size",
     "count bytes: __sized_by(…)"},
    {ON_PARAMETER, points_to_incomplete, FC_POINTS_TO_INCOMPLETE,
     "{what} of {op} points to a type whose size is not known here: {type}",
     "include the header that defines it, or write far_handle if the client never looks inside"},
    {ON_PARAMETER, flexible_target, FC_POINTS_TO_INCOMPLETE,
     "{what} of {op} points to a structure with a flexible array, so its size is not known: {type}",
     "count its bytes: __sized_by(…)"},
    {ON_PARAMETER, holds_pointers, FC_POINTERS_INSIDE,
     "{what} of {op} points to something with pointers in it ({detail} is one): not carried yet by this version",
     "pass the parts as parameters of their own, mark the member far_opaque if nobody follows it, or write far_global "
     "if all of it lies in a global segment"},
    {ON_RESULT, undescribed_result, FC_UNDESCRIBED_RESULT, "the pointer that {op} returns is not described",
     "write far_global after its star if it points into the service's segment, far_handle if the client only gives it "
     "back; to copy bytes out use a far_out parameter"},
};

bool rules_hold(struct subject *subject, unsigned where)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (!(rules[i].where & where))
            continue;
        subject->culprit = NULL;
        subject->detail = NULL;
        if (!rules[i].broken(subject))
            continue;
        struct place place = subject->culprit ? subject->culprit->place
                             : subject->param ? subject->param->place
                                              : subject->declaration->place;
        subject_error(subject, rules[i].number, place, rules[i].message, rules[i].advice);
        return false;
    }
    return true;
}
