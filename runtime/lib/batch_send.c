/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/batch.h"

#include "runtime/lib/away.h"
#include "runtime/lib/error.h"
#include "runtime/lib/oneway.h"
#include "runtime/lib/wait.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static long milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* To another node: in the entry, if it has not been sent yet; otherwise by its number. */
static void withdraw_away(struct far_batch *batch, uint32_t i)
{
    struct far_channel *channel = &batch->channel;
    uint32_t behind = batch->count - 1 - i;
    if (!away_awaits(channel))
        away_wrote(channel, batch->item[i].at, sizeof(struct far_batch_call));
    else if (behind < channel->sequence)
        away_cancel(channel, channel->sequence - behind);
}

static void withdraw(struct far_batch *batch, uint32_t i)
{
    __atomic_store_n(&batch_entry(batch, i)->call.withdrawn, 1, __ATOMIC_RELEASE);
    if (batch->channel.away)
        withdraw_away(batch, i);
}

void batch_tell_withdrawn(struct far_batch *batch)
{
    if (!__atomic_load_n(&batch->withdrawals, __ATOMIC_RELAXED))
        return;
    __atomic_store_n(&batch->withdrawals, 0, __ATOMIC_SEQ_CST);
    for (uint32_t i = batch->taken; i < batch->count; i++)
        if (__atomic_load_n(&batch->item[i].withdrawn, __ATOMIC_SEQ_CST))
            withdraw(batch, i);
}

/* The message, from item `taken` on. Each call counts as one. */
static void publish(struct far_batch *batch)
{
    struct far_channel *channel = &batch->channel;
    uint32_t calls = batch->count - batch->taken;
    uint64_t *argument = channel->astack->call.argument;
    argument[0] = calls;
    argument[1] = batch->end;
    argument[2] = batch->flags;
    batch->previous = channel->sequence;
    for (uint32_t i = 1; i < calls; i++)
        channel->sequence = far_next_sequence(channel->sequence);
    channel->area_end = batch->end;
    call_send(channel, FAR_SLOT_BATCH);
}

/* Calls that no host has begun, as they lie in the old A-stack: the caller's own memory may be another by now. */
static void copy_rest(struct far_batch *batch, const struct far_channel *old)
{
    uint64_t from = batch->item[batch->taken].at;
    memcpy((char *)batch->channel.astack + FAR_ASTACK_AREA, (const char *)old->astack + FAR_ASTACK_AREA + from,
           batch->end - from);
    batch->end -= from;
    for (uint32_t i = batch->taken; i < batch->count; i++) {
        batch->item[i].at -= from;
        batch_entry(batch, i)->reply.state = FAR_BATCH_WAITS;
    }
    if (batch->channel.away)
        away_wrote(&batch->channel, 0, batch->end);
}

static int move(struct far_batch *batch)
{
    struct far_error error;
    struct far_channel old = batch->channel;
    uint64_t needed = batch->end - batch->item[batch->taken].at;
    batch->channel = (struct far_channel){.host_pidfd = -1};
    int failed = -call_have_room(batch->binding, &batch->channel, needed, &error);
    if (!failed)
        copy_rest(batch, &old);
    channel_close(&old);
    return failed;
}

int batch_send_rest(struct far_batch *batch)
{
    int failed = batch->moves++ < FAR_MOVES_MAX ? move(batch) : EHOSTDOWN;
    if (failed)
        return failed;
    batch_tell_withdrawn(batch);
    publish(batch);
    return 0;
}

/* One-way calls are in order with the thread's other calls: after those before, and before those after. */
static struct far_channel *channel_in_order(const struct far_batch *batch)
{
    uint32_t level;
    struct far_channel *channel = batch->oneway ? thread_channel(far_thread, batch->binding, &level) : NULL;
    return channel && !channel->in_callback ? channel : NULL;
}

int batch_send(struct far_batch *batch)
{
    struct far_error error;
    struct far_channel *ordinary = channel_in_order(batch);
    if (ordinary && oneway_is_left(ordinary))
        oneway_hear(batch->binding, ordinary, 0, &error);
    __atomic_store_n(&batch->sent_at, milliseconds(), __ATOMIC_RELAXED);
    int failed = channel_dead(&batch->channel) ? move(batch) : 0;
    if (failed) {
        batch_fails(batch, failed);
        return failed;
    }
    batch_tell_withdrawn(batch);
    publish(batch);
    if (ordinary)
        oneway_comes_after(ordinary, batch, batch->number);
    __atomic_store_n(&batch->state, BATCH_SENT, __ATOMIC_RELEASE);
    batch_happened(batch);
    return 0;
}
