/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/away.h"

#include "runtime/lib/wait.h"
#include "runtime/net/wire_check.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define TOUCH_EACH 4096u /* no page is smaller */

/* --- one thread at a time --- */

static bool try_begin(struct far_away *away)
{
    return __atomic_exchange_n(&away->busy, 1, __ATOMIC_ACQUIRE) == 0;
}

/* Who looks is done at once. */
static void begin(struct far_away *away)
{
    const struct timespec moment = {0, 50000};
    while (!try_begin(away))
        nanosleep(&moment, NULL);
    away->owner = far_thread;
}

static void end(struct far_away *away)
{
    __atomic_store_n(&away->busy, 0, __ATOMIC_RELEASE);
}

/* --- what goes --- */

static void begin_message(struct far_away *away)
{
    if (!away->is_sent)
        return;
    away->is_sent = away->has_wide = false;
    away->written.count = away->pieces.count = 0;
}

void away_wrote(struct far_channel *channel, uint64_t offset, uint64_t bytes)
{
    begin_message(channel->away);
    extents_add(&channel->away->written, offset, bytes);
}

void away_uses_wide(struct far_channel *channel)
{
    begin_message(channel->away);
    channel->away->has_wide = true;
}

/* What cannot be read is found out here, as by any function that reads it, and not by the kernel in the middle of a frame. */
static void touch(const volatile char *from, uint64_t bytes)
{
    for (uint64_t at = 0; at < bytes; at += TOUCH_EACH)
        (void)from[at];
    (void)from[bytes - 1];
}

bool away_lend(struct far_channel *channel, uint64_t offset, uint64_t bytes, const char *from)
{
    struct away_pieces *pieces = &channel->away->pieces;
    if (bytes < AWAY_LARGE)
        return false;
    begin_message(channel->away);
    if (pieces->count == AWAY_PIECES_MAX)
        return false;
    touch(from, bytes);
    uint32_t i = pieces->count++;
    for (; i && pieces->item[i - 1].offset > offset; i--)
        pieces->item[i] = pieces->item[i - 1];
    pieces->item[i] = (struct away_piece){offset, bytes, from};
    return true;
}

void away_give_back(struct far_channel *channel)
{
    channel->away->pieces.count = 0;
}

/* At least a millisecond: the host may have it at once. */
static uint32_t milliseconds_left(uint64_t until)
{
    uint64_t now = until ? away_now() : 0;
    return !until ? 0 : until > now + AWAY_NS_PER_MS ? (uint32_t)((until - now) / AWAY_NS_PER_MS) : 1;
}

int away_transmit(struct far_channel *channel)
{
    struct far_away *away = channel->away;
    const struct away_memory memory = away_memory_of(channel);
    int failed = lending_send(channel, away->lent == channel->sequence, away->until);
    away->lent = channel->sequence;
    if (failed)
        return failed;
    return stream_send_call(&away->stream, &memory, &away->written, &away->pieces, away->has_wide, channel->sequence,
                            milliseconds_left(away->until), away->until);
}

/* It was dead before anything of the call had gone: nothing was begun, as where a worker has left in order. */
static void never_sent(struct far_channel *channel, uint32_t previous)
{
    struct far_reply_line *reply = &away_memory_of(channel).astack->reply;
    if (channel_fate_error(channel) != EHOSTDOWN || reply->retired)
        return;
    reply->served = previous;
    reply->retired = 1;
}

static void send_or_resume(struct far_channel *channel)
{
    struct far_away *away = channel->away;
    if (away->stream.transport && away_transmit(channel) == 0)
        return;
    stream_close(&away->stream);
    away_resume(channel, away->until);
}

/* The connection that is there may be none any more; then the host is asked first what it has. */
static bool is_reachable(struct far_channel *channel, uint32_t sequence)
{
    struct far_away *away = channel->away;
    struct far_astack *astack = away_memory_of(channel).astack;
    if (far_load(&astack->fate.dead) == 0 || far_load(&astack->fate.dead) == FAR_FATE_MOVED)
        if (!away->stream.transport && far_load(&astack->reply.sequence) != FAR_SEQUENCE_DEAD)
            away_resume(channel, away->until);
    if (!channel_lost(channel))
        return true;
    channel->sequence = sequence;
    return false;
}

void away_send(struct far_channel *channel, uint32_t slot, uint32_t deadline_ms)
{
    struct far_away *away = channel->away;
    uint32_t sequence = channel->sequence, previous = away->received;
    int saved = errno;
    away->heard = away_about_now();
    away->pinged = 0;
    away->until = deadline_ms ? away_now() + deadline_ms * AWAY_NS_PER_MS : 0;
    channel->astack->call.slot = slot;
    begin_message(away);
    begin(away);
    channel->sequence = previous; /* nothing is under way while another connection is looked for */
    if (is_reachable(channel, sequence)) {
        channel->sequence = sequence;
        away->is_sent = true;
        send_or_resume(channel);
    } else {
        never_sent(channel, previous);
    }
    end(away);
    errno = saved;
}

void away_cancel(struct far_channel *channel, uint32_t sequence)
{
    struct far_away *away = channel->away;
    begin(away);
    if (away->stream.transport && stream_say(&away->stream, WIRE_CANCEL, sequence, NULL, 0, away_now() + AWAY_NS_PER_S))
        stream_close(&away->stream);
    end(away);
}

/* --- what comes --- */

void away_mark_dead(struct far_channel *channel, uint32_t fate)
{
    struct far_astack *astack = away_memory_of(channel).astack;
    stream_close(&channel->away->stream);
    __atomic_store_n(&astack->fate.dead, fate, __ATOMIC_SEQ_CST);
}

/* The rest of a frame: as long as the call has, or as TCP takes to see that nothing comes any more. */
static uint64_t rest_until(const struct far_away *away)
{
    return away->until;
}

static int take_answer(struct far_channel *channel, const struct wire_frame *frame, uint64_t until)
{
    struct far_away *away = channel->away;
    const struct away_memory memory = away_memory_of(channel);
    if (frame->sequence == away->received) /* sent again, and it had come */
        return stream_skip(&away->stream, frame->size, until);
    if (frame->sequence != channel->sequence || !away->is_sent)
        return -EPROTO;
    away->torn = frame->sequence;
    int failed = stream_take_answer(&away->stream, frame, &memory, until);
    if (failed)
        return failed;
    away->torn = 0;
    away->received = frame->sequence;
    __atomic_store_n(&memory.astack->reply.sequence, frame->sequence, __ATOMIC_RELEASE);
    return 0;
}

static int take_fate(struct far_channel *channel, uint64_t until)
{
    struct far_away *away = channel->away;
    struct far_astack *astack = away_memory_of(channel).astack;
    struct wire_fate fate;
    char why[96];
    int failed = stream_take(&away->stream, &fate, sizeof fate, until);
    failed = failed ? failed : wire_check_fate(&fate, why, sizeof why);
    if (failed)
        return failed;
    if (fate.dead)
        __atomic_store_n(&astack->fate.dead, fate.dead, __ATOMIC_SEQ_CST);
    if (!fate.retired)
        return 0;
    astack->reply.served = fate.served;
    astack->reply.retired = 1;
    __atomic_store_n(&astack->reply.sequence, FAR_SEQUENCE_DEAD, __ATOMIC_SEQ_CST);
    return 0;
}

static int take_frame(struct far_channel *channel, const struct wire_frame *frame)
{
    struct far_away *away = channel->away;
    uint64_t until = rest_until(away);
    away->heard = away_about_now();
    away->pinged = 0;
    switch (frame->type) {
    case WIRE_ANSWER:
        return take_answer(channel, frame, until);
    case WIRE_FATE:
        return take_fate(channel, until);
    case WIRE_PING:
        return stream_say(&away->stream, WIRE_PONG, 0, NULL, 0, until);
    case WIRE_PONG:
        return 0;
    case WIRE_PAGES:
        return lending_take(channel, frame, until);
    case WIRE_FETCH:
        return lending_serve(channel, frame, until);
    default:
        return -EPROTO;
    }
}

/* One frame. 0; -ETIMEDOUT: none has begun; anything else: the connection is no use any more. */
static int pump(struct far_channel *channel, uint64_t deadline)
{
    struct wire_frame frame;
    int failed = stream_next(&channel->away->stream, &frame, deadline);
    if (failed)
        return failed;
    failed = take_frame(channel, &frame);
    return failed == -ETIMEDOUT ? -ECONNRESET : failed; /* in the middle of it there is no going on */
}

static bool has_happened(const struct far_channel *channel)
{
    const struct away_memory memory = away_memory_of(channel);
    uint32_t now = far_load(&memory.astack->reply.sequence), fate = far_load(&memory.astack->fate.dead);
    return now == channel->sequence || now == FAR_SEQUENCE_DEAD || (fate && fate != FAR_FATE_MOVED);
}

/* A host that says what cannot be has broken the channel, not only the connection. */
static void lose_connection(struct far_channel *channel, int failed)
{
    if (failed == -EPROTO) {
        snprintf(channel->away->why, AWAY_WHY_MAX, "the host on node %s has sent what no host sends",
                 channel->away->path.node);
        away_mark_dead(channel, 1);
    } else {
        stream_close(&channel->away->stream);
    }
}

static bool look(struct far_channel *channel)
{
    struct far_away *away = channel->away;
    int failed = 0;
    while (!failed && away->stream.transport && !has_happened(channel) && stream_is_readable(&away->stream)) {
        failed = pump(channel, away_now() + AWAY_NS_PER_S);
        if (failed == -ETIMEDOUT) /* readable for what is less than a frame's head */
            return false;
        if (failed)
            lose_connection(channel, failed);
    }
    return has_happened(channel) || !away->stream.transport;
}

/* A signal's handler that wants to know the same must not wait for whom it has interrupted. */
bool away_look(struct far_channel *channel)
{
    sigset_t all, before;
    int saved = errno;
    bool happened = false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (try_begin(channel->away)) {
        channel->away->owner = far_thread;
        happened = look(channel);
        end(channel->away);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return happened;
}

void away_look_if_idle(struct far_channel *channel)
{
    struct far_away *away = channel->away;
    int failed = 0, saved = errno;
    if (!away->stream.transport || away_about_now() - away->heard <= AWAY_IDLE_MS * AWAY_NS_PER_MS || !try_begin(away))
        return;
    away->owner = far_thread;
    while (!failed && away->stream.transport && stream_is_readable(&away->stream))
        failed = pump(channel, away_now() + AWAY_NS_PER_S);
    if (failed && failed != -ETIMEDOUT)
        lose_connection(channel, failed);
    end(away);
    errno = saved;
}

int away_poll_fd(const struct far_channel *channel)
{
    const struct transport *transport = channel->away->stream.transport;
    return transport ? transport->poll_fd : -1;
}

/* --- waiting --- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a && a < b ? a : b;
}

static uint64_t next_look(const struct far_away *away)
{
    return away->pinged ? away->pinged + AWAY_PONG_MS * AWAY_NS_PER_MS : away->heard + AWAY_PING_MS * AWAY_NS_PER_MS;
}

/* Nothing has come for a while. A worker in the middle of an operation does not answer either: another connection tells. */
static void look_after_connection(struct far_away *away)
{
    uint64_t now = away_now();
    if (now < next_look(away))
        return;
    bool asked = away->pinged;
    away->pinged = now;
    if (asked || stream_say(&away->stream, WIRE_PING, 0, NULL, 0, now + AWAY_NS_PER_S))
        stream_close(&away->stream);
}

/* Something happens, or it is time to look again. 0; ETIMEDOUT; or why the channel is lost. */
static int wait_once(struct far_channel *channel, uint64_t until)
{
    struct far_away *away = channel->away;
    if (!away->stream.transport)
        return away_resume(channel, until);
    int failed = pump(channel, earlier(until, next_look(away)));
    if (failed == -ETIMEDOUT) {
        look_after_connection(away);
        return until && away_now() >= until ? ETIMEDOUT : 0;
    }
    if (failed)
        lose_connection(channel, failed);
    return failed == -EPROTO ? EPROTO : 0;
}

static int await(struct far_channel *channel, uint64_t until)
{
    int failed = 0;
    while (!failed && !has_happened(channel))
        failed = wait_once(channel, until);
    return failed;
}

int away_await(struct far_channel *channel, uint32_t deadline_ms)
{
    uint64_t until = deadline_ms ? away_now() + deadline_ms * AWAY_NS_PER_MS : 0;
    int saved = errno;
    begin(channel->away);
    int failed = await(channel, until);
    end(channel->away);
    errno = saved;
    return failed;
}

void away_wait_ms(struct far_channel *channel, long ms)
{
    int saved = errno;
    uint64_t until = away_now() + (uint64_t)ms * AWAY_NS_PER_MS;
    begin(channel->away);
    if (!has_happened(channel))
        wait_once(channel, until);
    end(channel->away);
    errno = saved;
}

const char *away_reason(const struct far_channel *channel)
{
    const struct far_away *away = channel->away;
    return away->why[0] ? away->why : "the service's host is gone; whether the call was executed is not known";
}
