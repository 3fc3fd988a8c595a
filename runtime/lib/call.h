/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The pieces of a call through the process gate, client side. */
#ifndef FARCALL_CALL_H
#define FARCALL_CALL_H

#include "runtime/lib/channel.h"
#include "runtime/lib/gate.h"

#define FAR_REASON_LIE \
    "the host's answer cannot be right: to another call, or a pointer to memory that is not the service's"

/* Publish what lies in the A-stack and wait; functions of ours that are called back run meanwhile. 0, or EHOSTDOWN, ETIMEDOUT, ERESTART: then the channel must be closed. After
 * ERESTART the call has not been served, and may be made again on a new channel. */
int call_run(struct far_binding *binding, struct far_channel *channel, const struct far_plan *plan);
/* The halves of call_run(): publish, and `previous` is the number before it; wait for the answer, and go on as that does. */
uint32_t call_send(struct far_channel *channel, uint32_t slot);
int call_finish(struct far_binding *binding, struct far_channel *channel, uint32_t previous, uint32_t deadline_ms);
/* The wait alone. */
int call_await(struct far_channel *channel, uint32_t previous, uint32_t deadline_ms);

/* A call that was sent before, and whose answer is waited for now. */
struct far_sent {
    bool is;
    uint32_t previous;    /* the number before its own */
    uint32_t deadline_ms; /* what is left of it, from 1 on; 0: there is none */
};

/* The same for a call line that is no operation's, and without looking whether anything is called back. */
int call_go_on(struct far_channel *channel, uint32_t slot, uint32_t deadline_ms);

/* Result and errno from the reply line, each read once. Leaves errno alone if the operation did not set it. False if the
 * result is a lie: a pointer to something else than the service's own memory. */
bool call_take_result(struct far_frame *frame, const struct far_binding *binding, const struct far_plan *plan,
                      const struct far_reply_line *reply);

/* The same for a pointer that came back to memory of `size` bytes: is it the service's, or shared with it? */
bool call_believes(const struct far_binding *binding, uint64_t address, uint64_t size);

/* One parameter, as the caller has passed it. */
static inline uint64_t far_frame_word(const struct far_frame *frame, struct far_where where)
{
    const uint64_t *words = where.place == FAR_PLACE_INTEGER ? frame->integer
                            : where.place == FAR_PLACE_FLOAT ? frame->floats
                                                             : frame->stack;
    return words[where.index];
}

/* A channel that is open, with that many bytes of area left. 0, or -errno and *error. */
int call_have_room(struct far_binding *binding, struct far_channel *channel, uint64_t area, struct far_error *error);
/* What call_run() said, as -errno and *error; the channel is closed. -ERESTART: call again. */
int call_breaks_off(struct far_channel *channel, int failed, struct far_error *error);
/* A service may be upgraded while it is called, and again; but not as often as this within one call. */
#define FAR_MOVES_MAX 100

/* Where memory of the service's that outlives its call lies in this process. Made when it is first asked for; NULL: no
 * memory. */
struct walk_store *call_store(struct far_binding *binding);
/* Which memory of ours it keeps. The same. */
struct walk_kept *call_kept(struct far_binding *binding);
/* A call by any path but the fast one, with what the caller passed and where the result goes. NULL: there is no such operation. */
void call_planned(struct far_frame *frame, struct far_binding *binding, const struct far_plan *plan);

/* call_walk.c: call_by_plan() for plans with FAR_PLAN_WALK. */
int call_walking(struct far_frame *frame, struct far_binding *binding, const struct far_plan *plan,
                 struct far_channel *channel, struct far_error *error);

/*
 * A whole call of any kind: open the channel if need be, parameters in, call, parameters out, result. 0; an
 * enum far_call_status > 0; or -errno and *error. The channel is closed where it is no use any more.
 */
int call_by_plan(struct far_frame *frame, struct far_binding *binding, const struct far_plan *plan,
                 struct far_channel *channel, struct far_error *error);

#endif
