/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Waiting for a batch. Whoever has the turn looks into the A-stack, takes the answers that are there, for all of its promises,
 * and runs functions of ours that are called. Everybody else waits until something happens to it.
 */
#include "runtime/lib/batch_outcome.h"

#include "runtime/lib/away.h"
#include "runtime/lib/callback.h"
#include "runtime/lib/wait.h"

#include <errno.h>

static long milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void batch_happened(struct far_batch *batch)
{
    __atomic_add_fetch(&batch->events, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&batch->waiters, __ATOMIC_SEQ_CST))
        far_wake(&batch->events);
}

static void wait_for_event(struct far_batch *batch, uint32_t events, long ns)
{
    const struct timespec slice = {ns / 1000000000, ns % 1000000000};
    __atomic_add_fetch(&batch->waiters, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &batch->events, FUTEX_WAIT, events, &slice, NULL, 0);
    __atomic_sub_fetch(&batch->waiters, 1, __ATOMIC_SEQ_CST);
}

/* --- the turn --- */

static bool is_number(const struct far_batch *batch, uint32_t number)
{
    return __atomic_load_n(&batch->number, __ATOMIC_ACQUIRE) == number;
}

static bool is_mine(const struct far_batch *batch)
{
    return far_thread && __atomic_load_n(&batch->driver, __ATOMIC_RELAXED) == far_thread;
}

static bool take_turn(struct far_batch *batch)
{
    uint32_t sent = BATCH_SENT;
    if (!__atomic_compare_exchange_n(&batch->state, &sent, BATCH_DRIVEN, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return false;
    batch->driving = false;
    __atomic_store_n(&batch->driver, far_thread, __ATOMIC_RELAXED);
    return true;
}

static void give_turn(struct far_batch *batch)
{
    __atomic_store_n(&batch->driver, NULL, __ATOMIC_RELAXED);
    __atomic_store_n(&batch->state, BATCH_SENT, __ATOMIC_SEQ_CST);
    batch_happened(batch);
}

/* A wait of this thread's that had the turn was left by a jump; abandon.c has closed the channel. */
static bool was_abandoned(const struct far_batch *batch)
{
    if (!is_mine(batch) || !batch->driving)
        return false;
    for (uint32_t i = 0; i < far_thread->depth; i++)
        if (far_thread->running[i].channel == &batch->channel)
            return false;
    return true;
}

void batch_leave_turns(const struct far_thread *thread, struct far_batches *batches)
{
    for (uint32_t i = 0; batches && i < FAR_BATCHES_MAX; i++) {
        struct far_batch *batch = &batches->item[i];
        if (__atomic_load_n(&batch->driver, __ATOMIC_RELAXED) != thread)
            continue;
        if (batch->channel.astack)
            channel_close(&batch->channel);
        give_turn(batch);
    }
}

/* --- driving --- */

static enum batch_outcome look(struct far_batch *batch)
{
    struct far_channel *channel = &batch->channel;
    if (!channel->astack) /* closed in a function of ours */
        return batch_end_all(batch, EHOSTDOWN);
    batch_tell_withdrawn(batch);
    if (channel->away)
        away_look(channel);
    uint32_t now = far_load(&channel->astack->reply.sequence);
    if (batch_take_answers(batch))
        batch_happened(batch);
    if (now == channel->sequence)
        return callback_is_asked(channel) ? BATCH_ASKED : batch_end_answered(batch);
    if (channel_lost(channel))
        return batch_end_without_answer(batch);
    return now == batch->previous ? BATCH_UNDER_WAY : batch_end_all(batch, EPROTO);
}

/* Which promise is waited for, or all; and until when. */
struct wish {
    const struct far_promise *promise; /* NULL: all */
    long until;                        /* milliseconds; 0: without end */
};

static bool is_granted(const struct wish *wish)
{
    return wish->promise && __atomic_load_n(&wish->promise->state, __ATOMIC_ACQUIRE) != PROMISE_CROSSING;
}

static long milliseconds_left(const struct wish *wish)
{
    return wish->until ? wish->until - milliseconds() : FAR_WAIT_SLICE_NS / 1000000;
}

static enum batch_outcome run_functions(struct far_batch *batch, const struct wish *wish)
{
    struct far_channel *channel = &batch->channel;
    long left = wish->until ? milliseconds_left(wish) : 0;
    int failed = callbacks_serve(channel, batch->binding, left > 0 ? (uint32_t)left : wish->until ? 1 : 0);
    if (!channel->astack)
        return batch_end_all(batch, EHOSTDOWN);
    if (failed && failed != ETIMEDOUT)
        return batch_end_lost(batch, failed == ERESTART ? EHOSTDOWN : failed);
    batch->previous = far_load(&channel->astack->reply.sequence);
    return BATCH_UNDER_WAY;
}

static void sleep_a_while(struct far_batch *batch, long ms)
{
    struct far_astack *astack = batch->channel.astack;
    long slice = ms < FAR_WAIT_SLICE_NS / 1000000 ? ms * 1000000 : FAR_WAIT_SLICE_NS;
    if (batch->channel.away) {
        away_wait_ms(&batch->channel, slice / 1000000 + 1);
        return;
    }
    far_sleep_while(&astack->reply.sequence, batch->previous, &astack->call.sleeping, slice);
}

static void spin(const struct far_batch *batch)
{
    const struct far_channel *channel = &batch->channel;
    const struct far_reply_line *reply = &channel->astack->reply;
    if (channel->away)
        return;
    bool apart = __atomic_load_n(&reply->cpu, __ATOMIC_RELAXED) != far_this_cpu();
    far_spin_while(&reply->sequence, batch->previous, apart ? channel->spin : 0);
}

/* With the turn, which is given back. 0, or ETIMEDOUT. */
static int drive(struct far_batch *batch, const struct wish *wish)
{
    unsigned slices = 0;
    if (batch->channel.astack)
        spin(batch);
    for (bool looked = false;; looked = true) {
        enum batch_outcome outcome = look(batch);
        if (outcome == BATCH_ASKED && !is_granted(wish))
            outcome = run_functions(batch, wish);
        else if (outcome == BATCH_UNDER_WAY && looked &&
                 (channel_host_gone(&batch->channel) || channel_unserved(&batch->channel, ++slices)))
            outcome = batch_end_lost(batch, EHOSTDOWN);
        if (outcome == BATCH_ENDED)
            return 0;
        long left = milliseconds_left(wish);
        if (is_granted(wish) || left <= 0) {
            give_turn(batch);
            return is_granted(wish) ? 0 : ETIMEDOUT;
        }
        sleep_a_while(batch, left);
    }
}

/* While this thread has the turn, the call that it waits with is one of that channel. */
static int drive_in_thread(struct far_batch *batch, const struct wish *wish)
{
    uint32_t depth = far_thread->depth;
    struct far_channel *before = far_thread->running[depth - 1].channel;
    far_thread->running[depth - 1].channel = &batch->channel;
    batch->driving = true;
    int failed = drive(batch, wish);
    far_thread->running[depth - 1].channel = before;
    return failed;
}

static bool is_over(const struct far_batch *batch, uint32_t number)
{
    return !is_number(batch, number) || __atomic_load_n(&batch->state, __ATOMIC_ACQUIRE) == BATCH_OVER;
}

static int await(struct far_batch *batch, uint32_t number, const struct wish *wish)
{
    for (;;) {
        uint32_t events = __atomic_load_n(&batch->events, __ATOMIC_SEQ_CST);
        int failed = 0;
        if (is_granted(wish) || is_over(batch, number))
            return 0;
        if (was_abandoned(batch))
            give_turn(batch);
        if (take_turn(batch)) {
            if (is_number(batch, number))
                failed = drive_in_thread(batch, wish);
            else
                give_turn(batch);
            if (failed)
                return failed;
            continue;
        }
        if (is_mine(batch))
            return EDEADLK;
        long left = milliseconds_left(wish);
        if (left <= 0)
            return ETIMEDOUT;
        wait_for_event(batch, events, left * 1000000 < FAR_WAIT_SLICE_NS ? left * 1000000 : FAR_WAIT_SLICE_NS);
    }
}

/* As any call that waits: functions of ours may be called meanwhile, and call. */
static int await_in_thread(struct far_batch *batch, uint32_t number, const struct wish *wish)
{
    static struct far_channel none = {.host_pidfd = -1};
    struct far_thread *thread = far_thread_get();
    if (thread && thread->depth)
        thread_end_abandoned(thread, __builtin_frame_address(0));
    if (!thread || thread->depth == FAR_CALLS_NESTED)
        return thread ? EBUSY : ENOMEM;
    int saved = errno;
    uint32_t depth = thread->depth;
    thread->running[depth].frame = __builtin_frame_address(0);
    thread->running[depth].channel = &none;
    thread->running[depth].level = thread_free_level(thread);
    thread->running[depth].entered = true;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    thread->depth = depth + 1;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    int failed = await(batch, number, wish);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    thread_leave(thread, depth);
    errno = saved;
    return failed;
}

int batch_await(struct far_batch *batch, uint32_t number, uint32_t deadline_ms)
{
    const struct wish wish = {.until = deadline_ms ? milliseconds() + deadline_ms : 0};
    return is_over(batch, number) ? 0 : await_in_thread(batch, number, &wish);
}

/* --- promises --- */

static bool is_crossing(const struct far_promise *promise)
{
    return __atomic_load_n(&promise->state, __ATOMIC_ACQUIRE) == PROMISE_CROSSING;
}

long batch_deadline(const struct far_promise *promise)
{
    uint32_t deadline = is_crossing(promise) ? promise->plan->op->deadline_ms : 0;
    long sent_at = deadline ? __atomic_load_n(&promise->batch->sent_at, __ATOMIC_RELAXED) : 0;
    return sent_at ? sent_at + (long)deadline : 0;
}

static bool is_gathered(const struct far_promise *promise)
{
    return __atomic_load_n(&promise->batch->state, __ATOMIC_ACQUIRE) == BATCH_GATHERS &&
           is_number(promise->batch, promise->batch_number);
}

static int wait_once(struct far_promise *promise)
{
    const struct wish wish = {promise, batch_deadline(promise)};
    struct far_batch *batch = promise->batch;
    if (is_gathered(promise))
        batch_flush();
    if (is_gathered(promise))
        return EAGAIN; /* another thread's, and not sent yet */
    int failed = await_in_thread(batch, promise->batch_number, &wish);
    if (failed == ETIMEDOUT && batch_withdraw(promise))
        batch_settle(promise, ETIMEDOUT);
    return failed == ETIMEDOUT ? 0 : failed;
}

int batch_answer(struct far_promise *promise)
{
    int failed = 0;
    while (!failed && is_crossing(promise))
        failed = wait_once(promise);
    return failed;
}

/* The host hears it at once, if nobody else has the turn; otherwise when who has it looks. */
bool batch_withdraw(struct far_promise *promise)
{
    struct far_batch *batch = promise->batch;
    struct far_promise *mine = promise;
    uint32_t i = promise->batch_item, number = promise->batch_number;
    if (!is_number(batch, number) ||
        !__atomic_compare_exchange_n(&batch->item[i].promise, &mine, NULL, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return false;
    __atomic_store_n(&batch->item[i].withdrawn, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&batch->withdrawals, 1, __ATOMIC_SEQ_CST);
    if (take_turn(batch)) {
        if (batch->channel.astack)
            batch_tell_withdrawn(batch);
        give_turn(batch);
    }
    return true;
}

/* With the turn. */
static bool has_something(struct far_batch *batch, const struct far_promise *promise)
{
    struct far_channel *channel = &batch->channel;
    if (channel->astack && channel->away && away_look(channel))
        return true;
    return !is_number(batch, promise->batch_number) || !channel->astack || channel_lost(channel) ||
           far_load(&channel->astack->reply.sequence) == channel->sequence ||
           (promise->batch_item >= batch->taken &&
            __atomic_load_n(&batch_entry(batch, promise->batch_item)->reply.state, __ATOMIC_ACQUIRE) ==
                FAR_BATCH_ANSWERED);
}

bool batch_has_answer(struct far_promise *promise)
{
    struct far_batch *batch = promise->batch;
    long deadline = batch_deadline(promise);
    if (!is_crossing(promise) || (deadline && milliseconds() >= deadline))
        return true;
    if (!take_turn(batch)) /* who waits for it in the middle of it would wait without end */
        return is_mine(batch) && !is_gathered(promise);
    bool ready = has_something(batch, promise);
    give_turn(batch);
    return ready;
}

bool batch_host_gone(struct far_promise *promise)
{
    struct far_batch *batch = promise->batch;
    if (!take_turn(batch))
        return false;
    bool gone = batch->channel.astack && channel_host_gone(&batch->channel);
    give_turn(batch);
    return gone;
}

bool batch_hold(struct far_promise *promise, struct batch_word *word, bool *moved)
{
    struct far_batch *batch = promise->batch;
    if (is_mine(batch) || !is_crossing(promise))
        return false;
    *word = (struct batch_word){.word = &batch->events, .batch = batch};
    __atomic_add_fetch(&batch->waiters, 1, __ATOMIC_SEQ_CST);
    word->value = __atomic_load_n(&batch->events, __ATOMIC_SEQ_CST);
    word->has_turn = take_turn(batch);
    if (word->has_turn && batch->channel.astack) {
        struct far_astack *astack = batch->channel.astack;
        word->away = batch->channel.away ? &batch->channel : NULL;
        word->word = &astack->reply.sequence;
        word->sleeping = &astack->call.sleeping;
        word->value = far_load(word->word);
    }
    *moved |= word->has_turn ? has_something(batch, promise) : !is_crossing(promise);
    return true;
}

void batch_let(const struct batch_word *word)
{
    __atomic_sub_fetch(&word->batch->waiters, 1, __ATOMIC_SEQ_CST);
    if (word->has_turn)
        give_turn(word->batch);
}
