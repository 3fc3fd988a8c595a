/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Rules about values: what a word may describe, and what every pointer must have said about it. */
#include "idl/rules.h"

#include <string.h>

bool subject_is_pointer(const struct subject *s)
{
    return s->type.type->kind == TYPE_POINTER;
}

const struct type *subject_target(const struct subject *s)
{
    return s->type.type->target.type;
}

static bool target_is_const(const struct subject *s)
{
    return type_is_const(s->type.type->target);
}

static bool is_char_or_void(const struct type *type)
{
    return type->kind == TYPE_VOID || type->is_char;
}

bool subject_is_copied(const struct subject *s)
{
    return subject_is_pointer(s) && !words_of_bits(s->set);
}

static bool is_flat(const struct subject *s)
{
    return subject_is_copied(s) && !(s->set & HAS(NULL_TERMINATED));
}

static bool is_array(const struct subject *s)
{
    return s->type.type->kind == TYPE_ARRAY;
}

/* What arrays hold in the end. */
static const struct type *innermost(const struct type *type)
{
    while (type->kind == TYPE_ARRAY)
        type = type->target.type;
    return type;
}

/* --- types --- */

bool rule_type_not_carried(struct subject *s)
{
    const struct type *type = s->type.type;
    switch (type->kind) {
    case TYPE_VOID:
        return s->where != ON_RESULT;
    case TYPE_UNKNOWN:
        return !type->complete || !type->bit_width;
    case TYPE_FUNCTION:
        return true;
    case TYPE_ARRAY: /* a flexible array member has no length */
        return type->target.type->kind == TYPE_UNKNOWN;
    case TYPE_STRUCT: /* by value, a flexible array stays behind */
    case TYPE_UNION:
        return !type->complete || (type->flexible && (s->where & (ON_PARAMETER | ON_RESULT)));
    default:
        return !type->complete;
    }
}

/* --- words that describe something else --- */

bool rule_word_on_value(struct subject *s)
{
    uint64_t of_values = HAS(FD) | HAS(SELECTED_BY) | HAS(CASE) | HAS(DEFAULT);
    uint64_t of_arrays = is_array(s) ? SET_COUNTS | SET_DIRECTIONS : 0;
    for (s->culprit = s->annotations; s->culprit; s->culprit = s->culprit->next) {
        s->detail = annotation_word_macro(s->culprit->word);
        bool about_value = (annotation_where(s->culprit->word) & ON_VALUE) != 0;
        if (about_value && !((of_values | of_arrays) & ((uint64_t)1 << s->culprit->word)))
            return !subject_is_pointer(s);
    }
    return false;
}

/* The word stands on the number, or on what holds it. */
bool rule_not_a_descriptor(struct subject *s)
{
    const struct type *type = innermost(s->type.type);
    if (!subject_blame(s, HAS(FD)))
        return false;
    if (type->kind == TYPE_POINTER)
        type = innermost(type->target.type);
    bool bits = s->where == ON_MEMBER && s->member->is_bit_field;
    bool is_int = type->kind == TYPE_INT && type->size == 4 && type->is_signed && !bits;
    return !is_int || (s->set & (SET_BITS | HAS(NULL_TERMINATED)));
}

/* The union that a value is, holds or points to; NULL: none. */
static const struct type *union_of(const struct subject *s)
{
    const struct type *type = innermost(s->type.type);
    if (type->kind == TYPE_POINTER && !words_of_bits(s->set))
        type = innermost(type->target.type);
    return type->kind == TYPE_UNION && type->complete ? type : NULL;
}

static bool union_has_cases(const struct type *type)
{
    for (const struct member *member = type->members; member; member = member->next)
        if (annotation_set(member->annotations) & (HAS(CASE) | HAS(DEFAULT)))
            return true;
    return false;
}

bool rule_selector_of_none(struct subject *s)
{
    return subject_blame(s, HAS(SELECTED_BY)) && !union_of(s);
}

bool rule_selector_without_case(struct subject *s)
{
    return subject_blame(s, HAS(SELECTED_BY)) && !union_has_cases(union_of(s));
}

/* Said where the union itself stands, to whom the words of what points to it were handed down. */
bool rule_case_without_selector(struct subject *s)
{
    bool is_union = s->type.type->kind == TYPE_UNION && s->type.type->complete;
    return is_union && !(s->set & HAS(SELECTED_BY)) && union_has_cases(s->type.type) &&
           !type_is_plain(s->type, s->annotations);
}

bool rule_case_outside_union(struct subject *s)
{
    return subject_blame(s, HAS(CASE) | HAS(DEFAULT)) &&
           (!s->scope->structure || s->scope->structure->kind != TYPE_UNION);
}

/* --- pointers to functions, handles --- */

bool rule_function_without_callback(struct subject *s)
{
    return subject_is_copied(s) && subject_target(s)->kind == TYPE_FUNCTION;
}

bool rule_callback_of_other(struct subject *s)
{
    return subject_blame(s, HAS(CALLBACK)) && !(subject_is_pointer(s) && subject_target(s)->kind == TYPE_FUNCTION);
}

/* A structure with something in it that bytes do not say. */
bool rule_deep_of_other(struct subject *s)
{
    const struct type *target = subject_is_pointer(s) ? innermost(subject_target(s)) : NULL;
    bool leads = target && is_structure_type(target) && target->complete &&
                 !type_is_plain((struct typeref){.type = s->type.type->target.type}, NULL);
    return subject_blame(s, HAS(DEEP)) && !leads;
}

/* What may change at any time must have nothing in it that was looked at before: no pointers, no end that was looked for. */
bool rule_granted_of_other(struct subject *s)
{
    const struct type *target = subject_is_pointer(s) ? subject_target(s) : NULL;
    bool plain = target && (target->kind == TYPE_VOID ||
                            type_is_plain((struct typeref){.type = s->type.type->target.type}, NULL));
    bool copied = subject_is_copied(s) && !(s->set & (HAS(NULL_TERMINATED) | HAS(RELEASE)));
    bool fine = words_of_bits(s->set) == HAS(GLOBAL) || (copied && plain);
    return subject_blame(s, HAS(GRANTED)) && (!fine || s->calls || s->set & HAS(LIFETIME));
}

/* --- directions and extents --- */

bool rule_writes_const(struct subject *s)
{
    return subject_is_pointer(s) && subject_blame(s, HAS(OUT) | HAS(INOUT)) && target_is_const(s);
}

bool rule_string_of_others(struct subject *s)
{
    if (!(s->set & HAS(NULL_TERMINATED)) || !subject_is_pointer(s))
        return false;
    const struct type *target = subject_target(s);
    bool character = target->kind == TYPE_INT && target->size <= 8;
    return target->kind != TYPE_POINTER && !character && !(is_structure_type(target) && target->complete);
}

static bool is_made_there(const struct subject *s)
{
    return s->where == ON_RESULT || (s->set & HAS(LIFETIME)) || s->holder == FAR_VALUE_OUT;
}

/* Memory of the caller's that is filled needs room that is known. What the other side made has its own. */
bool rule_string_without_room(struct subject *s)
{
    bool there = is_made_there(s);
    bool fills = (s->set & HAS(NULL_TERMINATED)) && (subject_direction(s) & FAR_VALUE_OUT);
    bool asked = s->where == ON_MEMBER ? (s->set & (HAS(OUT) | HAS(INOUT))) != 0 : true;
    return subject_is_pointer(s) && fills && asked && !there && !(s->set & SET_COUNTS);
}

static bool array_is_described(const struct subject *s)
{
    return s->array && (s->array->has_count || s->array->count_expr);
}

bool rule_undescribed(struct subject *s)
{
    if (!is_flat(s) || (s->set & (SET_COUNTS | HAS(DEEP))) || array_is_described(s) || subject_points_into_parameter(s))
        return false;
    if (s->array)
        return true; /* an array of unknown length is never one object */
    if (is_char_or_void(subject_target(s)))
        return true; /* one character is never what was meant */
    if (s->set & (SET_DIRECTIONS | HAS(LIFETIME)))
        return false;
    return !(target_is_const(s) && is_structure_type(subject_target(s)));
}

static bool is_answer_of_callback(const struct subject *s)
{
    return !s->declaration || s->function != s->declaration->type.type;
}

/* A result that is followed must say how long. */
bool rule_undescribed_result(struct subject *s)
{
    return subject_is_copied(s) && !(s->set & HAS(LIFETIME)) && !is_answer_of_callback(s);
}

bool rule_undescribed_answer(struct subject *s)
{
    return subject_is_copied(s) && !(s->set & HAS(LIFETIME)) && is_answer_of_callback(s);
}

bool rule_no_direction(struct subject *s)
{
    return subject_is_copied(s) && !(s->set & SET_DIRECTIONS) && !target_is_const(s);
}

/* What comes out can end before the caller expects it to; what goes in stays for the call anyway, but may be kept. */
bool rule_lifetime_for_nothing(struct subject *s)
{
    bool comes_out = s->where == ON_RESULT || s->holder == 0 || (s->holder & FAR_VALUE_OUT);
    if (!subject_blame(s, HAS(LIFETIME)))
        return false;
    if (subject_is_kept(s))
        return strcmp(s->culprit->argument, "call") == 0;
    return !comes_out || (s->set & (HAS(GLOBAL) | HAS(OPAQUE) | HAS(WITHHELD) | HAS(CALLBACK)));
}

/* A pointer to void has become another one by now, see value.c. */
bool rule_elements_of_other(struct subject *s)
{
    return !s->has_elements && subject_blame(s, HAS(ELEMENTS));
}

bool rule_counts_void(struct subject *s)
{
    return is_flat(s) && (s->set & (HAS(COUNTED_BY) | HAS(COUNTED_BY_OR_NULL))) && subject_target(s)->kind == TYPE_VOID;
}

bool rule_points_to_incomplete(struct subject *s)
{
    return is_flat(s) && subject_target(s)->kind != TYPE_VOID && !subject_target(s)->complete &&
           !subject_points_into_parameter(s);
}

/* Does the last member, of one structure, say how long it is? */
static bool flexible_member_is_counted(const struct type *type)
{
    const struct member *last = type->members;
    while (last->next)
        last = last->next;
    return type->kind == TYPE_STRUCT && (annotation_set(last->annotations) & SET_COUNTS);
}

/* Its count is read where the structure is. In memory of the caller's that is only filled, there is none yet. */
static bool count_is_readable(const struct subject *s)
{
    return is_made_there(s) || (subject_direction(s) & FAR_VALUE_IN) || subject_direction(s) == 0;
}

bool rule_flexible_target(struct subject *s)
{
    uint64_t counts = HAS(COUNTED_BY) | HAS(COUNTED_BY_OR_NULL);
    if (!is_flat(s) || !subject_target(s)->flexible || (s->set & (HAS(SIZED_BY) | HAS(SIZED_BY_OR_NULL))))
        return false;
    return (s->set & counts) || !flexible_member_is_counted(subject_target(s)) || !count_is_readable(s);
}
