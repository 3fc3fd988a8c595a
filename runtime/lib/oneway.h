/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * One-way calls: published and left, nobody waits. The channel is put aside meanwhile (its `astack` is NULL), so that the
 * thread's next call of the service does not take the fast path: it first waits until this one was served. Order stays,
 * and no other call pays anything.
 */
#ifndef FARCALL_ONEWAY_H
#define FARCALL_ONEWAY_H

#include "runtime/lib/call.h"

/* Not from a callback, where the service waits for an answer on this very channel: then it is an ordinary call. */
static inline bool oneway_may_leave(const struct far_channel *channel, const struct far_plan *plan)
{
    return plan->op->flags & FAR_OP_ONEWAY && !channel->in_callback;
}

/* Is something to be heard before the thread's next call by this channel? */
static inline bool oneway_is_left(const struct far_channel *channel)
{
    return channel->unheard || channel->after;
}

/* Its parameters lie in the A-stack, in `end` bytes of the area. */
void oneway_send(struct far_channel *channel, const struct far_plan *plan, uint64_t end);

/*
 * Wait until the call that was left is served, or its service gone; what became of it is nobody's business. 0; or
 * -ETIMEDOUT and *error, and then it is still under way. deadline_ms: of who waits; 0: none.
 */
int oneway_hear(struct far_binding *binding, struct far_channel *channel, uint32_t deadline_ms,
                struct far_error *error);

/* One-way calls of this thread's are in that batch: its next call comes after them. Nothing is left there now. */
void oneway_comes_after(struct far_channel *channel, struct far_batch *batch, uint32_t number);

/* The thread ends: a service that is well has begun what was left to it when this returns. */
void oneway_hear_all(struct far_thread *thread);

#endif
