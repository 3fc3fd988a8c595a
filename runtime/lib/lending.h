/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Memory of the domain segment that calls to another node refer to: its pages go along, and what the service has changed in them
 * comes back (runtime/net/bundle.h, docs/bundling.md). Only where this process lets the service follow it (far_trust); for all
 * others what a call refers to is copied.
 *
 *     a call's parameters are looked at    loan_begin, loan_add: which pages
 *     its message goes (away.c)            lending_send: those of all calls that are under way on the channel
 *     pages come, or are asked for         lending_take, lending_serve
 *     it has ended                         loan_end
 */
#ifndef FARCALL_LENDING_H
#define FARCALL_LENDING_H

#include "runtime/net/bundle_lender.h"

struct far_channel;
struct far_binding;
struct far_plan;
struct wire_frame;
struct lending;

/* What one call has lent. */
struct far_loan {
    struct bundle_set set;
    struct lending *lender; /* NULL: nothing has gone yet */
    bool open;              /* a call is looking at its parameters, or under way */
    bool followed;          /* its operation may follow pointers that nobody describes */
};

/* Of the thread's innermost call. */
void loan_begin(const struct far_plan *plan);
/* Pages for it. False: nothing of this call can be lent, or no more: the caller copies. */
bool loan_add(uint64_t address, uint64_t bytes);
void loan_end(void);
/* What calls that a jump has left had lent, and what the thread has for it at all. */
void loans_forget(struct far_loan *loan);

/* What hosts have of our pages, in a new child: nothing. */
void lending_after_fork(struct far_binding *binding);

/*
 * By away.c, with the connection to itself. 0, or as a transport's functions. again: the host may not have got what was sent before.
 */
int lending_send(struct far_channel *channel, bool again, uint64_t deadline);
int lending_take(struct far_channel *channel, const struct wire_frame *frame, uint64_t deadline);
int lending_serve(struct far_channel *channel, const struct wire_frame *frame, uint64_t deadline);

#endif
