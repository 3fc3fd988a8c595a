/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Batches: asynchronous and one-way calls that a thread gathers between far_batch_begin() and far_batch_run(), and that cross
 * together (runtime/batch.h). What a call has lies in a promise of its own, a one-way call's too; its parameters are written
 * into the A-stack at once, by the thread that gathers.
 *
 *     batch.c          gathering: far_batch_begin, NAME_async and one-way calls, far_batch_run
 *     batch_send.c     a crossing is sent, or sent again to the host that has taken over
 *     batch_drive.c    whoever waits for one of its promises drives it: looks for answers, runs functions of ours
 *     batch_answers.c  takes answers, ends it
 *     batch_places.c   the table of a binding: crossings, each with its channel, and promises
 *
 * A batch that is more than one crossing takes is several: the next one of a service is sent when the one before is over.
 * Only who has the turn touches the channel of a crossing that was sent; others wait for an event of it.
 */
#ifndef FARCALL_LIB_BATCH_H
#define FARCALL_LIB_BATCH_H

#include "runtime/batch.h"
#include "runtime/lib/promise.h"

#define FAR_BATCHES_MAX     64          /* crossings of one service that are under way, in one process */
#define FAR_BATCH_CALLS     256         /* in one crossing */
#define FAR_BATCHED_MAX     4096        /* promises of one service in batches, in one process */
#define FAR_BATCH_COMES_OUT (64u << 10) /* bytes of area for what comes out of a call that has pointers in it */

enum batch_state {
    BATCH_FREE,
    BATCH_GATHERS, /* its thread's */
    BATCH_SENT,    /* nobody has the turn */
    BATCH_DRIVEN,
    BATCH_OVER /* every promise has its answer; its thread still asks what became of it */
};

struct batch_item {
    struct far_promise *promise; /* whoever takes it away says what becomes of it; atomic */
    uint64_t at;                 /* byte of the area where its entry lies */
    uint32_t withdrawn;          /* atomic */
};

/* One crossing. */
struct far_batch {
    uint32_t state;            /* enum batch_state; atomic */
    uint32_t number;           /* which one has this place; atomic */
    uint32_t events, waiters;  /* something has happened: a futex; who waits for it */
    uint32_t withdrawals;      /* items that were withdrawn, and of which the host has not been told; atomic */
    uint32_t holds;            /* by its thread, and as long as it is not over; atomic */
    struct far_thread *driver; /* who has the turn; atomic */
    struct far_binding *binding;
    uint32_t flags; /* FAR_BATCH_… */
    uint32_t count; /* items */
    uint32_t oneway;
    uint32_t taken;    /* those in front have their answer */
    uint32_t previous; /* the number before the message's */
    unsigned moves;
    bool driving; /* the turn is a waiting call's: it is among those that its thread has running */
    bool failed;  /* one of its calls has */
    uint64_t end; /* bytes of the area in use */
    long sent_at; /* milliseconds of the monotonic clock; 0: it was not; atomic */
    struct far_channel channel;
    struct batch_item item[FAR_BATCH_CALLS];
};

struct far_batches {
    uint32_t first_free; /* of the promises: a guess */
    struct far_batch item[FAR_BATCHES_MAX];
    struct far_promise promise[FAR_BATCHED_MAX];
};

/* --- batch.c --- */

/* Does this thread gather? Not in the middle of gathering: a signal's handler calls for itself. */
static inline bool batch_gathers(void)
{
    return far_thread && far_thread->gathering.on && !far_thread->gathering.busy;
}
/* An asynchronous call by a trap, or after the batch has broken. NULL and errno, as far_async_call(). */
struct far_promise *batch_async(const struct far_frame *frame, struct far_binding *binding,
                                const struct far_plan *plan);
/* A one-way call. As call_by_plan(). */
int batch_oneway(const struct far_frame *frame, struct far_binding *binding, const struct far_plan *plan,
                 struct far_error *error);
/* A call by a branch, which was made at once, has failed. */
void batch_ran_here(const struct far_promise *promise);
/* Linked calls are not begun any more. */
static inline bool batch_is_broken(void)
{
    return far_thread->gathering.broken;
}
/* What this thread has gathered is sent; it goes on gathering. */
void batch_flush(void);
/* The thread ends. */
void batches_of_thread_end(struct far_thread *thread);

/* --- batch_places.c --- */

struct far_batch *batch_take(struct far_binding *binding); /* NULL and errno */
void batch_let_go(struct far_batch *batch);                /* one of its holds */
struct far_promise *batched_promise_take(struct far_binding *binding, const struct far_plan *plan); /* NULL and errno */
void batched_promise_freed(struct far_promise *promise);
void batches_forget(struct far_batches *batches); /* in the child after fork; may be NULL */

/* --- batch_send.c --- */

/* 0, or why not: then its promises say so, and it is over. */
int batch_send(struct far_batch *batch);
/* What is left goes to the host that has taken over. With the turn. The same, but the promises are the caller's affair. */
int batch_send_rest(struct far_batch *batch);
/* The host is told which calls nobody wants any more. With the turn, or while it gathers. */
void batch_tell_withdrawn(struct far_batch *batch);

static inline struct far_batch_entry *batch_entry(const struct far_batch *batch, uint32_t i)
{
    return (struct far_batch_entry *)((char *)batch->channel.astack + FAR_ASTACK_AREA + batch->item[i].at);
}

/* --- batch_drive.c --- */

/* Whoever waits looks again. */
void batch_happened(struct far_batch *batch);
/* All that have no answer yet get this error, and it is over. With the turn, or before it was sent. */
void batch_fails(struct far_batch *batch, int error);
/* Until the promise has its answer. 0; or why it must be tried again: EDEADLK, EBUSY, ENOMEM, EAGAIN. */
int batch_answer(struct far_promise *promise);
/* Until it is over. 0; ETIMEDOUT after deadline_ms (0: never), EDEADLK, EBUSY, ENOMEM. */
int batch_await(struct far_batch *batch, uint32_t number, uint32_t deadline_ms);
/* Is there something to claim? */
bool batch_has_answer(struct far_promise *promise);
bool batch_host_gone(struct far_promise *promise);
/* Milliseconds of the monotonic clock; 0: it has none, or is not under way. */
long batch_deadline(const struct far_promise *promise);
/* far_cancel(): true: it is the caller's now, and never gets an answer. */
bool batch_withdraw(struct far_promise *promise);
/* The thread ends with the turn. */
void batch_leave_turns(const struct far_thread *thread, struct far_batches *batches);

/* far_wait(): the word that changes when something happens, and what it is now. Its A-stack stays mapped until batch_let(). */
struct batch_word {
    uint32_t *word, *sleeping; /* sleeping: NULL: nobody has to be told */
    uint32_t value;
    struct far_batch *batch;
    const struct far_channel *away; /* its answer comes by a connection, and no word changes before somebody looks */
    bool has_turn;
};
/* false: it is held already, or not under way. *moved: something has happened. */
bool batch_hold(struct far_promise *promise, struct batch_word *word, bool *moved);
void batch_let(const struct batch_word *word);

#endif
