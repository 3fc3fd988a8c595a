/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Each entry is put into the call line and served as if it had come alone, so that all that is checked there is checked here.
 * Nothing but its room is read from an entry twice; what a client changes meanwhile, or where entries overlap in what it says,
 * hurts nobody but itself.
 */
#include "runtime/host/batch.h"

#include "runtime/batch.h"
#include "runtime/host/away.h"
#include "runtime/host/callback.h"
#include "runtime/host/guard.h"
#include "runtime/host/handover.h"
#include "runtime/host/trace.h"
#include "runtime/probes.h"

#include <string.h>

struct batch {
    struct worker *worker;
    uint64_t count, flags;
    uint64_t done; /* entries */
    uint64_t at;   /* byte of the area where the next one lies */
    uint64_t end;  /* of all of them */
    struct worker_entry entry;
    struct far_batch_entry *shared; /* the one that is being served */
    uint32_t slot;
    const struct far_plan *plan; /* of that; NULL: no operation has it */
    bool stopped;                /* a call has failed, and they are linked */
    bool is_leaving;             /* another host takes over: the rest is its */
};

static uint64_t read_once(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static unsigned begin(struct batch *batch, struct worker *worker)
{
    const struct far_call_line *line = &worker->astack->call;
    *batch = (struct batch){.worker = worker,
                            .count = read_once(&line->argument[0]),
                            .end = read_once(&line->argument[1]),
                            .flags = read_once(&line->argument[2])};
    bool fits = batch->end <= worker->size - FAR_ASTACK_AREA && batch->end % FAR_ASTACK_LINE == 0 && batch->count &&
                batch->count <= batch->end / sizeof(struct far_batch_entry);
    return !fits                                        ? FAR_CALL_BAD_SIZE
           : batch->flags & ~(uint64_t)FAR_BATCH_LINKED ? FAR_CALL_BAD_ARGUMENT
                                                        : FAR_CALL_DONE;
}

/* The next entry's place, worked out from the rooms of those before it. */
static bool find_entry(struct batch *batch)
{
    uint64_t left = batch->end - batch->at;
    if (left < sizeof(struct far_batch_entry))
        return false;
    batch->shared = (void *)((char *)batch->worker->astack + FAR_ASTACK_AREA + batch->at);
    uint64_t room = read_once(&batch->shared->call.room);
    if (room > left - sizeof(struct far_batch_entry) || room % FAR_ASTACK_LINE)
        return false;
    batch->entry = (struct worker_entry){.base = batch->at + sizeof(struct far_batch_entry),
                                         .withdrawn = &batch->shared->call.withdrawn};
    batch->entry.limit = batch->at = batch->entry.base + room;
    return true;
}

static void take_slot(struct batch *batch)
{
    const struct far_plans *plans = &batch->worker->host->plans;
    batch->slot = __atomic_load_n(&batch->shared->call.slot, __ATOMIC_RELAXED);
    batch->plan = batch->slot < plans->slot_count ? plans->plan[batch->slot] : NULL;
}

/* What the operation has beyond the call line. */
static bool take_wide(struct batch *batch)
{
    struct far_astack *astack = batch->worker->astack;
    if (!batch->plan || !(batch->plan->flags & FAR_PLAN_WIDE))
        return true;
    if (batch->entry.limit - batch->entry.base < sizeof astack->wide)
        return false;
    memcpy(&astack->wide, (const char *)astack + FAR_ASTACK_AREA + batch->entry.base, sizeof astack->wide);
    batch->entry.base += sizeof astack->wide;
    return true;
}

static bool take_call(struct batch *batch)
{
    struct far_call_line *line = &batch->worker->astack->call;
    take_slot(batch);
    line->slot = batch->slot; /* for who traces */
    for (unsigned i = 0; i < FAR_ASTACK_REGISTERS; i++)
        line->argument[i] = read_once(&batch->shared->call.argument[i]);
    return take_wide(batch);
}

static void set_state(const struct batch *batch, enum far_batch_state state)
{
    __atomic_store_n(&batch->shared->reply.state, state, __ATOMIC_RELEASE);
    if (batch->worker->away) {
        const char *area = (const char *)batch->worker->astack + FAR_ASTACK_AREA;
        distant_wrote(batch->worker, (uint64_t)((const char *)&batch->shared->reply - area),
                      sizeof batch->shared->reply);
    }
}

/* The client may write there as well; but what it does by that is done to its own calls. */
static bool has_failed(const struct batch *batch)
{
    const struct far_reply_line *line = &batch->worker->astack->reply;
    return line->status != FAR_CALL_DONE || !batch->plan ||
           plan_says_failed(batch->plan, line->result, line->float_result);
}

/* From the reply line, where it was served to, into the entry. */
static void answer(struct batch *batch)
{
    const struct far_reply_line *line = &batch->worker->astack->reply;
    struct far_batch_reply *reply = &batch->shared->reply;
    reply->status = line->status;
    reply->result = line->result;
    reply->float_result = line->float_result;
    reply->error = line->error;
    batch->stopped |= batch->flags & FAR_BATCH_LINKED && has_failed(batch);
    set_state(batch, FAR_BATCH_ANSWERED);
    batch->done++;
}

static void trace(struct worker *worker)
{
    if (worker->traced_at)
        trace_end(worker);
}

/* A handle may have gone to the host that takes over, before this call came to it: then nothing was called. */
static void end_entry(struct batch *batch)
{
    struct worker *worker = batch->worker;
    if (worker->held.first)
        callbacks_let_go(worker);
    trace(worker);
    FAR_PROBE(host__serve__end, worker->host->service, batch->slot, worker->channel, worker->astack->reply.status);
    batch->is_leaving = handover_is_on() && worker->astack->reply.status == FAR_CALL_BAD_HANDLE;
    if (batch->is_leaving)
        set_state(batch, FAR_BATCH_WAITS);
    else
        answer(batch);
}

static void serve_entry(struct batch *batch)
{
    struct worker *worker = batch->worker;
    worker->call = worker->sequence - (uint32_t)(batch->count - 1 - batch->done);
    set_state(batch, FAR_BATCH_BEGUN);
    bool fine = take_call(batch);
    if (trace_wanted(worker->host))
        trace_begin(worker);
    FAR_PROBE(host__serve__begin, worker->host->service, batch->slot, worker->channel);
    if (fine)
        serve_slot(worker, batch->slot);
    else
        serve_broken(worker, FAR_CALL_BAD_SIZE);
    end_entry(batch);
}

/* What nobody wants, or what was not to be begun after a failure. */
static void skip_entry(struct batch *batch)
{
    serve_broken(batch->worker, FAR_CALL_NOT_BEGUN);
    take_slot(batch);
    answer(batch);
}

/* Of a client on another node the word comes by the connection. */
static bool is_withdrawn(struct batch *batch)
{
    struct worker *worker = batch->worker;
    if (__atomic_load_n(&batch->shared->call.withdrawn, __ATOMIC_ACQUIRE))
        return true;
    if (!worker->away)
        return false;
    distant_look(worker);
    return distant_is_cancelled(worker, worker->sequence - (uint32_t)(batch->count - 1 - batch->done));
}

static void serve_rest(void *argument)
{
    struct batch *batch = argument;
    struct worker *worker = batch->worker;
    while (batch->done < batch->count && !batch->is_leaving && !worker_is_leaving(worker) && find_entry(batch)) {
        worker->entry = &batch->entry;
        if (batch->stopped || is_withdrawn(batch))
            skip_entry(batch);
        else
            serve_entry(batch);
    }
}

/* An operation that does not return ends its own call only. */
static void serve_all(struct batch *batch)
{
    struct worker *worker = batch->worker;
    unsigned status;
    while ((status = guard_run(serve_rest, batch, &worker->call)) != FAR_CALL_DONE) {
        worker->area_end = batch->end;
        worker->nested = 0;
        serve_broken(worker, status);
        end_entry(batch);
    }
}

unsigned serve_batch(struct worker *worker)
{
    struct batch batch;
    if (worker->entry || worker->nested)
        return FAR_CALL_BAD_SLOT;
    unsigned status = begin(&batch, worker);
    if (status)
        return status;
    worker->traced_at = 0; /* its calls are traced, each for itself */
    worker->area_end = batch.end;
    serve_all(&batch);
    worker->entry = NULL;
    worker->area_end = 0;
    bool torn = batch.done < batch.count && !batch.is_leaving && !worker_is_leaving(worker);
    if (torn)
        return FAR_CALL_BAD_SIZE; /* after those in front of it */
    serve_reply(&worker->astack->reply, FAR_CALL_DONE, batch.done, 0, 0);
    return FAR_CALL_DONE;
}
