/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Memory for one call after another: taken piece by piece, given back all at once. What was taken stays where it is. From
 * mmap alone, so that calls from signal handlers may use it. Each piece is followed by bytes that nobody has, so that the
 * end of one is never the beginning of another.
 */
#ifndef FARCALL_WALK_MEMORY_H
#define FARCALL_WALK_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* What a call needed beyond what is kept goes back to the system. */
#define WALK_MEMORY_KEEP (16u << 20)

struct walk_chunk;

/* Who pays: may it grow by so much? Negative: it has shrunk. NULL: it may. */
struct walk_charge {
    bool (*ask)(void *owner, int64_t bytes);
    void *owner;
};

struct walk_memory {
    struct walk_chunk *chunk; /* the newest first */
    uint64_t taken;           /* bytes of all chunks */
    uint64_t limit;           /* bytes of all chunks, at most; 0: none */
    uint64_t keep;            /* bytes, from one call to the next; 0: WALK_MEMORY_KEEP */
    struct walk_charge charge;
};

/* Aligned to 16 bytes, not cleared. NULL: there is no memory. */
void *walk_take(struct walk_memory *memory, uint64_t bytes);
/* Everything that was taken is free. The next call probably needs as much as this one: one chunk for all of it. */
void walk_memory_reset(struct walk_memory *memory);
void walk_memory_free(struct walk_memory *memory);

#endif
