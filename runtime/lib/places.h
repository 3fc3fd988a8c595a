/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Where this machine's calling convention has the parameters of a function that an interface record describes. */
#ifndef FARCALL_PLACES_H
#define FARCALL_PLACES_H

#include "runtime/iface.h"
#include "runtime/lib/abi.h"

#include <stdbool.h>

enum far_place { FAR_PLACE_INTEGER, FAR_PLACE_FLOAT, FAR_PLACE_STACK };

struct far_where {
    uint8_t place; /* enum far_place */
    uint8_t index; /* in its place */
};

/* How many words of each place are in use. */
struct far_places {
    uint8_t integers;
    uint8_t floats;
    uint8_t stack;
};

/* There is always a place: no more parameters than FAR_PARAM_MAX, as many as there are stack words. */
static inline struct far_where far_next_place(struct far_places *used, bool is_float, unsigned integers,
                                              unsigned floats)
{
    if (is_float && used->floats < floats)
        return (struct far_where){FAR_PLACE_FLOAT, used->floats++};
    if (!is_float && used->integers < integers)
        return (struct far_where){FAR_PLACE_INTEGER, used->integers++};
    return (struct far_where){FAR_PLACE_STACK, used->stack++};
}

/* The next parameter's, on this machine. */
static inline struct far_where far_abi_place(struct far_places *used, const struct far_value *value)
{
    return far_next_place(used, value->passing == FAR_PASS_FLOAT, FAR_ABI_INTEGERS, FAR_ABI_FLOATS);
}

#endif
