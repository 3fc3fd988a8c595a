/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The host's side of bundling, for one client: its pages, at their addresses. A page is *open* while a call may use it; all others are
 * shut, so that nothing stale is ever read: whoever follows a pointer there faults, and the page is fetched.
 *
 *     borrower_take     pages have come: each is brought up to date and opened, or it does not fit what is here, and stays shut
 *     borrower_put      control goes back: what the service has changed in open pages
 *     borrower_shut     all are shut
 *
 * One call at a time uses it, with those that are nested in it; who that is is the caller's affair.
 */
#ifndef FARCALL_BUNDLE_BORROWER_H
#define FARCALL_BUNDLE_BORROWER_H

#include "runtime/net/bundle.h"

#define BORROWER_PAGES 65536u                     /* that it knows; then it forgets all */
#define BORROWER_TWINS (BUNDLE_PAGES_MAX + 4096u) /* at once: a frame of them, and what is fetched */

/* What it needs done. Each may be NULL. */
struct borrower_hooks {
    /* From here on these bytes can be read and written, or not. False: it could not be done. */
    bool (*open)(void *context, uint64_t address, uint64_t bytes, bool open);
    /* Shut, and what is there is not needed any more. */
    void (*drop)(void *context, uint64_t address, uint64_t bytes);
    /* These come again and again, without their neighbours: once for each page. */
    void (*apart)(void *context, uint64_t address, uint64_t bytes);
};

/* Bytes that the client cannot change under the call that was given them. */
struct borrower_pin {
    uint64_t address, bytes;
};

struct bundle_borrower {
    struct bundle_range range;
    char *memory; /* where range.base lies here */
    const struct borrower_hooks *hooks;
    void *context;
    struct bundle_pages pages;
    struct bundle_page **held; /* by the call under way; open or not */
    uint32_t held_count, held_room;
    struct borrower_pin *pin;
    uint32_t pin_count, pin_room;
    uint64_t change; /* the last that was given */
    /*
     * A page that was sent before its client had heard of all that is changed here does not fit. Without it, what is changed here stays: that is right
     * where one answer is unheard, and may undo what the client has written if there are two.
     */
    bool strict;
};

void borrower_begin(struct bundle_borrower *borrower, const struct bundle_range *range, char *memory,
                    const struct borrower_hooks *hooks, void *context);
void borrower_end(struct bundle_borrower *borrower);

/* A body that was checked, for this range. False: no memory. Pages that do not fit are shut. */
bool borrower_take(struct bundle_borrower *borrower, const void *body, size_t size);
bool borrower_is_open(const struct bundle_borrower *borrower, uint64_t address);

/* Into a body that was begun. */
void borrower_put(struct bundle_borrower *borrower, struct bundle_body *body);
/* The call goes on when the client has had its turn, and some of them have come again. */
void borrower_shut(struct bundle_borrower *borrower);
/* The call has ended. told: its client hears of what the service has changed; otherwise that is nobody's. */
void borrower_let_go(struct bundle_borrower *borrower, bool told);

/* From here on these bytes are the call's. False: no memory. */
bool borrower_pin(struct bundle_borrower *borrower, uint64_t address, uint64_t bytes);
void borrower_unpin(struct bundle_borrower *borrower, uint32_t count); /* all but the first `count` */

#endif
