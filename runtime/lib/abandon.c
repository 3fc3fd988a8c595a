/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Calls that were left by a jump: a signal came while the thread waited for an answer, and its handler went elsewhere by
 * longjmp, or by an exception. The answer is still to come, so the channel is good for nothing any more; and its depth
 * would stay taken. Seen at the thread's next call, by where that one's frame lies. And the same of a call whose function of
 * ours was left by a jump.
 */
#include "runtime/lib/callback.h"
#include "runtime/lib/passing.h"

#include <signal.h>
#include <sys/mman.h>

static bool on_stack(const stack_t *stack, const void *frame)
{
    uintptr_t low = (uintptr_t)stack->ss_sp, at = (uintptr_t)frame;
    return !(stack->ss_flags & SS_DISABLE) && at >= low && at - low < stack->ss_size;
}

/*
 * Who is called later lies deeper, so a frame that does not lie above the one of now is gone. Between the thread's stack
 * and the alternate one of signal handlers addresses say nothing: there one comes from the first to the second only.
 * (A handler whose alternate stack was set up with SS_AUTODISARM must not call while it interrupts a call.)
 */
static bool frame_is_gone(const void *frame, const void *now, const stack_t *alternate)
{
    bool was_alternate = on_stack(alternate, frame), is_alternate = on_stack(alternate, now);
    return was_alternate == is_alternate ? frame <= now : was_alternate;
}

/* It may be another's stack by now, which AddressSanitizer has marked. */
__attribute__((no_sanitize_address)) uint64_t witness_sum(const void *memory, uint64_t bytes)
{
    const uint64_t *word = memory;
    uint64_t sum = 1;
    for (uint64_t i = 0; i < bytes / sizeof *word; i++)
        sum = (sum ^ word[i]) * 0x9e3779b97f4a7c15u + 1;
    return sum ? sum : 1;
}

/* A stack that was left for good may be mapped no more. */
static bool is_mapped(const void *memory, uint64_t bytes)
{
    unsigned char resident[8];
    uintptr_t first = (uintptr_t)memory & ~(uintptr_t)4095, end = (uintptr_t)memory + bytes;
    return end - first <= sizeof resident * 4096 && mincore((void *)first, end - first, resident) == 0;
}

/*
 * A call in a callback that was jumped out of, whose caller's caller then called something else: that lies deeper than the
 * frame did, and says nothing by that; but the frame's place is another's now.
 */
static bool was_overwritten(const struct far_witness *witness)
{
    return witness->sum && (!is_mapped(witness->memory, witness->bytes) ||
                            witness_sum(witness->memory, witness->bytes) != witness->sum);
}

bool call_is_left(const void *frame, const void *now)
{
    stack_t alternate = {.ss_flags = SS_DISABLE};
    sigaltstack(NULL, &alternate);
    return frame_is_gone(frame, now, &alternate);
}

/* Calls that a jump has left, and that the depth does not count any more. */
static bool has_left_above(const struct far_thread *thread)
{
    return thread->depth < FAR_CALLS_NESTED && thread->running[thread->depth].entered;
}

/*
 * The first call has returned from the fast path, where it takes one off whatever the depth is: a signal's handler had made
 * calls and left them by a jump back into itself. The first is over, these are to be ended.
 */
static void end_left_above(struct far_thread *thread)
{
    uint32_t all = thread->depth;
    while (all < FAR_CALLS_NESTED && thread->running[all].entered)
        all++;
    thread->depth = all;
    thread_end_above(thread, 1);
    thread->depth = 0;
}

void thread_leave(struct far_thread *thread, uint32_t depth)
{
    if (thread->depth != depth + 1)
        thread_end_above(thread, depth + 1);
    thread->running[depth].entered = false;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    thread->depth = depth;
}

void thread_end_abandoned(struct far_thread *thread, const void *now)
{
    stack_t alternate = {.ss_flags = SS_DISABLE};
    uint32_t alive = 0;
    if (has_left_above(thread))
        end_left_above(thread);
    sigaltstack(NULL, &alternate);
    while (alive < thread->depth && !frame_is_gone(thread->running[alive].frame, now, &alternate) &&
           !was_overwritten(&thread->running[alive].in_callback))
        alive++;
    thread_end_above(thread, alive);
}

/*
 * What the call is nested in goes on: so must the service. It is told that the function has refused; what is left of the
 * operation runs, and nobody has its result.
 */
static bool can_go_on(struct far_thread *thread, uint32_t alive, struct far_channel *channel)
{
    for (uint32_t i = alive; i-- > 0;) {
        if (thread->running[i].channel != channel)
            continue;
        if (callbacks_refuse(channel) != 0)
            return false;
        channel->in_callback--;
        channel->area_end = thread->running[i].in_callback.area_end;
        return true;
    }
    return false;
}

void thread_end_above(struct far_thread *thread, uint32_t alive)
{
    passing_end_lent(thread, alive);
    for (; thread->depth > alive; thread->depth--) {
        struct far_channel *channel = thread->running[thread->depth - 1].channel;
        struct far_witness *function = &thread->running[thread->depth - 1].in_callback;
        bool ran = function->sum != 0;
        function->sum = 0;
        thread->running[thread->depth - 1].entered = false;
        if (channel->astack && !(ran && can_go_on(thread, alive, channel)))
            channel_close(channel);
    }
}
