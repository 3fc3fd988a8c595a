/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The table of promises; making one, and claiming it. Waiting for several is promise_wait.c's. */
#include "runtime/lib/promise.h"

#include "runtime/format/stub.h"
#include "runtime/lib/away.h"
#include "runtime/lib/batch.h"
#include "runtime/lib/callback.h"
#include "runtime/lib/error.h"
#include "runtime/lib/failure.h"
#include "runtime/lib/invoke.h"
#include "runtime/lib/map.h"
#include "runtime/lib/pending.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <time.h>

static long milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- places --- */

static bool move(struct far_promise *promise, uint32_t from, uint32_t to)
{
    return __atomic_compare_exchange_n(&promise->state, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static void set_state(struct far_promise *promise, uint32_t state)
{
    __atomic_store_n(&promise->state, state, __ATOMIC_RELEASE);
}

static struct far_promises *promises_of(struct far_binding *binding)
{
    struct far_promises *there = __atomic_load_n(&binding->promises, __ATOMIC_ACQUIRE);
    if (there)
        return there;
    struct far_promises *made =
        mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made == MAP_FAILED)
        return NULL;
    if (__atomic_compare_exchange_n(&binding->promises, &there, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return made;
    munmap(made, sizeof *made);
    return there;
}

/* The first that is free: its channel is open, most likely. */
struct far_promise *promise_take(struct far_binding *binding, const struct far_plan *plan)
{
    struct far_promises *promises = promises_of(binding);
    for (uint32_t i = 0; promises && i < FAR_PROMISES_MAX; i++) {
        struct far_promise *promise = &promises->item[i];
        if (!move(promise, PROMISE_FREE, PROMISE_MAKING))
            continue;
        promise->binding = binding;
        promise->plan = plan;
        promise->error = 0;
        return promise;
    }
    errno = promises ? EAGAIN : ENOMEM;
    return NULL;
}

void promise_free(struct far_promise *promise)
{
    if (promise->channel.astack && promise->channel.size > FAR_CHANNEL_KEEP)
        channel_close(&promise->channel);
    if (promise->batched)
        batched_promise_freed(promise);
    set_state(promise, PROMISE_FREE);
}

/* What another thread of the parent was doing with one is left as it is: nobody has its promise. */
static void forget(struct far_promise *promise)
{
    bool used = promise->state == PROMISE_CLAIMING;
    channel_forget(&promise->channel, used);
    if (promise->state == PROMISE_MAKING)
        promise->state = PROMISE_FREE;
}

void promises_forget(struct far_promises *promises)
{
    for (uint32_t i = 0; promises && i < FAR_PROMISES_MAX; i++)
        forget(&promises->item[i]);
}

/* --- making one --- */

/* Where the operation is now. 0: it cannot be linked, and errno says why. */
static uint64_t stub_of(const struct far_import *import, uint32_t index)
{
    uint64_t address = pending_target(import->stub[index]);
    struct far_link_result unused;
    return pending_is_slot(address) ? far_link_pending(address, &unused) : address;
}

static const struct far_plan *plan_of(struct far_binding *binding, uint64_t stub)
{
    for (enum far_part part = FAR_PART_FSTUBS; binding && part <= FAR_PART_DSTUBS; part++)
        if (far_inside(&binding->part[part], stub, 1))
            return binding_plan(binding, (uint32_t)((stub - binding->part[part].address) / FAR_STUB_SIZE));
    return NULL;
}

/* NAME_async returns a promise where the operation may have a place for its result as a parameter more: those are not carried. */
static bool has_room(const struct far_plan *plan)
{
    return !plan->refusal && plan->placement.result.how == FAR_BY_VALUE_NOTHING &&
           plan->placement.taken.words <= FAR_PROMISE_STACK;
}

void promise_copy_frame(struct far_promise *promise, const struct far_frame *frame)
{
    promise->frame = *frame;
    memcpy(promise->stack, frame->stack, promise->plan->placement.taken.words * sizeof promise->stack[0]);
    promise->frame.stack = promise->stack;
    promise->frame.result = promise->frame.float_result = 0;
}

/* As an ordinary call by branch: here, now, on the caller's thread. */
static void run_here(struct far_promise *promise, uint64_t stub)
{
    const struct far_plan *plan = promise->plan;
    struct far_frame *frame = &promise->frame;
    struct far_registers registers = {.stack = frame->stack};
    const struct invoked *invoked = &registers.result;
    memcpy(registers.integer, frame->integer, sizeof registers.integer);
    memcpy(registers.floats, frame->floats, sizeof registers.floats);
    memcpy(registers.float_highs, frame->float_highs, sizeof registers.float_highs);
    int saved = errno;
    errno = 0;
    far_invoke_whole(stub, &registers, plan->placement.taken.words);
    promise->error = errno;
    errno = saved;
    frame->result = invoked->integer;
    frame->float_result = invoked->floating;
    set_state(promise, PROMISE_KEPT);
}

static int send(struct far_promise *promise, struct far_error *error)
{
    const struct far_plan *plan = promise->plan;
    if (plan->op->flags & FAR_OP_ABSENT)
        return FAR_CALL_ABSENT;
    if (!far_thread_get()) /* a child of fork must know what its parent's is */
        return -ENOMEM;
    promise->sent_at = plan->op->deadline_ms ? milliseconds() : 0;
    return plan->flags & FAR_PLAN_WALK
               ? walk_crossing_send(&promise->walking, &promise->frame, promise->binding, plan, &promise->channel,
                                    error)
               : crossing_send(&promise->crossing, &promise->frame, promise->binding, plan, &promise->channel, error);
}

static struct far_promise *send_it(struct far_promise *promise)
{
    struct far_error error;
    const char *reason;
    int saved = errno, failed = send(promise, &error);
    if (failed) {
        promise_free(promise);
        errno = failed > 0 ? call_status_error((uint32_t)failed, &reason) : -failed;
        return NULL;
    }
    errno = saved;
    set_state(promise, PROMISE_SENT);
    return promise;
}

struct far_promise *far_async_call(const struct far_frame *frame, struct far_import *import, uint32_t index)
{
    uint64_t stub = stub_of(import, index);
    struct far_binding *binding = stub ? process_find_address(stub) : NULL;
    const struct far_plan *plan = plan_of(binding, stub);
    if (!plan || !has_room(plan)) {
        errno = !stub ? errno : plan ? ENOTSUP : binding && !binding->plans.memory ? ENOMEM : ENOSYS;
        return NULL;
    }
    bool gathers = batch_gathers(), traps = binding->level != FAR_LEVEL_TRUSTED;
    if (gathers && (traps || batch_is_broken()))
        return batch_async(frame, binding, plan);
    struct far_promise *promise = promise_take(binding, plan);
    if (!promise)
        return NULL;
    promise_copy_frame(promise, frame);
    if (traps)
        return send_it(promise);
    run_here(promise, stub);
    if (gathers)
        batch_ran_here(promise);
    return promise;
}

/* --- claiming --- */

/* What is left of the deadline, at least one millisecond: an answer that is there is taken. 0: it has none. */
static uint32_t deadline_left(const struct far_promise *promise)
{
    uint32_t deadline = promise->plan->op->deadline_ms;
    long passed = deadline ? milliseconds() - promise->sent_at : 0;
    return !deadline ? 0 : passed < (long)deadline ? deadline - (uint32_t)passed : 1;
}

static bool has_answer(struct far_promise *promise)
{
    struct far_channel *channel = &promise->channel;
    if (channel->astack && channel->away && away_look(channel))
        return true;
    return !channel->astack || channel_lost(channel) ||
           __atomic_load_n(&channel->astack->reply.sequence, __ATOMIC_ACQUIRE) == channel->sequence;
}

bool promise_is_ready(struct far_promise *promise)
{
    uint32_t state = __atomic_load_n(&promise->state, __ATOMIC_ACQUIRE);
    if (state == PROMISE_CROSSING)
        return batch_has_answer(promise);
    if (state != PROMISE_SENT)
        return true;
    return has_answer(promise) ||
           (promise->sent_at && milliseconds() - promise->sent_at >= (long)promise->plan->op->deadline_ms);
}

static int finish(struct far_promise *promise, struct far_error *error)
{
    const struct far_plan *plan = promise->plan;
    if (!promise->channel.astack)
        return far_fail(error, EHOSTDOWN, EX_UNAVAILABLE, "this process has not sent it");
    if (plan->flags & FAR_PLAN_WALK) {
        promise->walking.sent.deadline_ms = deadline_left(promise);
        return walk_crossing_finish(&promise->walking, &promise->frame, promise->binding, plan, &promise->channel,
                                    error);
    }
    promise->crossing.sent.deadline_ms = deadline_left(promise);
    return crossing_finish(&promise->crossing, &promise->frame, promise->binding, &promise->channel, error);
}

/* In the middle of it functions of ours may be called, and call: as in any other call of this thread. */
static int finish_in_thread(struct far_promise *promise)
{
    struct far_error error;
    const char *reason;
    struct far_thread *thread = far_thread_get();
    if (thread && thread->depth)
        thread_end_abandoned(thread, __builtin_frame_address(0));
    if (!thread || thread->depth == FAR_CALLS_NESTED)
        return thread ? EBUSY : ENOMEM;
    uint32_t level = thread_free_level(thread);
    thread->running[thread->depth].frame = __builtin_frame_address(0);
    thread->running[thread->depth].channel = &promise->channel;
    thread->running[thread->depth].level = level;
    thread->running[thread->depth].entered = true;
    uint32_t depth = thread->depth;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    thread->depth++;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    int failed = finish(promise, &error);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    thread_leave(thread, depth);
    return failed > 0 ? call_status_error((uint32_t)failed, &reason) : -failed;
}

static void give_result(const struct far_promise *promise, void *result)
{
    const struct far_plan *plan = promise->plan;
    const struct far_frame *frame = &promise->frame;
    if (result && plan->result != FAR_PASS_VOID)
        memcpy(result, plan->result == FAR_PASS_FLOAT ? &frame->float_result : &frame->result, plan->result_width);
}

/* With its answer, or an error. */
static int give(struct far_promise *promise, int error, void *result)
{
    if (error) {
        bool has_value = promise->plan->op->flags & FAR_OP_HAS_FAILS;
        promise->frame.result = promise->frame.float_result = has_value ? promise->plan->op->fails : 0;
    }
    give_result(promise, result);
    promise_free(promise);
    if (error)
        errno = error;
    return error ? -1 : 0;
}

static int claim_kept(struct far_promise *promise, void *result)
{
    int error = promise->error;
    give_result(promise, result);
    promise_free(promise);
    if (error)
        errno = error;
    return 0;
}

static int refuse(int error)
{
    errno = error;
    return -1;
}

int far_claim(struct far_promise *promise, void *result)
{
    if (promise && move(promise, PROMISE_SENT, PROMISE_CLAIMING))
        return give(promise, finish_in_thread(promise), result);
    int waited = promise ? batch_answer(promise) : EINVAL;
    if (waited)
        return refuse(waited);
    if (move(promise, PROMISE_KEPT, PROMISE_CLAIMING))
        return claim_kept(promise, result);
    if (!move(promise, PROMISE_ANSWERED, PROMISE_CLAIMING))
        return refuse(EINVAL);
    return promise->failed ? give(promise, promise->failed, result) : claim_kept(promise, result);
}

/* What is still to be begun or to be answered goes with its channel: the worker finds it dead, and far_cancelled() says so. */
static void give_up(struct far_promise *promise)
{
    struct far_channel *channel = &promise->channel;
    const uint32_t *sequence = channel->astack ? &channel->astack->reply.sequence : NULL;
    if (sequence && (__atomic_load_n(sequence, __ATOMIC_ACQUIRE) != channel->sequence || callback_is_asked(channel)))
        channel_close(channel);
    walk_memory_free(&promise->walking.memory);
    promise_free(promise);
}

/* The answer may come while it is given up. */
static bool give_up_batched(struct far_promise *promise)
{
    while (__atomic_load_n(&promise->state, __ATOMIC_ACQUIRE) == PROMISE_CROSSING)
        if (batch_withdraw(promise)) {
            walk_memory_free(&promise->walking.memory);
            return true;
        }
    return move(promise, PROMISE_ANSWERED, PROMISE_CLAIMING);
}

int far_cancel(struct far_promise *promise)
{
    if (promise && move(promise, PROMISE_SENT, PROMISE_CLAIMING)) {
        give_up(promise);
        return 0;
    }
    bool kept = promise && (move(promise, PROMISE_KEPT, PROMISE_CLAIMING) || give_up_batched(promise));
    if (!kept)
        return refuse(EINVAL);
    promise_free(promise);
    return 0;
}
