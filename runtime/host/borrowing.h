/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Pages of clients on other nodes (runtime/net/bundle.h, docs/bundling.md): each client's domain segment has its own addresses here,
 * shut but for the pages that a call of it has just been given. One call at a time has them, with what is nested in it; another that wants
 * them meanwhile waits a moment, and is then told that its memory is not shared, so that its client copies.
 *
 * An operation that follows a pointer to a page which is not here faults; the handler asks the client for the page, over the
 * connection by which the call came, and the operation goes on.
 */
#ifndef FARCALL_HOST_BORROWING_H
#define FARCALL_HOST_BORROWING_H

#include "runtime/host/host.h"
#include "runtime/net/bundle_borrower.h"

#include <signal.h>

struct wire_frame;
struct borrowing;

/* What a worker has to do with it. */
struct worker_pages {
    struct borrowing *of;      /* NULL: its client lends nothing */
    bool holding;              /* this worker's call has the pages */
    struct bundle_body came;   /* what has come last; its memory is used again */
    struct bundle_body answer; /* what has changed, until the client is known to have it */
    uint32_t answer_to;        /* the message that it belongs to; 0: none */
};

/* Before the first worker: faults come here first. */
void borrowing_prepare(void);
/* Whose thread this is; NULL: nobody's. */
void borrowing_of(struct worker *worker);
void borrowing_end(struct worker *worker);

/* From another thread: where its client's segment lies, as fard says. */
void borrowing_know(struct worker *worker, const struct far_extent *range);

/* Pages have come, for the message behind them. 0, or as a transport's. */
int borrowing_take(struct worker *worker, const struct wire_frame *frame, uint64_t deadline);
/* A message is about to be published: what has changed goes before it. last: the call that had the pages has ended. */
void borrowing_put(struct worker *worker, bool last);
/* What goes before that message, if anything does. */
int borrowing_send(struct worker *worker, uint32_t sequence);
/* The message that they came for had come before. */
void borrowing_let_go(struct worker *worker);

/* May the call that is being served use this memory of its client's? Then it stays as it is for as long. */
bool borrowing_covers(const struct worker *worker, uint64_t address, uint64_t bytes);
uint64_t borrowing_room(const struct worker *worker, uint64_t address); /* bytes to the end */

#endif
