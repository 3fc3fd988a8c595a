/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Memory that goes in and stays in use after the call (far_lifetime on what goes in): zlib's z_stream, whose address zlib
 * compares. The caller names it by a number from a table of its own, so that no private address leaves it; the callee has
 * its copy at one address until it is released. A table belongs to one pair of domains; its threads share it.
 */
#ifndef FARCALL_WALK_KEPT_H
#define FARCALL_WALK_KEPT_H

#include "runtime/walk/memory.h"

#include <stdint.h>

struct walk_kept;

/* Of a callee: what all memory kept for one caller may take. */
#define WALK_KEPT_MAX       65536
#define WALK_KEPT_BYTES_MAX (256u << 20)

/* Until when. */
struct walk_until {
    uint8_t lifetime; /* enum far_lifetime */
    uint32_t kept;    /* PARAM: another that is kept; 0: none */
    uint64_t handle;  /* HANDLE */
    /* CALLBACK: the function that ends it. Caller: its address; callee: its word. 0: none does */
    uint64_t function;
};

/* From mmap. NULL: no memory. */
struct walk_kept *walk_kept_new(struct walk_charge charge);
void walk_kept_free(struct walk_kept *kept);
uint32_t walk_kept_count(const struct walk_kept *kept);

/*
 * Caller: the number of memory of that type and at least that size at that address; 0: it is not kept. plain: bytes that
 * nothing leads out of; of such, what ends with a function is met by that alone.
 */
uint32_t walk_kept_find(struct walk_kept *kept, uint64_t address, uint32_t type, uint64_t bytes, bool plain);
/*
 * Caller: it is kept from now on. Its number, the one it had before if it was kept already; 0: no memory. What ends with a
 * function is kept once for each time that it begins: the same address may be, with other bytes, in several calls' lives.
 */
uint32_t walk_kept_enter(struct walk_kept *kept, uint64_t address, uint32_t type, uint64_t bytes,
                         const struct walk_until *until, bool *added);
/* Caller: the address of a byte of it, or of its end; 0: nothing of that number and type has that byte. */
uint64_t walk_kept_address(struct walk_kept *kept, uint32_t number, uint32_t type, uint64_t offset);
/* Caller: not kept any more, nor what was to be kept as long as it. */
void walk_kept_leave(struct walk_kept *kept, uint32_t number);
/* Both: how often something has begun to be kept. */
uint64_t walk_kept_begun(const struct walk_kept *kept);
/* Both: a handle is gone, and what was to be kept as long; begun: not what has begun since, under the same name given anew. */
void walk_kept_handle_gone(struct walk_kept *kept, uint64_t handle, uint64_t begun);
/* Caller: a function is called with memory of that number: its address; and if that ends its life, it is not kept any more. */
uint64_t walk_kept_back(struct walk_kept *kept, uint32_t number, uint64_t function);

/* Callee: its copy, used by one call at a time. */
struct walk_keeping {
    char *memory;
    struct walk_memory *below; /* for what its pointers lead to: stays until the next call that passes it */
    uint32_t
        place;  /* for the functions below; the caller may use the number for something else before they are called */
    bool added; /* it was not kept before */
};
/* fresh: it begins, or begins anew, and is cleared. An enum far_call_status. */
unsigned walk_keep_use(struct walk_kept *kept, uint32_t number, uint32_t type, uint64_t bytes, bool fresh,
                       struct walk_keeping *keeping);
void walk_keep_until(struct walk_kept *kept, uint32_t place, const struct walk_until *until);
/* The call has ended; released: and with it the memory's life. */
void walk_keep_done(struct walk_kept *kept, uint32_t place, bool released);
/* Callee: `function` is called with an address: the number of what is kept there, 0: nothing. If that ends it, it has ended. */
uint32_t walk_keep_back(struct walk_kept *kept, uint64_t address, uint64_t function);
/* Callee: what of that type holds an address, or its end; *offset in it. 0: nothing. */
uint32_t walk_keep_at(struct walk_kept *kept, uint64_t address, uint32_t type, uint64_t *offset);

#endif
