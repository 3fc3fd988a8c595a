/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Bundling: pages of a client's domain segment that go along with its call, so that the service finds them at their own addresses on
 * another node. No I/O here, and no memory is looked at but what is handed over.
 *
 *     client                       host
 *     lender: what it has sent     borrower: what it has got
 *       a twin, a version            a twin, a version
 *     page ≠ twin: runs, or whole  ═PAGES═►  applied where the version fits; else it is not there, and is fetched
 *     written, where the host      ◄═PAGES═  page ≠ twin: what the service has changed, nothing else
 *       has changed something
 *
 * Twins are Munin's (Carter et al., 1991); that it is done where control passes from one side to the other, and for what is passed,
 * is entry consistency (Bershad and Zekauskas, 1991). docs/bundling.md has it in words and pictures.
 */
#ifndef FARCALL_BUNDLE_H
#define FARCALL_BUNDLE_H

#include "runtime/net/wire.h"

#include <stdbool.h>
#include <stddef.h>

#define BUNDLE_PAGE      WIRE_PAGE
#define BUNDLE_PAGES_MAX 16384u /* of one frame: 64 MiB */
/* No side counts so far; a host counts on from what a client says that it has heard. */
#define BUNDLE_VERSION_END (1ull << 63)
#define BUNDLE_HEARD_END   (1ull << 62)
#define BUNDLE_BODY_MOST   (sizeof(struct wire_pages) + BUNDLE_PAGES_MAX * (sizeof(struct wire_page) + 3 * BUNDLE_PAGE))
#define BUNDLE_DEEP_PAGES  256u /* of what is only perhaps followed; the rest is fetched */

struct bundle_range {
    uint64_t base, size;
};

static inline bool bundle_inside(const struct bundle_range *range, uint64_t address, uint64_t bytes)
{
    return address >= range->base && address - range->base <= range->size &&
           bytes <= range->size - (address - range->base);
}

static inline uint64_t bundle_page_of(uint64_t address)
{
    return address & ~(uint64_t)(BUNDLE_PAGE - 1);
}

/* --- bundle_memory.c: from the kernel, for a call may be made in a signal's handler --- */

void *bundle_get(size_t bytes); /* zeros; NULL: no memory */
/* May move it. old NULL: new memory. NULL: no memory, and the old one is as it was. */
void *bundle_resize(void *old, size_t bytes, size_t wanted);
void bundle_release(void *memory, size_t bytes); /* NULL: nothing */

/* --- bundle_set.c: which pages --- */

/* Begins as zeros. */
struct bundle_set {
    uint64_t *page;
    uint32_t count, room;
};

/* The pages that these bytes lie in. False: no memory, or it would be more than BUNDLE_PAGES_MAX; then it is as it was. */
bool bundle_set_add(struct bundle_set *set, uint64_t address, uint64_t bytes);
/* Ascending, each once. To be said before it is read. */
void bundle_set_order(struct bundle_set *set);
bool bundle_set_has(const struct bundle_set *set, uint64_t page); /* ordered */
void bundle_set_free(struct bundle_set *set);

/* --- bundle_wire.c: to and from bytes --- */

/* A body that is being written. Begins as zeros; if there was no memory, `failed` stays. */
struct bundle_body {
    uint8_t *at;
    size_t size, room;
    bool failed;
};

void bundle_begin(struct bundle_body *body, const struct bundle_range *range, uint32_t flags);
/* Bytes, for WHOLE; or whatever page->kind says, worked out from `now` and `then`: what differs. */
void bundle_put_whole(struct bundle_body *body, struct wire_page page, const void *now);
void bundle_put_same(struct bundle_body *body, struct wire_page page);
/* As runs; false: they would be more than `most` bytes, and nothing was written. */
bool bundle_put_runs(struct bundle_body *body, struct wire_page page, const void *now, const void *then, size_t most);
#define BUNDLE_RUNS_MOST (3u * BUNDLE_PAGE)                      /* more than any page can have */
bool bundle_body_reserve(struct bundle_body *body, size_t size); /* what is in it is gone. False: no memory */
uint32_t bundle_count(const struct bundle_body *body);           /* pages in it; 0: it need not be sent */
void bundle_body_free(struct bundle_body *body);

/* A page of a body that was checked. */
struct bundle_item {
    struct wire_page page;
    const uint8_t *bytes;
};

/*
 * All of a body: sizes, counts, addresses, runs. `range`: it must be about that; NULL: about any that is sound. 0, or -EPROTO and why.
 * From then on bundle_next() needs to check nothing.
 */
int bundle_check(const void *body, size_t size, const struct bundle_range *range, char *why, size_t room);
struct bundle_range bundle_range_of(const void *body);
bool bundle_is_fetched(const void *body);
bool bundle_is_followed(const void *body);
/* *at: 0 at first. False: that was the last. */
bool bundle_next(const void *body, size_t size, size_t *at, struct bundle_item *item);
/* Writes its bytes over what is there (RUNS, WHOLE; SAME: nothing). `filter`, if not NULL: only those that differ from it there, and there too. */
void bundle_write(const struct bundle_item *item, void *to, void *filter);

/* --- bundle_pages.c: what is known of pages --- */

struct bundle_page {
    uint64_t address; /* 0: an empty place */
    uint64_t version; /* 0: the other side is not known to have it, or this side has not got it */
    uint64_t heard;   /* lender: the host's last change that is in it */
    uint64_t change;  /* borrower: its last change */
    uint8_t *twin;    /* NULL: none is kept */
    uint32_t users;   /* lender: calls under way that have lent it. Borrower: 1: the call under way has it */
    bool used;        /* since the clock's hand passed it */
    bool open;        /* borrower: it can be read and written */
    bool apart;       /* borrower: the hook of that name has been told */
    bool torn;        /* borrower: the client knows other bytes in it than are here */
};

/* By address. Places move when one is added. */
struct bundle_pages {
    struct bundle_page **place;
    uint32_t count, room;
    uint32_t twins, twins_most;
    uint32_t hand;
    struct bundle_slab *slab; /* memory of pages and twins */
    struct bundle_page *spare_page;
    uint32_t spare_pages;
    uint8_t *spare_twin; /* a list, through their first words */
};

struct bundle_page *bundle_page_find(const struct bundle_pages *pages, uint64_t address);
struct bundle_page *bundle_page_add(struct bundle_pages *pages, uint64_t address); /* or find it. NULL: no memory */
/* Its twin, with room made for it. False: there is none, and cannot be. */
bool bundle_page_twin(struct bundle_pages *pages, struct bundle_page *page,
                      void (*dropped)(void *, struct bundle_page *), void *context);
void bundle_page_drop_twin(struct bundle_pages *pages, struct bundle_page *page);
void bundle_pages_free(struct bundle_pages *pages);

#endif
