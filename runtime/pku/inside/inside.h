/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What a domain has from us: code that is executed with the domain's rights, in which nothing of the process can be read. It
 * calls nothing but itself, has no data, and its constants lie in pages of their own, which all domains may read
 * (inside.lds; testsuite/pku/library.test). What it knows of its domain is here, in the domain's memory; what it knows of its
 * call is at %fs.
 */
#ifndef FARCALL_PKU_INSIDE_INSIDE_H
#define FARCALL_PKU_INSIDE_INSIDE_H

#include "runtime/format/calling.h"
#include "runtime/lib/plan.h"
#include "runtime/pku/gate.h"
#include "runtime/pku/library.h"
#include "runtime/segment.h"
#include "runtime/walk/walk.h"

/* Memory for the walk, in place of mmap: a range that is the domain's from the start. Zero bytes to begin with. */
#define PKU_PAGE       4096
#define PKU_PAGE_COUNT 65536
struct pku_pages {
    char *begin;
    uint32_t never;                     /* pages from here on were never used, and are zero */
    uint32_t next;                      /* where the search begins */
    uint64_t used[PKU_PAGE_COUNT / 64]; /* a bit for each */
};

#define PKU_NAMED_PARTS 3
struct pku_inside {
    const struct far_iface *iface; /* copies, which only the domain reads */
    struct far_plans plans;
    const uint64_t *entry; /* as the control page */
    uint32_t entry_count;
    uint64_t area_size;
    struct far_extent code;
    struct far_extent named[PKU_NAMED_PARTS]; /* what a caller may name: constants, data, heap */
    struct walk_kept *kept;                   /* NULL: nothing yet */
    const struct far_placement *placement;    /* of callbacks, by the record's index */
    uint32_t thunk_count;
    struct pku_thunk {
        uint32_t function; /* as the caller numbers it */
        uint32_t callback; /* index of the record's */
    } thunk[PKU_THUNKS];
    struct pku_pages pages;
};

/* Hidden: no address is read from a table of the process's. */
#pragma GCC visibility push(hidden)

/* The entry behind all operations': area->walked says which one, and what it is given. */
#define PKU_SLOT_WALKED (FAR_SLOT_MAX + 1)
void far_pku_serve(void);
/* Behind it: the answer of a function of the service's that chooses another by the processor. */
#define PKU_SLOT_CHOOSE (FAR_SLOT_MAX + 2)
uint64_t far_pku_choose(uint64_t resolver);
#define PKU_SLOT_COUNT (FAR_SLOT_MAX + 3)

/* call_back.c: thunk_x86_64.S's other half, and walk_hooks' in_function. */
struct far_frame;
void far_pku_thunks(void);
void far_pku_thunk_called(struct far_frame *frame, uint32_t number);
unsigned pku_thunk_for(void *context, const struct walk *walk, uint64_t word, const struct far_callback *callback,
                       uint64_t *address);
/* serve.c: what the walk asks here. */
void pku_hooks_fill(struct walk_hooks *hooks);

static inline struct pku_thread *pku_self(void)
{
    struct pku_thread *thread;
    __asm__("movq %%fs:0, %0" : "=r"(thread));
    return thread;
}

/* See asks.c. The words are the area's, and so is what comes back. */
int64_t pku_ask(enum pku_asked what, uint64_t word0, uint64_t word1);
/* Sleep while `value` stands there: 0 or -errno. until: absolute, by `clock`; NULL: for ever. */
struct timespec;
int64_t pku_sleep_while(uint32_t *word, uint32_t value, uint64_t clock, const struct timespec *until);
/* The call ends, and the domain with it; whoever called is told why. */
_Noreturn void pku_end(const char *why);
#pragma GCC visibility pop

#endif
