/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/batch.h"

#include <errno.h>
#include <sys/mman.h>

static struct far_batches *batches_of(struct far_binding *binding)
{
    struct far_batches *there = __atomic_load_n(&binding->batches, __ATOMIC_ACQUIRE);
    if (there)
        return there;
    struct far_batches *made =
        mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made == MAP_FAILED)
        return NULL;
    if (__atomic_compare_exchange_n(&binding->batches, &there, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return made;
    munmap(made, sizeof *made);
    return there;
}

static bool move(uint32_t *state, uint32_t from, uint32_t to)
{
    return __atomic_load_n(state, __ATOMIC_RELAXED) == from &&
           __atomic_compare_exchange_n(state, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* The first that is free: its channel is open, most likely. */
struct far_batch *batch_take(struct far_binding *binding)
{
    struct far_batches *batches = batches_of(binding);
    for (uint32_t i = 0; batches && i < FAR_BATCHES_MAX; i++) {
        struct far_batch *batch = &batches->item[i];
        if (!move(&batch->state, BATCH_FREE, BATCH_GATHERS))
            continue;
        batch->binding = binding;
        batch->count = batch->oneway = batch->taken = batch->moves = 0;
        batch->failed = false;
        batch->end = 0;
        __atomic_store_n(&batch->withdrawals, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&batch->holds, 2, __ATOMIC_RELAXED);
        __atomic_store_n(&batch->sent_at, 0, __ATOMIC_RELAXED);
        return batch;
    }
    errno = batches ? EAGAIN : ENOMEM;
    return NULL;
}

/* Whoever still looks at it sees by the number that it is another's. */
void batch_let_go(struct far_batch *batch)
{
    if (__atomic_sub_fetch(&batch->holds, 1, __ATOMIC_ACQ_REL))
        return;
    __atomic_add_fetch(&batch->number, 1, __ATOMIC_RELEASE);
    __atomic_store_n(&batch->state, BATCH_FREE, __ATOMIC_RELEASE);
}

struct far_promise *batched_promise_take(struct far_binding *binding, const struct far_plan *plan)
{
    struct far_batches *batches = batches_of(binding);
    uint32_t first = batches ? __atomic_load_n(&batches->first_free, __ATOMIC_RELAXED) : 0;
    for (uint32_t i = 0; batches && i < FAR_BATCHED_MAX; i++) {
        uint32_t at = (first + i) % FAR_BATCHED_MAX;
        struct far_promise *promise = &batches->promise[at];
        if (!move(&promise->state, PROMISE_FREE, PROMISE_MAKING))
            continue;
        __atomic_store_n(&batches->first_free, (at + 1) % FAR_BATCHED_MAX, __ATOMIC_RELAXED);
        promise->binding = binding;
        promise->plan = plan;
        promise->batched = true;
        promise->unheard = false;
        promise->error = promise->failed = 0;
        return promise;
    }
    errno = batches ? EAGAIN : ENOMEM;
    return NULL;
}

/* The lowest are used most, so that few pages are. */
void batched_promise_freed(struct far_promise *promise)
{
    struct far_batches *batches = promise->binding->batches;
    uint32_t at = (uint32_t)(promise - batches->promise);
    if (at < __atomic_load_n(&batches->first_free, __ATOMIC_RELAXED))
        __atomic_store_n(&batches->first_free, at, __ATOMIC_RELAXED);
}

/* --- after fork --- */

static void forget_batch(struct far_batch *batch)
{
    bool driven = batch->state == BATCH_DRIVEN && batch->driver == far_thread && far_thread;
    bool written = batch->state == BATCH_GATHERS && far_thread && far_thread->gathering.busy;
    channel_forget(&batch->channel, driven || written);
    batch->holds = 1; /* who gathered is another thread, or has forgotten it */
    if (driven || batch->state == BATCH_FREE)
        return; /* this thread goes on with it, and finds that its host is gone */
    batch->number++;
    batch->state = BATCH_FREE;
}

static void forget_promise(struct far_promise *promise)
{
    if (promise->state == PROMISE_MAKING || (promise->state != PROMISE_FREE && promise->unheard))
        promise->state = PROMISE_FREE;
    if (promise->state != PROMISE_CROSSING)
        return;
    promise->failed = EHOSTDOWN;
    promise->state = PROMISE_ANSWERED;
}

void batches_forget(struct far_batches *batches)
{
    for (uint32_t i = 0; batches && i < FAR_BATCHES_MAX; i++)
        forget_batch(&batches->item[i]);
    for (uint32_t i = 0; batches && i < FAR_BATCHED_MAX; i++)
        forget_promise(&batches->promise[i]);
}
