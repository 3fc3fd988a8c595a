/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Addresses for the domain segments of clients. They come out of chunks that are ranges of the node like any other
 * (range.h), so they never meet a service's. A range that its client has given up ages before it is handed out again, the
 * oldest first: a stale pointer then points to nothing, not to somebody else's memory. No I/O, no clock.
 */
#ifndef FARCALL_DOMAIN_RANGES_H
#define FARCALL_DOMAIN_RANGES_H

#include "runtime/fard/range.h"

#include <stddef.h>

#define DOMAIN_UNIT        ((uint64_t)64 << 20) /* sizes and places are multiples of it: allocators like it so */
#define DOMAIN_CHUNK_SIZE  ((uint64_t)64 << 30) /* taken from the window at a time */
#define DOMAIN_AGE_MS      600000               /* how long nobody gets what somebody else had, while there is room */
#define DOMAIN_NEEDS_CHUNK 1

struct domain_chunk {
    uint32_t id; /* of its row in the store */
    struct range range;
};

struct domain_freed {
    struct range range;
    uint32_t uid;   /* whose it was */
    uint32_t chunk; /* its place in the list of them */
    int64_t at;     /* milliseconds */
};
#define DOMAIN_UID_MIXED UINT32_MAX /* joined from what several had */

/* All zero: no chunk yet. */
struct domain_ranges {
    struct domain_chunk *chunk;
    size_t chunk_count;
    struct range *fresh; /* what is left of the chunks and was never handed out */
    size_t fresh_count;
    struct domain_freed *freed; /* by age, the oldest first */
    size_t freed_count, freed_room;
};

void domain_ranges_free(struct domain_ranges *ranges);

/* What a wish becomes: a power of two of units. 0: larger than any range may be. */
uint64_t domain_ranges_size(uint64_t bytes);

/*
 * size: as domain_ranges_size() makes it. One of that size that is old enough; else what nobody had; else part of what is old
 * enough, neighbours joined. 0 or DOMAIN_NEEDS_CHUNK: then add one and try again, or take one early.
 */
int domain_ranges_take(struct domain_ranges *ranges, uint64_t size, int64_t now, struct range *range);
/* There is no more room: what was given up, however young. False if there is none. */
bool domain_ranges_take_early(struct domain_ranges *ranges, uint64_t size, struct range *range);
/* The same among those that this uid had: who has used up his share takes from his own, not from the others' time. */
bool domain_ranges_take_own(struct domain_ranges *ranges, uint64_t size, uint32_t uid, struct range *range);
/* Bytes of addresses that a range of this size uses up, what has to lie behind it included. */
uint64_t domain_ranges_cost(uint64_t size);
/* The same for all that this uid had and that nobody has now. */
uint64_t domain_ranges_idle(const struct domain_ranges *ranges, uint32_t uid);
/* Bytes of chunk that a range of this size needs. */
uint64_t domain_ranges_chunk_for(uint64_t size);
/* 0 or -ENOMEM. */
int domain_ranges_add(struct domain_ranges *ranges, uint32_t id, const struct range *chunk);
/* One of a life before: nothing of it is handed out but what is released. 0 or -ENOMEM. */
int domain_ranges_adopt(struct domain_ranges *ranges, const struct domain_chunk *chunk);
bool range_covers(const struct range *outer, const struct range *inner);
bool domain_ranges_covers(const struct domain_ranges *ranges,
                          const struct range *range); /* is it in one of the chunks? */
/* Nobody has it mapped any more. Without memory to remember it, it is never handed out again. */
void domain_ranges_release(struct domain_ranges *ranges, const struct range *range, uint32_t uid, int64_t now);

/* Is this row of the store one of our chunks? */
bool domain_ranges_has(const struct domain_ranges *ranges, uint32_t id);

#endif
