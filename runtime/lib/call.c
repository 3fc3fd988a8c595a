/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The process gate, client side: LRPC over an A-stack (astack.h). The fast path copies registers into one line,
 * publishes it and looks for the answer in another; everything that needs more is out of its way, in functions that are
 * not inlined.
 */
#include "runtime/lib/call.h"

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

int call_go_on(struct far_channel *channel, uint32_t slot, uint32_t deadline_ms)
{
    return call_and_wait(channel, slot, deadline_ms);
}

uint32_t call_send(struct far_channel *channel, uint32_t slot)
{
    uint32_t previous = channel->sequence;
    publish_call(channel, slot, far_next_sequence(previous), far_this_cpu());
    return previous;
}

int call_await(struct far_channel *channel, uint32_t previous, uint32_t deadline_ms)
{
    const struct far_astack *astack = channel->astack;
    bool apart = __atomic_load_n(&astack->reply.cpu, __ATOMIC_RELAXED) != far_this_cpu();
    if (far_spin_while(&astack->reply.sequence, previous, apart ? channel->spin : 0) == channel->sequence)
        return 0;
    return sleep_quietly(channel, previous, deadline_ms);
}

int call_finish(struct far_binding *binding, struct far_channel *channel, uint32_t previous, uint32_t deadline_ms)
{
    int failed = call_await(channel, previous, deadline_ms);
    return failed || !callback_is_asked(channel) ? failed : callbacks_serve(channel, binding, deadline_ms);
}

int call_run(struct far_binding *binding, struct far_channel *channel, const struct far_plan *plan)
{
    int failed = call_and_wait(channel, plan->op->slot, plan->op->deadline_ms);
    return failed || !callback_is_asked(channel) ? failed : callbacks_serve(channel, binding, plan->op->deadline_ms);
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

NOT_INLINE static void call_otherwise(struct far_frame *frame, struct far_binding *binding, uint32_t slot);

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
    if (error == ERESTART) {
        channel_close(channel);
        far_thread->depth--;
        call_otherwise(frame, binding, plan->op->slot);
        return;
    }
    if (channel->astack && (error || status == FAR_CALL_ENDED_THREAD)) /* nobody serves it any more */
        channel_close(channel);
    if (!error && (error = call_status_error(status, &reason)) == 0) {
        reason = FAR_REASON_LIE;
        error = EPROTO;
    }
    far_thread->depth--;
    call_fails(frame, binding, plan, error, reason);
}

/* A call that is not over, or not well: the service calls a function of ours, or has no answer. */
NOT_INLINE static void fast_call_goes_on(struct far_frame *frame, struct far_binding *binding,
                                         const struct far_plan *plan, struct far_channel *channel, int error)
{
    bool asked = !error && callback_is_asked(channel);
    if (asked)
        error = callbacks_serve(channel, binding, 0);
    if (asked && !error && __atomic_load_n(&channel->astack->reply.status, __ATOMIC_RELAXED) == FAR_CALL_DONE &&
        call_take_result(frame, binding, plan, &channel->astack->reply)) {
        order_for_signals();
        far_thread->depth--;
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

NOT_INLINE static void call_otherwise(struct far_frame *frame, struct far_binding *binding, uint32_t slot)
{
    const struct far_plan *plan = binding_plan(binding, slot);
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
    thread->running[thread->depth].level = level;
    enter_depth(thread, frame, channel);
    const char *reason = NULL;
    struct far_error error = {0};
    bool after_oneway = channel->unheard != NULL;
    int failed = after_oneway ? oneway_hear(binding, channel, plan->op->deadline_ms, &error) : 0;
    if (!failed && after_oneway && plan->flags & FAR_PLAN_FAST && channel->astack && !channel_dead(channel)) {
        call_fast(frame, binding, plan, channel);
        return;
    }
    if (!failed)
        failed = call_by_plan(frame, binding, plan, channel, &error);
    if (failed > 0)
        failed = -call_status_error((uint32_t)failed, &reason);
    else if (failed)
        reason = error.text;
    order_for_signals();
    thread->depth--;
    if (failed)
        call_fails(frame, binding, plan, -failed, reason);
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
    call_otherwise(frame, binding, slot);
}

void far_process_call(struct far_frame *frame, struct far_binding *binding, uint32_t slot)
{
    FAR_PROBE(call__begin, binding->service, slot);
    run_call(frame, binding, slot);
    FAR_PROBE(call__end, binding->service, slot);
}
