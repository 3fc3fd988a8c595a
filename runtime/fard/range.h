/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The allocator of address ranges: a cursor through the window that only moves forward, so that no address is ever
 * handed out twice and a stale pointer never meets somebody else's data. Between two ranges lies a guard granule.
 */
#ifndef FARCALL_RANGE_H
#define FARCALL_RANGE_H

#include <stdbool.h>
#include <stdint.h>

struct range {
    uint64_t base;
    uint64_t size; /* a multiple of FAR_GRANULE, guard not included */
};

#define RANGE_EXHAUSTED 1 /* the rest of the window is too small */

/* The range for `bytes` bytes at cursor; *next is the cursor after it. Returns 0, RANGE_EXHAUSTED or -EINVAL. */
int range_take(uint64_t cursor, uint64_t bytes, struct range *range, uint64_t *next);

/* Is this a range that range_take() could have given out? For what comes back from the store. */
bool range_is_sound(const struct range *range);

/* The cursor after a range. */
uint64_t range_after(const struct range *range);

#endif
