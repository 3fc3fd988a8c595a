/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The process gate, client side: LRPC over an A-stack (astack.h). The fast path copies registers into one line,
 * publishes it and looks for the answer in another; everything that needs more is out of its way, in functions that are
 * not inlined.
 */
#include "runtime/lib/call.h"

#include "runtime/lib/away.h"
#include "runtime/lib/batch.h"
#include "runtime/lib/callback.h"
#include "runtime/lib/failure.h"
#include "runtime/lib/map.h"
#include "runtime/lib/oneway.h"
#include "runtime/lib/wait.h"
#include "runtime/probes.h"

#include <errno.h>

#define NOT_INLINE        __attribute__((noinline, cold))
#define ALWAYS_INLINE     static inline __attribute__((always_inline))
#define LIKELY(condition) __builtin_expect(!!(condition), 1)

/* For a signal handler of this very thread, nothing more. */
static inline void order_for_signals(void)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static long milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Nobody is left who could answer. 0: it was answered; ERESTART: it never began, and another version will take it. */
static int end_without_answer(const struct far_channel *channel)
{
    const struct far_reply_line *reply = &channel->astack->reply;
    if (far_load(&reply->sequence) == channel->sequence)
        return 0;
    if (channel_fate_error(channel) != EHOSTDOWN)
        return channel_fate_error(channel);
    if (far_load(&reply->retired) != 1)
        return EHOSTDOWN;
    return far_load(&reply->served) == channel->sequence ? 0 : ERESTART;
}

/*
 * Sleep until the answer is there. In slices: should fard and host both have died, nobody is left to wake us, and the
 * host's pidfd tells. 0, EHOSTDOWN, ETIMEDOUT past the operation's deadline, or EPROTO: a number that is neither the last
 * call's nor this one's is no answer, and the right one may have stood there before it.
 */
static int sleep_for_answer(struct far_channel *channel, uint32_t previous, uint32_t deadline_ms)
{
    struct far_astack *astack = channel->astack;
    uint32_t sequence = channel->sequence;
    long give_up = deadline_ms ? milliseconds() + deadline_ms : 0, slice = FAR_WAIT_SLICE_NS;
    unsigned slices = 0;
    for (bool looked = false;; looked = true) {
        uint32_t now = far_load(&astack->reply.sequence);
        if (now == sequence)
            return 0;
        if (channel_lost(channel) || (looked && (channel_host_gone(channel) || channel_unserved(channel, ++slices))))
            return end_without_answer(channel);
        if (now != previous)
            return EPROTO;
        if (give_up) {
            long left = give_up - milliseconds();
            if (left <= 0)
                return ETIMEDOUT;
            slice = left < FAR_WAIT_SLICE_NS / 1000000 ? left * 1000000 : FAR_WAIT_SLICE_NS;
        }
        far_sleep_while(&astack->reply.sequence, now, &astack->call.sleeping, slice);
    }
}

/* The system calls of waiting leave nothing in the caller's errno. */
NOT_INLINE static int sleep_quietly(struct far_channel *channel, uint32_t previous, uint32_t deadline_ms)
{
    int saved = errno;
    int failed = sleep_for_answer(channel, previous, deadline_ms);
    errno = saved;
    return failed;
}

/* Publish the call line, from the core `cpu`. */
ALWAYS_INLINE void publish_call(struct far_channel *channel, uint32_t slot, uint32_t sequence, uint32_t cpu)
{
    struct far_astack *astack = channel->astack;
    channel->sequence = sequence;
    astack->call.slot = slot;
    if (channel->cpu != cpu)
        astack->call.cpu = channel->cpu = cpu;
    far_publish(&astack->call.sequence, sequence, &astack->reply.sleeping);
}

/* Publish the call line and wait. Spinning is for a partner on another core; on our own it would only be in its way. */
ALWAYS_INLINE int call_and_wait(struct far_channel *channel, uint32_t slot, uint32_t deadline_ms)
{
    struct far_astack *astack = channel->astack;
    uint32_t previous = channel->sequence, sequence = far_next_sequence(previous);
    uint32_t cpu = far_this_cpu();
    publish_call(channel, slot, sequence, cpu);
    if (LIKELY(__atomic_load_n(&astack->reply.cpu, __ATOMIC_RELAXED) != cpu)) {
        uint32_t before = far_load(&astack->reply.sequence);
        if (before == sequence || far_spin_while(&astack->reply.sequence, before, channel->spin) == sequence)
            return 0;
    }
    return sleep_quietly(channel, previous, deadline_ms);
}

/* To another node (away.h). No call by the fast path has such a channel. */
NOT_INLINE static uint32_t send_away(struct far_channel *channel, uint32_t slot, uint32_t deadline_ms)
{
    uint32_t previous = channel->sequence;
    channel->sequence = far_next_sequence(previous);
    away_send(channel, slot, deadline_ms);
    return previous;
}

NOT_INLINE static int await_away(struct far_channel *channel, uint32_t deadline_ms)
{
    int failed = away_await(channel, deadline_ms);
    return failed && failed != EHOSTDOWN ? failed : end_without_answer(channel);
}

int call_go_on(struct far_channel *channel, uint32_t slot, uint32_t deadline_ms)
{
    if (!channel->away)
        return call_and_wait(channel, slot, deadline_ms);
    send_away(channel, slot, deadline_ms);
    return await_away(channel, deadline_ms);
}

/* What the host is told of it; 0: none. */
static uint32_t deadline_of(const struct far_channel *channel, uint32_t slot)
{
    const struct far_binding *binding = channel->binding;
    const struct far_plan *plan = binding && slot < binding->slot_count ? binding->plan[slot] : NULL;
    return plan && plan->op ? plan->op->deadline_ms : 0;
}

uint32_t call_send(struct far_channel *channel, uint32_t slot)
{
    uint32_t previous = channel->sequence;
    if (channel->away)
        return send_away(channel, slot, deadline_of(channel, slot));
    publish_call(channel, slot, far_next_sequence(previous), far_this_cpu());
    return previous;
}

int call_await(struct far_channel *channel, uint32_t previous, uint32_t deadline_ms)
{
    const struct far_astack *astack = channel->astack;
    if (channel->away)
        return await_away(channel, deadline_ms);
    bool apart = __atomic_load_n(&astack->reply.cpu, __ATOMIC_RELAXED) != far_this_cpu();
    if (far_spin_while(&astack->reply.sequence, previous, apart ? channel->spin : 0) == channel->sequence)
        return 0;
    return sleep_quietly(channel, previous, deadline_ms);
}

/* Functions of ours are called. The deadline has been running since `begun`. */
static int serve_callbacks(struct far_channel *channel, struct far_binding *binding, uint32_t deadline_ms, long begun)
{
    long passed = deadline_ms ? milliseconds() - begun : 0;
    uint32_t left = passed < (long)deadline_ms ? deadline_ms - (uint32_t)passed : deadline_ms != 0;
    return callbacks_serve(channel, binding, left);
}

int call_finish(struct far_binding *binding, struct far_channel *channel, uint32_t previous, uint32_t deadline_ms)
{
    long begun = deadline_ms ? milliseconds() : 0;
    int failed = call_await(channel, previous, deadline_ms);
    return failed || !callback_is_asked(channel) ? failed : serve_callbacks(channel, binding, deadline_ms, begun);
}

int call_run(struct far_binding *binding, struct far_channel *channel, const struct far_plan *plan)
{
    uint32_t deadline_ms = plan->op->deadline_ms;
    long begun = deadline_ms ? milliseconds() : 0;
    int failed = channel->away ? call_go_on(channel, plan->op->slot, deadline_ms)
                               : call_and_wait(channel, plan->op->slot, deadline_ms);
    return failed || !callback_is_asked(channel) ? failed : serve_callbacks(channel, binding, deadline_ms, begun);
}

/* A server's word for where its memory is would make our own memory its: a client follows what it is given. */
bool call_believes(const struct far_binding *binding, uint64_t address, uint64_t size)
{
    const struct far_extent *part = binding->part;
    return address == 0 || far_inside(&part[FAR_PART_DATA], address, size) ||
           far_inside(&part[FAR_PART_HEAP], address, size) || far_inside(&part[FAR_PART_CONST], address, size) ||
           domain_shares(binding, address, size);
}

bool call_take_result(struct far_frame *frame, const struct far_binding *binding, const struct far_plan *plan,
                      const struct far_reply_line *reply)
{
    frame->result = frame->float_result = 0;
    if (plan->result == FAR_PASS_FLOAT)
        frame->float_result = __atomic_load_n(&reply->float_result, __ATOMIC_RELAXED) & plan->result_mask;
    else if (plan->result != FAR_PASS_VOID)
        frame->result = far_extend(__atomic_load_n(&reply->result, __ATOMIC_RELAXED) & plan->result_mask,
                                   plan->result_width, plan->result_signed);
    if (plan->result == FAR_PASS_GLOBAL && !call_believes(binding, frame->result, plan->result_target_size))
        return false;
    /* Like a function of libc: errno says something only where something failed. */
    int error = __atomic_load_n(&reply->error, __ATOMIC_RELAXED);
    if (error > 0 && error < 4096)
        errno = error;
    return true;
}

/* A call that was published and whose answer cannot be had: the A-stack is not ours alone any more. */
static void fast_call_fails(struct far_frame *frame, struct far_binding *binding, const struct far_plan *plan,
                            struct far_channel *channel, int error)
{
    const char *reason = error == EPROTO   ? FAR_REASON_LIE
                         : error == EACCES ? FAR_REASON_REVOKED
                         : error == EAGAIN ? FAR_REASON_FULL
                                           : "the service's host is gone";
    uint32_t status =
        channel->astack ? __atomic_load_n(&channel->astack->reply.status, __ATOMIC_RELAXED) : FAR_CALL_DONE;
    bool unshared = !error && status == FAR_CALL_NOT_SHARED && plan->flags & FAR_PLAN_DIRECT;
    if (error == ERESTART || unshared) {
        if (error)
            channel_close(channel);
        thread_leave(far_thread, 0);
        call_planned(frame, binding, plan);
        return;
    }
    if (channel->astack && (error || status == FAR_CALL_ENDED_THREAD)) /* nobody serves it any more */
        channel_close(channel);
    if (!error && (error = call_status_error(status, &reason)) == 0) {
        reason = FAR_REASON_LIE;
        error = EPROTO;
    }
    thread_leave(far_thread, 0);
    call_fails(frame, binding, plan, error, reason);
}

/* A call that is not over, or not well: the service calls a function of ours, or has no answer, or does not reach a buffer. */
NOT_INLINE static void fast_call_goes_on(struct far_frame *frame, struct far_binding *binding,
                                         const struct far_plan *plan, struct far_channel *channel, int error)
{
    bool asked = !error && callback_is_asked(channel);
    if (asked)
        error = callbacks_serve(channel, binding, 0);
    if (asked && !error && __atomic_load_n(&channel->astack->reply.status, __ATOMIC_RELAXED) == FAR_CALL_DONE &&
        call_take_result(frame, binding, plan, &channel->astack->reply)) {
        order_for_signals();
        thread_leave(far_thread, 0);
        return;
    }
    fast_call_fails(frame, binding, plan, channel, error);
}

ALWAYS_INLINE void call_fast(struct far_frame *frame, struct far_binding *binding, const struct far_plan *plan,
                             struct far_channel *channel)
{
    struct far_astack *astack = channel->astack;
    for (unsigned i = 0; i < plan->astack.integers; i++)
        astack->call.argument[i] = frame->integer[i] & plan->mask[i]; /* no bits that are nobody's parameter */
    int error = call_and_wait(channel, plan->op->slot, 0);
    if (LIKELY(!error && __atomic_load_n(&astack->reply.status, __ATOMIC_RELAXED) == FAR_CALL_DONE &&
               call_take_result(frame, binding, plan, &astack->reply))) {
        order_for_signals();
        far_thread->depth--;
        return;
    }
    fast_call_goes_on(frame, binding, plan, channel, error);
}

/* From here to leaving it, a signal handler's calls use another depth. */
static inline void enter_depth(struct far_thread *thread, const struct far_frame *frame, struct far_channel *channel)
{
    thread->running[thread->depth].frame = frame;
    thread->running[thread->depth].channel = channel;
    order_for_signals();
    thread->depth++;
    order_for_signals();
}

/*
 * A call from a callback goes to the host that is in the middle of the operation, also after another has taken over. That has all
 * handles that no call was using.
 */
static bool is_the_heirs(const struct far_channel *channel)
{
    return channel->in_callback && channel->astack && channel_dead(channel) && !channel_lost(channel);
}

/* Nothing was called. On a channel to the host that has taken over: of a level that no call has. */
static int call_heir(struct far_frame *frame, struct far_binding *binding, const struct far_plan *plan,
                     struct far_error *error)
{
    struct far_thread *thread = far_thread;
    uint32_t level = thread_free_level(thread);
    if (level == FAR_LEVELS_MAX)
        return FAR_CALL_BAD_HANDLE;
    thread->running[thread->depth - 1].level = level;
    thread->running[thread->depth - 1].channel = &thread->channel[level][binding->index];
    return call_by_plan(frame, binding, plan, &thread->channel[level][binding->index], error);
}

NOT_INLINE void call_planned(struct far_frame *frame, struct far_binding *binding, const struct far_plan *plan)
{
    struct far_thread *thread = far_thread_get();
    if (thread && thread->depth)
        thread_end_abandoned(thread, frame);
    if (plan && plan->refusal) {
        call_fails(frame, binding, plan, ENOTSUP, plan->refusal);
        return;
    }
    uint32_t level = 0;
    struct far_channel *channel = thread ? thread_channel(thread, binding, &level) : NULL;
    if (!plan || !channel || thread->depth == FAR_CALLS_NESTED) {
        bool no_memory = !thread || !binding->plans.memory;
        int error = no_memory ? ENOMEM : !plan ? ENOSYS : EBUSY;
        call_fails(frame, binding, plan, error,
                   no_memory ? "there is no memory"
                   : !plan   ? "no operation has this slot"
                             : "too many calls interrupt each other, or call each other back");
        return;
    }
    uint32_t depth = thread->depth;
    thread->running[depth].level = level;
    thread->running[depth].entered = true;
    enter_depth(thread, frame, channel);
    const char *reason = NULL;
    struct far_error error = {0};
    bool gathered = plan->op->flags & FAR_OP_ONEWAY && batch_gathers();
    bool after_oneway = !gathered && oneway_is_left(channel);
    int failed = after_oneway ? oneway_hear(binding, channel, plan->op->deadline_ms, &error) : 0;
    if (!failed)
        failed = call_by_plan(frame, binding, plan, channel, &error);
    if (failed == FAR_CALL_BAD_HANDLE && is_the_heirs(channel))
        failed = call_heir(frame, binding, plan, &error);
    if (failed > 0)
        failed = -call_status_error((uint32_t)failed, &reason);
    else if (failed)
        reason = error.text;
    order_for_signals();
    thread_leave(thread, depth);
    if (failed)
        call_fails(frame, binding, plan, -failed, reason);
}

NOT_INLINE static void call_otherwise(struct far_frame *frame, struct far_binding *binding, uint32_t slot)
{
    call_planned(frame, binding, binding_plan(binding, slot));
}

/* Does the service reach all buffers where they are? Their ends are the host's to see: it works out their sizes anyway. */
static inline bool reaches_buffers(const struct far_binding *binding, const struct far_plan *plan,
                                   const struct far_frame *frame)
{
    uint64_t bytes = __atomic_load_n(&binding->shared.size, __ATOMIC_ACQUIRE);
    uint64_t begin = __atomic_load_n(&binding->shared.address, __ATOMIC_RELAXED);
    if (!bytes)
        return false;
    for (unsigned rest = plan->buffers; rest; rest &= rest - 1) {
        uint64_t address = frame->integer[__builtin_ctz(rest)];
        if (address && address - begin >= bytes)
            return false;
    }
    return true;
}

/* A call whose buffers go over as their addresses crosses as one of plain values does; any other is none of the fast ones. */
__attribute__((noinline)) static void call_direct(struct far_frame *frame, struct far_binding *binding, uint32_t slot)
{
    struct far_plan *const *plans = __atomic_load_n(&binding->plan, __ATOMIC_ACQUIRE);
    const struct far_plan *plan = slot < binding->slot_count ? plans[slot] : NULL;
    struct far_thread *thread = far_thread;
    if (plan && plan->flags & FAR_PLAN_DIRECT && thread && thread->depth == 0 &&
        reaches_buffers(binding, plan, frame)) {
        struct far_channel *channel = &thread->channel[0][binding->index];
        enter_depth(thread, frame, channel);
        if (LIKELY(channel->astack && !channel_dead(channel))) {
            call_fast(frame, binding, plan, channel);
            return;
        }
        thread->depth--;
    }
    call_otherwise(frame, binding, slot);
}

/* Cold, so that the fast path is laid out as if there were nothing else. */
NOT_INLINE static void call_not_plain(struct far_frame *frame, struct far_binding *binding, uint32_t slot)
{
    call_direct(frame, binding, slot);
}

static inline void run_call(struct far_frame *frame, struct far_binding *binding, uint32_t slot)
{
    struct far_plan *const *plans = __atomic_load_n(&binding->plan, __ATOMIC_ACQUIRE);
    const struct far_plan *plan = slot < binding->slot_count ? plans[slot] : NULL;
    struct far_thread *thread = far_thread;
    if (LIKELY(plan && plan->flags & FAR_PLAN_FAST && thread && thread->depth == 0)) {
        struct far_channel *channel = &thread->channel[0][binding->index];
        enter_depth(thread, frame, channel);
        if (LIKELY(channel->astack && !channel_dead(channel))) {
            call_fast(frame, binding, plan, channel);
            return;
        }
        thread->depth--;
    }
    call_not_plain(frame, binding, slot);
}

void far_process_call(struct far_frame *frame, struct far_binding *binding, uint32_t slot)
{
    FAR_PROBE(call__begin, binding->service, slot);
    run_call(frame, binding, slot);
    FAR_PROBE(call__end, binding->service, slot);
}
