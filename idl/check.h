/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What the parts of the checker share: check.c (service and operations), rules.c (the table), size.c (expressions). */
#ifndef FARCALL_IDL_CHECK_H
#define FARCALL_IDL_CHECK_H

#include "idl/model.h"

/* What a rule looks at: an operation, one of its parameters, or its result. */
struct subject {
    struct unit *unit;
    const struct declaration *declaration;
    const struct type *function;   /* NULL while the declaration is not known to be one */
    const struct parameter *param; /* NULL: the operation or its result */
    unsigned index;                /* of the parameter, from 0 */
    struct typeref type;           /* of the parameter or result */
    const struct annotation *annotations;
    uint32_t set;                     /* of annotations */
    struct model_param *out;          /* the parameter or result that is being made; NULL: an operation */
    const struct annotation *culprit; /* set by a rule: the annotation to point at */
    const char *detail;               /* set by a rule: {detail} in its message */
};

/*
 * Apply the table's rules for `where` (ON_OPERATION, ON_PARAMETER, ON_RESULT) in order, stopping at the first that is
 * broken: later rules may rely on earlier ones. True if none is.
 */
bool rules_hold(struct subject *subject, unsigned where);

/* Report against a subject, with {op} {what} {type} {detail} {suggest} replaced. */
void subject_error(const struct subject *subject, enum fc_number number, struct place place, const char *message,
                   const char *advice);

/* One operation of the model. False if something was wrong with it, which is in the diagnostics then. */
bool operation_make(struct unit *unit, const struct declaration *declaration, struct model_op *op);

/* How a value of that type and annotations crosses; what the rules guarantee is not checked again. */
void passing_decide(struct subject *subject);

/* Direction and extent. */
#define SET_DIRECTIONS (HAS(IN) | HAS(OUT) | HAS(INOUT))
#define SET_COUNTS     (HAS(COUNTED_BY) | HAS(COUNTED_BY_OR_NULL) | HAS(SIZED_BY) | HAS(SIZED_BY_OR_NULL))
#define SET_EXTENTS    (SET_COUNTS | HAS(NULL_TERMINATED) | HAS(GLOBAL) | HAS(HANDLE) | HAS(RELEASE))

/*
 * Fill in the size expressions of an operation's BUFFER parameters; all their passings are decided already. False if
 * one is wrong.
 */
bool sizes_fill(struct unit *unit, const struct declaration *declaration, struct model_op *op);

#endif
