/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Promises: asynchronous calls (far_async) of one process, sent and not claimed yet. Each has a channel of its own, and with
 * it a worker in the host, so that all of a process's run at the same time. They lie in a table for each binding, without a
 * lock: whoever takes a place first has it, and keeps its channel open for whoever has it next.
 */
#ifndef FARCALL_PROMISE_H
#define FARCALL_PROMISE_H

#include "runtime/import.h"
#include "runtime/lib/crossing.h"

#include <farcall/farcall.h>

#define FAR_PROMISES_MAX  64 /* of one service, in one process */
#define FAR_PROMISE_STACK 64 /* words of parameters on the stack */

enum promise_state {
    PROMISE_FREE,
    PROMISE_MAKING,
    PROMISE_SENT,
    PROMISE_KEPT,     /* the operation ran on the caller's thread: the result is there */
    PROMISE_CLAIMING, /* a thread is claiming it, or gives it up */
    PROMISE_CROSSING, /* in a batch (batch.h), which may not have been sent yet */
    PROMISE_ANSWERED  /* the batch has given it its answer, or `failed` */
};

struct far_promise {
    uint32_t state; /* enum promise_state; atomic */
    struct far_binding *binding;
    const struct far_plan *plan;
    struct far_channel channel;
    struct far_frame frame; /* the call as it was made; then what it returns */
    uint64_t stack[FAR_PROMISE_STACK];
    long sent_at; /* milliseconds of the monotonic clock */
    int error;    /* KEPT, ANSWERED: the operation's errno; 0: none */
    int failed;   /* ANSWERED: why there is none; 0: there is */
    bool batched; /* from far_batches: it has no channel */
    bool unheard; /* a one-way call's */
    struct far_batch *batch;
    uint32_t batch_number, batch_item;
    struct crossing crossing;
    struct walk_crossing walking;
};

struct far_promises {
    struct far_promise item[FAR_PROMISES_MAX];
};

/* A place that is PROMISE_MAKING. NULL and errno: EAGAIN, ENOMEM. */
struct far_promise *promise_take(struct far_binding *binding, const struct far_plan *plan);
/* Nobody claims it any more. errno stays. */
void promise_free(struct far_promise *promise);
/* The call as it was made. */
void promise_copy_frame(struct far_promise *promise, const struct far_frame *frame);

/* In the child after fork, of a table that may be NULL: what its parent has sent is the parent's. */
void promises_forget(struct far_promises *promises);

/* Is there something to claim? An answer; the call of a function of ours; or that no answer will come. */
bool promise_is_ready(struct far_promise *promise);

/* gate_async_MACHINE.S: what an import library's NAME_async jumps to. */
void far_async(void);
/* Its other half. NULL and errno: nothing was begun. */
struct far_promise *far_async_call(const struct far_frame *frame, struct far_import *import, uint32_t index);

#endif
