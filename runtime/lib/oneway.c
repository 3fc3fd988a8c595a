/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/oneway.h"

#include "runtime/lib/away.h"
#include "runtime/lib/batch.h"
#include "runtime/lib/error.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

/* A worker that is not stuck takes what is published at once; that it runs to its end is not waited for. */
#define ONEWAY_LAST_WAIT_MS 1000

static void put_aside(struct far_channel *channel)
{
    channel->unheard = channel->astack;
    channel->astack = NULL;
}

static void take_back(struct far_channel *channel)
{
    channel->astack = channel->unheard;
    channel->unheard = NULL;
}

void oneway_send(struct far_channel *channel, const struct far_plan *plan, uint64_t end)
{
    channel->before = call_send(channel, plan->op->slot);
    channel->unheard_end = end;
    put_aside(channel);
}

/* As the caller left it: its own memory may be another by now. */
static void copy_call(const struct far_astack *from, struct far_astack *to, uint64_t end)
{
    memcpy(to->call.argument, from->call.argument, sizeof to->call.argument);
    to->wide = from->wide;
    memcpy((char *)to + FAR_ASTACK_AREA, (const char *)from + FAR_ASTACK_AREA, end);
}

/* Its host has left before it began, and another version has taken over: that serves it. */
static void send_again(struct far_binding *binding, struct far_channel *channel, uint32_t deadline_ms)
{
    struct far_error error;
    struct far_channel old = *channel;
    *channel = (struct far_channel){.host_pidfd = -1};
    int failed = channel_ready(binding, channel, &error);
    if (!failed && channel->size < old.size)
        failed = channel_grow(binding, channel, old.size, &error);
    if (!failed) {
        copy_call(old.astack, channel->astack, old.unheard_end);
        if (channel->away) {
            away_wrote(channel, 0, old.unheard_end);
            away_uses_wide(channel);
        }
        failed = call_go_on(channel, old.astack->call.slot, deadline_ms);
    }
    if (failed && channel->astack)
        channel_close(channel);
    channel_close(&old);
}

void oneway_comes_after(struct far_channel *channel, struct far_batch *batch, uint32_t number)
{
    put_aside(channel);
    channel->after = batch;
    channel->after_number = number;
}

/* 0; or ETIMEDOUT, and it is still under way. A function of ours that the batch calls does not wait for it. */
static int hear_batch(struct far_channel *channel, uint32_t deadline_ms)
{
    if (batch_await(channel->after, channel->after_number, deadline_ms) == ETIMEDOUT)
        return ETIMEDOUT;
    channel->after = NULL;
    take_back(channel);
    return 0;
}

static int too_late(struct far_error *error)
{
    return far_fail(error, ETIMEDOUT, EX_UNAVAILABLE,
                    "the operation's deadline passed while a one-way call before it was served");
}

int oneway_hear(struct far_binding *binding, struct far_channel *channel, uint32_t deadline_ms, struct far_error *error)
{
    if (channel->after)
        return hear_batch(channel, deadline_ms) ? too_late(error) : 0;
    take_back(channel);
    uint32_t sequence = channel->sequence;
    int failed = call_finish(binding, channel, channel->before, deadline_ms);
    if (failed == ETIMEDOUT && channel->sequence == sequence) {
        put_aside(channel);
        return too_late(error);
    }
    if (!channel->astack)
        return 0; /* closed in a callback */
    if (failed == ERESTART)
        send_again(binding, channel, deadline_ms);
    else if (failed || __atomic_load_n(&channel->astack->reply.status, __ATOMIC_RELAXED) == FAR_CALL_ENDED_THREAD)
        channel_close(channel);
    return 0;
}

void oneway_hear_all(struct far_thread *thread)
{
    for (uint32_t level = 0; level < FAR_LEVELS_MAX; level++)
        for (uint32_t i = 0; i < far_process.binding_count; i++) {
            struct far_channel *channel = &thread->channel[level][i];
            if (channel->after)
                hear_batch(channel, ONEWAY_LAST_WAIT_MS);
            if (!channel->unheard)
                continue;
            take_back(channel);
            call_await(channel, channel->before, ONEWAY_LAST_WAIT_MS);
        }
}

/* exit() in this thread. What other threads have left they alone know of; they are not asked. */
__attribute__((destructor)) static void hear_at_exit(void)
{
    if (far_thread)
        oneway_hear_all(far_thread);
}
