/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Size expressions and the places of by-reference parameters: one implementation for both sides of a gate. */
#ifndef FARCALL_SIZE_H
#define FARCALL_SIZE_H

#include "runtime/lib/plan.h"

/* What the sizes of one call are worked out from, and what came out. All of it private memory. */
struct far_sizes {
    uint64_t value[FAR_PARAM_MAX];    /* VALUE: extended. BUFFER, STRING: 0 if NULL */
    uint64_t measured[FAR_PARAM_MAX]; /* BUFFER that a size is read from: its first bytes, read once */
    uint64_t bytes[FAR_PARAM_MAX];    /* BUFFER: filled in by sizes_place; STRING: given, NUL included */
    uint64_t offset[FAR_PARAM_MAX];   /* from the start of the area; filled in by sizes_place */
    uint64_t end;                     /* bytes of the area in use; starts as 0 */
    bool direct[FAR_PARAM_MAX];       /* by reference, but shared with the service: it has no place in the area */
};

/* Evaluate a checked expression. Returns enum far_call_status: DONE and *bytes, or BAD_SIZE. */
unsigned size_evaluate(const struct far_plan *plan, const struct far_sizes *sizes, const struct far_plan_param *param,
                       uint64_t *bytes);

/*
 * Work out size and place of the by-reference parameters of one group: those whose size needs no other's memory
 * (late = false) first, then, once `measured` is known, the others. Returns DONE, BAD_SIZE or BAD_ARGUMENT.
 */
unsigned sizes_place(const struct far_plan *plan, struct far_sizes *sizes, bool late);

/* An operator of an expression. False: it overflows, or divides by zero. */
bool size_apply_operator(unsigned code, uint64_t *left, uint64_t right);

static inline bool far_by_reference(const struct far_plan_param *param)
{
    return param->passing == FAR_PASS_BUFFER || param->passing == FAR_PASS_STRING;
}

/* How many bytes of a measured parameter are worth reading. */
static inline uint64_t far_measured_bytes(uint64_t bytes)
{
    return bytes < sizeof(uint64_t) ? bytes : sizeof(uint64_t);
}

#endif
