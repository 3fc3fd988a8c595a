/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Where a calling convention has everything that a function takes and returns: one account of registers and stack words for
 * all parameters, plain ones and those by value (byvalue.h). As data for each machine, so that it can be asked anywhere.
 */
#ifndef FARCALL_CALLING_H
#define FARCALL_CALLING_H

#include "runtime/format/byvalue.h"

struct far_calling {
    unsigned integers, floats; /* registers for parameters */
    bool hidden_is_first;      /* the address of a result in memory is passed in front of the parameters, and returned;
                                  otherwise in a register of its own */
    far_place_by_value *param;
    far_result_by_value *result;
};

/* Of an ELF machine that records can be for. */
const struct far_calling *calling_of(uint32_t machine);

struct far_placement {
    struct far_taken taken;
    bool whole;                 /* something is above the low half of a vector register, or in the x87 */
    struct far_by_value result; /* NOTHING but for results by value */
    struct far_by_value param[FAR_PARAM_MAX];
};

/* Of a function: its result, then its parameters. 0; or -ENOTSUP and *at: what no gate carries, 0 for the result. */
int placement_of(const struct far_calling *calling, const struct far_iface *iface, const struct far_param *function,
                 uint32_t count, struct far_placement *placement, uint32_t *at);

#endif
