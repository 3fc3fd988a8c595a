/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What becomes of a batch's calls: their answers, and its end. All by who has the turn. */
#include "runtime/lib/batch_outcome.h"

#include "runtime/lib/failure.h"
#include "runtime/lib/wait.h"

#include <errno.h>

static struct far_promise *take_promise(struct far_batch *batch, uint32_t i)
{
    return __atomic_exchange_n(&batch->item[i].promise, NULL, __ATOMIC_ACQ_REL);
}

void batch_settle(struct far_promise *promise, int failed)
{
    promise->failed = failed;
    walk_memory_free(&promise->walking.memory);
    if (promise->unheard)
        promise_free(promise);
    else
        __atomic_store_n(&promise->state, PROMISE_ANSWERED, __ATOMIC_RELEASE);
}

static void fails(struct far_batch *batch, int error)
{
    struct far_promise *promise = take_promise(batch, batch->taken++);
    batch->failed = true;
    if (promise)
        batch_settle(promise, error);
}

/* What came back, into the caller's memory and the promise's frame. An errno; 0: all is well. */
static int take_memory(struct far_promise *promise, const struct far_batch_entry *entry,
                       const struct far_reply_line *reply, uint64_t room)
{
    const struct far_plan *plan = promise->plan;
    const char *area = (const char *)(entry + 1);
    struct far_error error;
    const char *reason;
    if (plan->flags & FAR_PLAN_WIDE) {
        area += sizeof(struct far_wide);
        room -= sizeof(struct far_wide);
    }
    int failed =
        plan->flags & FAR_PLAN_WALK
            ? walk_crossing_take(&promise->walking, &promise->frame, promise->binding, plan, reply, area, room, &error)
            : crossing_take(&promise->crossing, &promise->frame, promise->binding, plan, reply, area, &error);
    return failed > 0 ? call_status_error((uint32_t)failed, &reason) : -failed;
}

static int take_answer(struct far_promise *promise, const struct far_batch_entry *entry,
                       const struct far_reply_line *reply, uint64_t room)
{
    const char *reason;
    int saved = errno;
    errno = 0;
    int failed = reply->status ? call_status_error(reply->status, &reason) : take_memory(promise, entry, reply, room);
    promise->error = errno;
    errno = saved;
    return failed;
}

static uint64_t room_of(const struct far_batch *batch, uint32_t i)
{
    uint64_t end = i + 1 < batch->count ? batch->item[i + 1].at : batch->end;
    return end - batch->item[i].at - sizeof(struct far_batch_entry);
}

/* The next one's. Each word is read once. */
static void take(struct far_batch *batch)
{
    uint32_t i = batch->taken++;
    const struct far_batch_entry *entry = batch_entry(batch, i);
    const struct far_reply_line reply = {.status = __atomic_load_n(&entry->reply.status, __ATOMIC_RELAXED),
                                         .result = __atomic_load_n(&entry->reply.result, __ATOMIC_RELAXED),
                                         .float_result = __atomic_load_n(&entry->reply.float_result, __ATOMIC_RELAXED),
                                         .error = __atomic_load_n(&entry->reply.error, __ATOMIC_RELAXED)};
    struct far_promise *promise = take_promise(batch, i);
    if (!promise) {
        batch->failed = true; /* it was given up */
        return;
    }
    int failed = take_answer(promise, entry, &reply, room_of(batch, i));
    batch->failed |= failed || plan_says_failed(promise->plan, promise->frame.result, promise->frame.float_result);
    batch_settle(promise, failed);
}

static uint32_t next_state(const struct far_batch *batch)
{
    return __atomic_load_n(&batch_entry(batch, batch->taken)->reply.state, __ATOMIC_ACQUIRE);
}

bool batch_take_answers(struct far_batch *batch)
{
    uint32_t before = batch->taken;
    while (batch->taken < batch->count && next_state(batch) == FAR_BATCH_ANSWERED)
        take(batch);
    return batch->taken != before;
}

/* --- the end --- */

/* Nothing of it may be looked at any more by who has come here. */
static enum batch_outcome end(struct far_batch *batch)
{
    struct far_channel *channel = &batch->channel;
    if (channel->astack && (channel_dead(channel) || channel->size > FAR_CHANNEL_KEEP))
        channel_close(channel);
    channel->area_end = 0;
    __atomic_store_n(&batch->driver, NULL, __ATOMIC_RELAXED);
    __atomic_store_n(&batch->state, BATCH_OVER, __ATOMIC_SEQ_CST);
    batch_happened(batch);
    batch_let_go(batch);
    return BATCH_ENDED;
}

enum batch_outcome batch_end_all(struct far_batch *batch, int error)
{
    while (batch->taken < batch->count)
        fails(batch, error);
    if (batch->channel.astack)
        channel_close(&batch->channel); /* whatever is going on there */
    return end(batch);
}

void batch_fails(struct far_batch *batch, int error)
{
    batch_end_all(batch, error);
}

/* The host stopped between two calls: another has the service. */
static enum batch_outcome go_on_elsewhere(struct far_batch *batch)
{
    int failed = batch_send_rest(batch);
    return failed ? batch_end_all(batch, failed) : BATCH_UNDER_WAY;
}

/* It was served, but not all of it: the operation may have ended its thread, another host take over. */
static enum batch_outcome end_short(struct far_batch *batch, uint32_t status)
{
    const char *reason;
    if (next_state(batch) == FAR_BATCH_BEGUN && status == FAR_CALL_ENDED_THREAD)
        fails(batch, call_status_error(status, &reason));
    else if (next_state(batch) != FAR_BATCH_WAITS)
        return batch_end_all(batch, EPROTO);
    if (batch->taken == batch->count || (batch->failed && batch->flags & FAR_BATCH_LINKED))
        return batch_end_all(batch, ECANCELED);
    return go_on_elsewhere(batch);
}

static enum batch_outcome end_with_host(struct far_batch *batch);

enum batch_outcome batch_end_answered(struct far_batch *batch)
{
    const char *reason;
    uint32_t status = __atomic_load_n(&batch->channel.astack->reply.status, __ATOMIC_RELAXED);
    if (batch->taken == batch->count && status == FAR_CALL_DONE)
        return end(batch);
    if (batch->taken == batch->count)
        return batch_end_all(batch, EPROTO); /* nobody is left who could hear it */
    if (status == FAR_CALL_DONE || status == FAR_CALL_ENDED_THREAD)
        return end_short(batch, status);
    if (status == FAR_CALL_HOST_DIED)
        return end_with_host(batch);
    return batch_end_all(batch, call_status_error(status, &reason));
}

/* What was begun may have been done; what was not was not. */
enum batch_outcome batch_end_lost(struct far_batch *batch, int error)
{
    bool knows = !batch->channel.away; /* the states here are as they went */
    while (batch->taken < batch->count) {
        bool waits = next_state(batch) == FAR_BATCH_WAITS;
        fails(batch, waits && knows && error == EHOSTDOWN ? ECANCELED : error);
    }
    return batch_end_all(batch, error);
}

/* Another host says so, and has sent the states as the one that died has left them. */
static enum batch_outcome end_with_host(struct far_batch *batch)
{
    while (batch->taken < batch->count)
        fails(batch, next_state(batch) == FAR_BATCH_WAITS ? ECANCELED : EHOSTDOWN);
    return batch_end_all(batch, EHOSTDOWN);
}

enum batch_outcome batch_end_without_answer(struct far_batch *batch)
{
    const struct far_reply_line *reply = &batch->channel.astack->reply;
    int error = channel_fate_error(&batch->channel);
    if (error != EHOSTDOWN || far_load(&reply->retired) != 1)
        return batch_end_lost(batch, error);
    return far_load(&reply->served) == batch->channel.sequence ? batch_end_answered(batch) : go_on_elsewhere(batch);
}
