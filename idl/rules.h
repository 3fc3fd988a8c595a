/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What breaks the rules of the table in rules.c. Each may set the subject's culprit and detail. */
#ifndef FARCALL_IDL_RULES_H
#define FARCALL_IDL_RULES_H

#include "idl/check.h"

#define RULE_NAME_LIMIT 500 /* bytes; the record's readers refuse more */

/* rules_word.c: single words, and words that contradict each other */
bool rule_unknown_word(struct subject *s);
bool rule_misplaced_word(struct subject *s);
bool rule_word_given_twice(struct subject *s);
bool rule_contradictory_shipping(struct subject *s);
bool rule_contradictory_waiting(struct subject *s);
bool rule_contradictory_words(struct subject *s);
bool rule_nullable_and_nonnull(struct subject *s);

/* rules_operation.c: operations, and functions that callbacks lead to */
bool rule_not_a_function(struct subject *s);
bool rule_odd_name(struct subject *s);
bool rule_variadic(struct subject *s);
bool rule_no_prototype(struct subject *s);
bool rule_local(struct subject *s);
bool rule_other_symbol(struct subject *s);
bool rule_too_many_parameters(struct subject *s);
bool rule_oneway_answers(struct subject *s);
bool rule_async_outlives(struct subject *s);
bool rule_variadic_callback(struct subject *s);
bool rule_callback_without_prototype(struct subject *s);
bool rule_callback_too_long(struct subject *s);
bool rule_called_otherwise(struct subject *s);

/* rules_pointer.c: values */
bool rule_type_not_carried(struct subject *s);
bool rule_word_on_value(struct subject *s);
bool rule_not_a_descriptor(struct subject *s);
bool rule_selector_of_none(struct subject *s);
bool rule_selector_without_case(struct subject *s);
bool rule_case_without_selector(struct subject *s);
bool rule_case_outside_union(struct subject *s);
bool rule_function_without_callback(struct subject *s);
bool rule_callback_of_other(struct subject *s);
bool rule_deep_of_other(struct subject *s);
bool rule_granted_of_other(struct subject *s);
bool rule_writes_const(struct subject *s);
bool rule_string_of_others(struct subject *s);
bool rule_string_without_room(struct subject *s);
bool rule_elements_of_other(struct subject *s);
bool rule_undescribed(struct subject *s);
bool rule_undescribed_result(struct subject *s);
bool rule_undescribed_answer(struct subject *s);
bool rule_no_direction(struct subject *s);
bool rule_lifetime_for_nothing(struct subject *s);
bool rule_counts_void(struct subject *s);
bool rule_points_to_incomplete(struct subject *s);
bool rule_flexible_target(struct subject *s);

/* Shared by them. */
bool subject_is_pointer(const struct subject *s);
const struct type *subject_target(const struct subject *s);
bool subject_is_copied(const struct subject *s); /* a pointer whose bytes cross:
                                                    no handle, no bits */
/* Set culprit and detail to the first word of that set. False if there is none. / */
bool subject_blame(struct subject *s, uint64_t set);

#endif
