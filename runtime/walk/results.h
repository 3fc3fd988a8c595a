/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Where a process puts memory of the service's that it is given: results, `char **` that are filled in, and what its
 * functions are handed over. How long it stays is what far_lifetime says. The same bytes with the same life are handed out at the same address again, so that
 * asking for a version in a loop takes memory once.
 */
#ifndef FARCALL_WALK_RESULTS_H
#define FARCALL_WALK_RESULTS_H

#include "runtime/walk/memory.h"

#include <stdint.h>

struct walk_store;

/* All that one callee has given out, and has not ended, in one process. */
#define WALK_STORE_MAX (1ull << 30)

struct walk_results {
    struct walk_memory *call; /* until the thread's next call. NULL: nothing can have that life */
    struct walk_store *store; /* longer. NULL: nothing can */
};

struct walk_life {
    uint8_t lifetime; /* enum far_lifetime */
    uint64_t handle;  /* HANDLE; RELEASED, of what lies below: the address of what is released */
    uint64_t token;   /* RELEASED: by which name its owner knows it; 0: it lies below that */
};

struct walk_store *walk_store_new(void); /* from mmap; NULL: no memory */
void walk_store_free(struct walk_store *store);

/* NULL: no memory. */
char *walk_result_take(const struct walk_results *results, uint64_t bytes, const struct walk_life *life);
/* The bytes, in memory with that life: perhaps what was given out before. NULL: no memory. */
char *walk_result_copy(const struct walk_results *results, const char *bytes, uint64_t count,
                       const struct walk_life *life);
/* Not needed after all. */
void walk_result_drop(const struct walk_results *results, char *memory);
/* RELEASED: the callee's name for memory at this address; 0: it is none of ours. */
uint64_t walk_store_token(struct walk_store *store, uint64_t address);
/* What had that life ends: by its address, by its handle. */
void walk_store_released(struct walk_store *store, uint64_t address);
void walk_store_handle_gone(struct walk_store *store, uint64_t handle, uint64_t until);
/* How often it has given out memory. What it gave after `until` may be another handle's that has the same value by now. */
uint64_t walk_store_given(const struct walk_store *store);

#endif
