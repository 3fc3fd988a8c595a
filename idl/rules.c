/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The semantic rules, as one table: what breaks them, what is said, what to do. The numbers are docs/errors.md's. */
#include "idl/rules.h"

#include "idl/cures.h"
#include "idl/list_rules.h"

#include <string.h>

#define ON_ANY_VALUE (ON_PARAMETER | ON_RESULT | ON_MEMBER | ON_INSIDE)

static const struct rule {
    unsigned where;
    bool (*broken)(struct subject *subject);
    enum fc_number number;
    const char *message;
    const char *advice;
} rules[] = {
    /* words */
    {ON_OPERATION | ON_DATA | ON_ANY_VALUE, rule_unknown_word, FC_UNKNOWN_ANNOTATION,
     "'{detail}' is no annotation of farcall's",
     "see docs/annotations.md for the words there are, and which take an argument"},
    {ON_OPERATION, rule_not_a_function, FC_NOT_A_FUNCTION, "'{op}' is marked far_op but is not a function",
     "far_op belongs before the declaration of a function"},
    {ON_OPERATION, rule_misplaced_word, FC_MISPLACED_ANNOTATION, "{detail} cannot describe an operation or its result",
     "words about a parameter belong after that parameter's star"},
    {ON_PARAMETER, rule_misplaced_word, FC_MISPLACED_ANNOTATION, "{detail} cannot describe a parameter",
     "words about the operation belong before its declaration"},
    {ON_RESULT | ON_MEMBER | ON_INSIDE | ON_DATA, rule_misplaced_word, FC_MISPLACED_ANNOTATION,
     "{detail} cannot describe {what} of {op}", "see docs/annotations.md for where each word stands"},
    {ON_OPERATION | ON_DATA | ON_ANY_VALUE, rule_word_given_twice, FC_CONTRADICTION,
     "{detail} is given twice for {what}", "keep one of them"},
    /* operations */
    {ON_OPERATION, rule_contradictory_shipping, FC_CONTRADICTION, "{op} cannot be {detail}",
     "keep one: where the data is (function shipping) or where the caller is (data shipping)"},
    {ON_OPERATION, rule_contradictory_waiting, FC_CONTRADICTION, "{op} cannot be {detail}",
     "keep one: nobody asks what became of it (far_oneway), or the caller does so later (far_async, far_queued); "
     "nothing can wait for what is far_absent"},
    {ON_OPERATION, rule_odd_name, FC_OPERATION_NAME, "'{op}' cannot be an operation's name",
     "use letters, digits and _ of ASCII, at most 500"},
    {ON_OPERATION, rule_variadic, FC_VARIADIC, "operation {op} takes a variable number of arguments",
     "declare an operation with fixed parameters, and a variadic inline function that calls it; or write far_absent"},
    {ON_OPERATION, rule_no_prototype, FC_NO_PROTOTYPE, "operation {op} does not say what its parameters are",
     "write (void) if it takes none"},
    {ON_OPERATION, rule_local, FC_LOCAL_OPERATION, "operation {op} is {detail}, so no other domain can name it",
     "declare it extern and define it in one source file"},
    {ON_OPERATION, rule_other_symbol, FC_OTHER_SYMBOL, "callers of {op} call another symbol: {detail}",
     "declare the operation under its symbol's name; callers may have a macro of the other name"},
    {ON_DATA, rule_other_symbol, FC_OTHER_SYMBOL, "users of {what} use another symbol: {detail}",
     "declare it under its symbol's name; users may have a macro of the other name"},
    {ON_OPERATION, rule_too_many_parameters, FC_TOO_MANY_PARAMETERS,
     "operation {op} has {detail} parameters, at most 16 are carried",
     "put some of them into a structure and pass its address"},
    {ON_OPERATION, rule_oneway_answers, FC_ONEWAY_ANSWERS, "operation {op} is far_oneway but has something to answer",
     "let it return void and have no far_out or far_inout parameter"},
    {ON_OPERATION, rule_async_outlives, FC_ASYNC_LIFETIME,
     "what {op} gives is gone with the caller's next call, but far_async claims it later",
     "let it last longer: far_lifetime(released), far_lifetime(service)"},
    {ON_OPERATION, rule_called_otherwise, FC_TYPE_NOT_CARRIED,
     "operation {op} is called as {detail} says, which no gate does",
     "leave the attribute out, or declare a function without it that calls this one"},
    /* values of any kind */
    {ON_ANY_VALUE, rule_contradictory_words, FC_CONTRADICTION, "{what} of {op} cannot be {detail}", "keep one of them"},
    {ON_ANY_VALUE, rule_nullable_and_nonnull, FC_CONTRADICTION,
     "{what} of {op} cannot be {detail} and never NULL at once", "keep one of them"},
    {ON_ANY_VALUE, rule_type_not_carried, FC_TYPE_NOT_CARRIED, "{what} of {op} has type {type}, which no gate carries",
     "pass what it stands for: values, pointers that are described, or an address with far_opaque"},
    {ON_ANY_VALUE, rule_word_on_value, FC_NOT_A_POINTER,
     "{detail} describes a pointer, but {what} of {op} has type {type}", "a value needs no annotation"},
    {ON_ANY_VALUE, rule_not_a_descriptor, FC_NOT_A_DESCRIPTOR,
     "far_fd describes a descriptor, but {what} of {op} has type {type}", "a descriptor is an int"},
    /* unions */
    {ON_ANY_VALUE, rule_selector_of_none, FC_SELECTOR,
     "far_selected_by describes a union, but {what} of {op} has type {type}",
     "write it where the union is, or what points to it"},
    {ON_ANY_VALUE, rule_selector_without_case, FC_SELECTOR,
     "{what} of {op} has a selector, but no member of the union says when it is in use",
     "write far_case(value) or far_default at its members"},
    {ON_ANY_VALUE, rule_case_without_selector, FC_SELECTOR,
     "the members of {what} of {op} have cases, but nothing selects one",
     "write far_selected_by(kind), with the member or parameter that says which member is in use"},
    {ON_MEMBER, rule_case_outside_union, FC_SELECTOR, "{detail} describes members of unions, but {op} is none",
     "write it at the members of the union"},
    /* pointers to functions */
    {ON_PARAMETER | ON_MEMBER | ON_INSIDE, rule_function_without_callback, FC_CALLBACK,
     "{what} of {op} points to a function, and nothing says who calls it",
     "write far_callback after its star if the service calls it, and describe its parameters in it, written out where "
     "a typedef hides them; far_opaque if the "
     "service only keeps it, far_withheld if it need not have it"},
    {ON_RESULT, rule_function_without_callback, FC_CALLBACK_COMES_OUT,
     "{what} of {op} is a pointer to a function of the service's, and nothing says who calls it",
     "write far_callback after its star if the client calls it, and describe its parameters in it; far_handle or "
     "far_opaque if the client only gives it back"},
    {ON_ANY_VALUE, rule_callback_of_other, FC_NOT_A_CALLBACK,
     "far_callback describes a pointer to a function, but {what} of {op} has type {type}",
     "write it after the star of the pointer to the function"},
    {ON_ANY_VALUE, rule_variadic_callback, FC_VARIADIC,
     "the function that {what} of {op} leads to takes a variable number of arguments",
     "declare the callback with fixed parameters, or write far_opaque if the service never calls it"},
    {ON_ANY_VALUE, rule_callback_without_prototype, FC_NO_PROTOTYPE,
     "the function that {what} of {op} leads to does not say what its parameters are", "write (void) if it takes none"},
    {ON_ANY_VALUE, rule_called_otherwise, FC_TYPE_NOT_CARRIED,
     "the function that {what} of {op} leads to is called as {detail} says, which no gate does",
     "leave the attribute out, or write far_opaque if the service never calls it"},
    {ON_ANY_VALUE, rule_callback_too_long, FC_TOO_MANY_PARAMETERS,
     "the function that {what} of {op} leads to has {detail} parameters, at most 16 are carried",
     "put some of them into a structure and pass its address"},
    /* pointers */
    {ON_ANY_VALUE, rule_deep_of_other, FC_DEEP_OF_OTHER,
     "far_deep follows pointers inside a structure, but {what} of {op} leads to none: {type}",
     "leave it out, or write it after the star of the pointer to the structure"},
    {ON_ANY_VALUE, rule_granted_of_other, FC_GRANTED_OF_OTHER,
     "far_granted is for an operation's far_global address or plain bytes of a known size, which {what} of {op} is not",
     "leave it out: then it is copied; or count the bytes, __sized_by(n); what has pointers in it is far_global"},
    {ON_ANY_VALUE, rule_elements_of_other, FC_ELEMENTS,
     "far_elements says what void leads to, but {what} of {op} has type {type}",
     "write it after the star of a pointer to void, with a type that has a size"},
    {ON_ANY_VALUE, rule_lifetime_for_nothing, FC_LIFETIME,
     "{what} of {op} has a lifetime, but is neither memory that comes out nor memory that goes in and is kept",
     "write far_lifetime after the star of a pointer that the service returns or fills in; with far_in or far_inout, "
     "of memory that it goes on using"},
    {ON_ANY_VALUE, rule_writes_const, FC_OUT_IS_CONST, "{what} of {op} is {detail}, but what it points to is const",
     "drop const, or write far_in"},
    {ON_ANY_VALUE, rule_string_of_others, FC_STRING_OF_OTHERS,
     "{what} of {op} is __null_terminated but points neither to characters, nor to pointers, nor to structures",
     "count it instead: __counted_by(n); or write far_handle if the client never looks inside"},
    {ON_ANY_VALUE, rule_string_without_room, FC_STRING_OUT,
     "{what} of {op} is a string that comes back; nothing says how much room there is",
     "say how much: `far_out __null_terminated __sized_by(capacity)`"},
    {ON_RESULT, rule_undescribed_result, FC_UNDESCRIBED_RESULT, "the pointer that {op} returns is not described",
     "write far_handle after its star if the client only gives it back, far_opaque if it is the client's own, "
     "far_global if the client follows it where it may read the service's memory; to copy what it points to, how much "
     "that is (__null_terminated, __sized_by(n)) and how long it stays: far_lifetime(call), far_lifetime(service), "
     "far_lifetime(released)"},
    {ON_RESULT, rule_undescribed_answer, FC_UNDESCRIBED_RESULT, "pointer {what} of {op} is not described",
     "say how much it points to (__null_terminated, __sized_by(n)) and how long it stays: far_lifetime(call), "
     "far_lifetime(service); or far_global if it lies in a global segment, far_opaque if the service only keeps it"},
    {ON_ANY_VALUE, rule_undescribed, FC_UNDESCRIBED_POINTER, "pointer {what} of {op} is not described", "{suggest}"},
    {ON_PARAMETER, rule_no_direction, FC_NO_DIRECTION, "{what} of {op} does not say which way its bytes go",
     "write far_in (or const), far_out or far_inout after its star"},
    {ON_ANY_VALUE, rule_counts_void, FC_COUNTS_VOID, "{what} of {op} counts elements of void, which have no size",
     "count bytes: __sized_by(…)"},
    {ON_ANY_VALUE, rule_points_to_incomplete, FC_POINTS_TO_INCOMPLETE,
     "{what} of {op} points to a type whose size is not known here: {type}",
     "include the header that defines it, or write far_handle if the client never looks inside"},
    {ON_ANY_VALUE, rule_flexible_target, FC_POINTS_TO_INCOMPLETE,
     "{what} of {op} points to a structure with a flexible array, so its size is not known: {type}",
     "count its bytes: __sized_by(…); or count the array in the structure: __counted_by(…)"},
};

bool rules_row(size_t index, struct rule_row *row)
{
    if (index >= sizeof rules / sizeof *rules)
        return false;
    *row = (struct rule_row){rules[index].where, rules[index].number, rules[index].message};
    return true;
}

bool rules_hold(struct subject *subject)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (!(rules[i].where & subject->where))
            continue;
        subject->culprit = NULL;
        subject->detail = NULL;
        if (!rules[i].broken(subject))
            continue;
        struct place place = subject->culprit ? subject->culprit->place : subject->place;
        cures_add(subject, subject_error(subject, rules[i].number, place, rules[i].message, rules[i].advice));
        return false;
    }
    return true;
}
