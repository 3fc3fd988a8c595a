/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Places of plain parameters, in registers and on the stack of this machine, and in an A-stack. */
#ifndef FARCALL_PLACES_H
#define FARCALL_PLACES_H

#include "runtime/format/calling.h"
#include "runtime/lib/abi.h"

enum far_place { FAR_PLACE_INTEGER, FAR_PLACE_FLOAT, FAR_PLACE_STACK };

struct far_where {
    uint16_t place; /* enum far_place */
    uint16_t index; /* in its place */
};

/* There is always a place: no more parameters than FAR_PARAM_MAX, as many as there are stack words. */
static inline struct far_where far_next_place(struct far_taken *used, bool is_float, unsigned integers, unsigned floats)
{
    if (is_float && used->floats < floats)
        return (struct far_where){FAR_PLACE_FLOAT, (uint16_t)used->floats++};
    if (!is_float && used->integers < integers)
        return (struct far_where){FAR_PLACE_INTEGER, (uint16_t)used->integers++};
    return (struct far_where){FAR_PLACE_STACK, (uint16_t)used->words++};
}

/* Of a plain parameter: its one word. */
static inline struct far_where far_where_of(const struct far_by_value *placed)
{
    if (!placed->count)
        return (struct far_where){FAR_PLACE_STACK, placed->word};
    return (struct far_where){placed->piece[0].place == FAR_PIECE_INTEGER ? FAR_PLACE_INTEGER : FAR_PLACE_FLOAT,
                              placed->piece[0].index};
}

#endif
