/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Gathering a batch: what a thread calls between far_batch_begin() and far_batch_run(). */
#include "runtime/lib/batch.h"

#include "runtime/lib/away.h"
#include "runtime/lib/error.h"
#include "runtime/lib/failure.h"

#include <errno.h>
#include <string.h>

_Static_assert(FAR_BATCH_LINK == FAR_BATCH_LINKED, "the public flag crosses as it is");

/* --- one call --- */

/* Something may come out of it of which nobody knows now how large it is. */
static bool gives_memory(const struct far_plan *plan)
{
    bool gives = plan->result != FAR_PASS_VOID && plan->result != FAR_PASS_VALUE && plan->result != FAR_PASS_FLOAT &&
                 plan->result != FAR_PASS_HANDLE && plan->result != FAR_PASS_GLOBAL && plan->result != FAR_PASS_OPAQUE;
    for (uint32_t i = 0; i < plan->param_count; i++)
        gives |= plan->param[i].flags & FAR_VALUE_OUT;
    return gives;
}

static uint64_t aligned(uint64_t bytes)
{
    return (bytes + FAR_ASTACK_LINE - 1) & ~(uint64_t)(FAR_ASTACK_LINE - 1);
}

/* Everything is found and measured. *room: bytes of memory behind its entry. As call_by_plan(). */
static int prepare(struct far_promise *promise, uint64_t *room, struct far_error *error)
{
    const struct far_plan *plan = promise->plan;
    uint64_t wide = plan->flags & FAR_PLAN_WIDE ? sizeof(struct far_wide) : 0;
    int failed = 0;
    *room = wide;
    if (plan->flags & FAR_PLAN_WALK) {
        failed = walk_crossing_prepare(&promise->walking, &promise->frame, promise->binding, plan);
        *room += aligned(promise->walking.walk.end) + (gives_memory(plan) ? FAR_BATCH_COMES_OUT : 0);
    } else if (!(plan->flags & FAR_PLAN_FAST)) {
        failed = crossing_prepare(&promise->crossing, &promise->frame, plan, error);
        *room += aligned(promise->crossing.sizes.end);
    }
    return failed;
}

/* All plain values in registers. */
static void put_registers(const struct far_promise *promise, uint64_t *argument)
{
    const struct far_plan *plan = promise->plan;
    for (unsigned i = 0; i < plan->astack.integers; i++)
        argument[i] = promise->frame.integer[i] & plan->mask[i];
}

static void put(const struct far_promise *promise, struct far_batch_entry *entry)
{
    const struct far_plan *plan = promise->plan;
    struct far_wide *wide = plan->flags & FAR_PLAN_WIDE ? (struct far_wide *)(entry + 1) : NULL;
    char *area = (char *)(entry + 1) + (wide ? sizeof *wide : 0);
    if (plan->flags & FAR_PLAN_WALK)
        walk_crossing_put(&promise->walking, plan, entry->call.argument, wide, area);
    else if (plan->flags & FAR_PLAN_FAST)
        put_registers(promise, entry->call.argument);
    else
        crossing_put(&promise->crossing, entry->call.argument, wide, area);
}

/* The entry, and what was put behind it; where something only comes out there is nothing that went. */
static void note(struct far_batch *batch, const struct far_promise *promise, uint64_t at)
{
    const struct far_plan *plan = promise->plan;
    uint64_t head = sizeof(struct far_batch_entry) + (plan->flags & FAR_PLAN_WIDE ? sizeof(struct far_wide) : 0);
    away_wrote(&batch->channel, at, head);
    if (!(plan->flags & (FAR_PLAN_WALK | FAR_PLAN_FAST)))
        crossing_note(&promise->crossing, &batch->channel, at + head);
}

/* The walk says for itself what it writes. */
static void will_note(struct far_batch *batch, struct far_promise *promise, uint64_t at)
{
    const struct far_plan *plan = promise->plan;
    uint64_t wide = plan->flags & FAR_PLAN_WIDE ? sizeof(struct far_wide) : 0;
    if (plan->flags & FAR_PLAN_WALK)
        walk_crossing_notes(&promise->walking, &batch->channel, at + sizeof(struct far_batch_entry) + wide);
}

static void append(struct far_batch *batch, struct far_promise *promise, uint64_t room)
{
    uint32_t i = batch->count;
    batch->item[i] = (struct batch_item){.at = batch->end};
    struct far_batch_entry *entry = batch_entry(batch, i);
    entry->call.slot = promise->plan->op->slot;
    entry->call.withdrawn = 0;
    entry->call.room = room;
    entry->reply.state = FAR_BATCH_WAITS;
    if (batch->channel.away)
        will_note(batch, promise, batch->end);
    put(promise, entry);
    if (batch->channel.away)
        note(batch, promise, batch->end);
    promise->batch = batch;
    promise->batch_number = batch->number;
    promise->batch_item = i;
    __atomic_store_n(&promise->state, PROMISE_CROSSING, __ATOMIC_RELEASE);
    __atomic_store_n(&batch->item[i].promise, promise, __ATOMIC_RELEASE);
    batch->oneway += promise->unheard;
    batch->end += sizeof *entry + room;
    batch->count++;
}

/* --- crossings of one service --- */

static bool is_linked(const struct far_batch *batch)
{
    return batch->flags & FAR_BATCH_LINKED;
}

/* The one before is over, or there was none. 0, or why that cannot be waited for. */
static int await_earlier(uint32_t index)
{
    struct far_batch *earlier = far_thread->gathered[index].sent;
    if (!earlier)
        return 0;
    int error = batch_await(earlier, earlier->number, 0);
    if (error)
        return error;
    far_thread->gathered[index].failed |= earlier->failed && is_linked(earlier);
    far_thread->gathered[index].sent = NULL;
    batch_let_go(earlier);
    return 0;
}

/* What was gathered for a service. An errno: then its promises say so. */
static int send_gathered(uint32_t index)
{
    struct far_batch *batch = far_thread->gathered[index].open;
    int error = await_earlier(index);
    far_thread->gathered[index].open = NULL;
    if (error || far_thread->gathered[index].failed || !batch->count) {
        batch_fails(batch, error ? error : ECANCELED);
        batch_let_go(batch);
        return error;
    }
    error = batch_send(batch);
    if (error)
        batch_let_go(batch);
    else
        far_thread->gathered[index].sent = batch;
    return error;
}

/* A function of ours that runs while this waits cannot send what is being sent. */
static int send_all(void)
{
    int error = 0;
    far_thread->gathering.busy = __builtin_frame_address(0);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < far_process.binding_count; i++) {
        int failed = far_thread->gathered[i].open ? send_gathered(i) : 0;
        error = error ? error : failed;
    }
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    far_thread->gathering.busy = NULL;
    return error;
}

static bool has_room(const struct far_batch *batch, uint64_t needed)
{
    uint64_t size = batch->channel.astack ? batch->channel.size - FAR_ASTACK_AREA : 0;
    return batch->count < FAR_BATCH_CALLS && needed <= size - batch->end;
}

/* Where the next call goes. What was gathered before is sent if there is no room for it. NULL and errno. */
static struct far_batch *batch_with_room(struct far_binding *binding, uint64_t needed)
{
    struct far_batch **open = &far_thread->gathered[binding->index].open;
    struct far_error error;
    if (*open && (*open)->count && !has_room(*open, needed))
        send_gathered(binding->index); /* that it failed its promises say */
    if (!*open && (*open = batch_take(binding)))
        (*open)->flags = far_thread->gathering.flags;
    if (!*open || (*open)->count)
        return *open;
    int failed = call_have_room(binding, &(*open)->channel, needed, &error);
    errno = failed ? -failed : errno;
    return failed ? NULL : *open;
}

/* 0, or as call_by_plan(): nothing was gathered. */
static int gather(struct far_promise *promise, struct far_error *error)
{
    uint64_t room;
    int failed = prepare(promise, &room, error);
    if (failed)
        return failed;
    struct far_batch *batch = batch_with_room(promise->binding, sizeof(struct far_batch_entry) + room);
    if (!batch)
        return far_fail(error, errno, 0, "the batch has no room: %s", strerror(errno));
    append(batch, promise, room);
    return 0;
}

/* A call that fails before it is made breaks a linked batch, too. */
static int gather_in_thread(struct far_promise *promise, struct far_error *error)
{
    int saved = errno;
    far_thread->gathering.busy = __builtin_frame_address(0);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    int failed = promise->plan->op->flags & FAR_OP_ABSENT ? FAR_CALL_ABSENT : gather(promise, error);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    far_thread->gathering.busy = NULL;
    if (!failed) {
        errno = saved;
        return 0;
    }
    far_thread->gathering.broken |= (far_thread->gathering.flags & FAR_BATCH_LINKED) != 0;
    walk_memory_free(&promise->walking.memory);
    promise_free(promise);
    return failed;
}

struct far_promise *batch_async(const struct far_frame *frame, struct far_binding *binding, const struct far_plan *plan)
{
    struct far_error error;
    const char *reason;
    struct far_promise *promise = batched_promise_take(binding, plan);
    if (!promise)
        return NULL;
    promise_copy_frame(promise, frame);
    if (batch_is_broken()) {
        promise->failed = ECANCELED;
        __atomic_store_n(&promise->state, PROMISE_ANSWERED, __ATOMIC_RELEASE);
        return promise;
    }
    int failed = gather_in_thread(promise, &error);
    if (failed)
        errno = failed > 0 ? call_status_error((uint32_t)failed, &reason) : -failed;
    return failed ? NULL : promise;
}

int batch_oneway(const struct far_frame *frame, struct far_binding *binding, const struct far_plan *plan,
                 struct far_error *error)
{
    if (batch_is_broken())
        return 0;
    if (plan->placement.taken.words > FAR_PROMISE_STACK)
        return FAR_CALL_NOT_CARRIED;
    struct far_promise *promise = batched_promise_take(binding, plan);
    if (!promise)
        return far_fail(error, errno, 0, "there are too many calls in batches: %s", strerror(errno));
    promise_copy_frame(promise, frame);
    promise->unheard = true;
    return gather_in_thread(promise, error);
}

void batch_ran_here(const struct far_promise *promise)
{
    bool linked = far_thread->gathering.flags & FAR_BATCH_LINKED;
    far_thread->gathering.broken |=
        linked && plan_says_failed(promise->plan, promise->frame.result, promise->frame.float_result);
}

/* --- the batch --- */

/* A call that a jump has left in the middle of gathering it never was. */
static bool is_in_the_middle(const struct far_thread *thread)
{
    const void *call = thread->gathering.busy;
    return call && !call_is_left(call, __builtin_frame_address(0));
}

static void end_gathering(struct far_thread *thread)
{
    for (uint32_t i = 0; i < far_process.binding_count; i++) {
        struct far_batch *open = thread->gathered[i].open, *sent = thread->gathered[i].sent;
        thread->gathered[i].open = thread->gathered[i].sent = NULL;
        thread->gathered[i].failed = false;
        if (open) {
            batch_fails(open, ECANCELED);
            batch_let_go(open);
        }
        if (sent)
            batch_let_go(sent);
    }
    thread->gathering.on = thread->gathering.broken = false;
    thread->gathering.busy = NULL;
}

void batches_of_thread_end(struct far_thread *thread)
{
    if (thread->gathering.on)
        end_gathering(thread);
    for (uint32_t i = 0; i < far_process.binding_count; i++)
        batch_leave_turns(thread, far_process.binding[i]->batches);
}

void batch_flush(void)
{
    if (batch_gathers())
        send_all();
}

static int refuse(int error)
{
    errno = error;
    return -1;
}

int far_batch_begin(unsigned flags)
{
    struct far_thread *thread = far_thread_get();
    if (flags & ~FAR_BATCH_LINK)
        return refuse(EINVAL);
    if (!thread || thread->gathering.on)
        return refuse(thread ? EBUSY : ENOMEM);
    thread->gathering.flags = flags;
    thread->gathering.broken = false;
    thread->gathering.on = true;
    return 0;
}

static int begun(void)
{
    if (!far_thread || !far_thread->gathering.on)
        return refuse(EINVAL);
    return is_in_the_middle(far_thread) ? refuse(EBUSY) : 0;
}

int far_batch_run(void)
{
    if (begun() != 0)
        return -1;
    int saved = errno, error = send_all();
    end_gathering(far_thread);
    errno = error ? error : saved;
    return error ? -1 : 0;
}

int far_batch_drop(void)
{
    if (begun() != 0)
        return -1;
    int saved = errno;
    end_gathering(far_thread);
    errno = saved;
    return 0;
}
