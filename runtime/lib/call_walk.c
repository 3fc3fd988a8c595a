/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A call whose parameters lead to more than plain bytes, client side: runtime/walk over an A-stack. */
#include "runtime/lib/crossing.h"

#include "runtime/lib/away.h"
#include "runtime/lib/callback.h"
#include "runtime/lib/error.h"
#include "runtime/lib/given.h"
#include "runtime/lib/grant.h"
#include "runtime/lib/values.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

static bool shares(void *context, uint64_t address, uint64_t bytes)
{
    const struct walking *walking = context;
    return walking->sharing && domain_shares(walking->binding, address, bytes) &&
           (!walking->binding->away || loan_add(address, bytes));
}

static bool granted(void *context, uint64_t address, uint64_t bytes, bool written)
{
    const struct walking *walking = context;
    (void)bytes; /* the host looks at all of it */
    return walking->sharing && region_is_granted(walking->binding, address, written);
}

static bool may_name(void *context, uint64_t address, uint64_t bytes, bool written)
{
    (void)written;
    return call_believes(((const struct walking *)context)->binding, address, bytes);
}

/* An address instead of a copy: where this process reads the service's memory. */
static bool may_read(void *context, uint64_t address, uint64_t bytes, bool deep)
{
    const struct walking *walking = context;
    if (walking->binding->pku || walking->binding->level < (deep ? FAR_LEVEL_TRUSTED : FAR_LEVEL_READ))
        return domain_shares(walking->binding, address, bytes);
    return call_believes(walking->binding, address, bytes);
}

static unsigned out_function(void *context, const struct walk *walk, uint64_t address,
                             const struct far_callback *callback, uint64_t *word)
{
    const struct walking *walking = context;
    return callback_word(walking->binding, walk->of.iface, address, callback, word);
}

static unsigned in_function(void *context, const struct walk *walk, uint64_t word, const struct far_callback *callback,
                            uint64_t *address)
{
    (void)walk;
    return given_address(((const struct walking *)context)->binding, word, callback, address);
}

static unsigned out_descriptor(void *context, const struct walk *walk, int descriptor, uint32_t *word)
{
    struct walking *walking = context;
    return passing_out(&walking->passing, walk, descriptor, word);
}

static unsigned in_descriptor(void *context, const struct walk *walk, uint32_t word, int *descriptor)
{
    struct walking *walking = context;
    return passing_in(&walking->passing, walk, walking->channel, false, word, descriptor);
}

static void wrote(void *context, uint64_t at, uint64_t bytes)
{
    away_wrote(((const struct walking *)context)->channel, at, bytes);
}

static const struct walk_hooks hooks = {.shares = shares,
                                        .granted = granted,
                                        .may_name = may_name,
                                        .may_read = may_read,
                                        .out_function = out_function,
                                        .in_function = in_function,
                                        .out_descriptor = out_descriptor,
                                        .in_descriptor = in_descriptor,
                                        .wrote = wrote};

static const struct walk_hooks batched_hooks = {.shares = shares,
                                                .may_name = may_name,
                                                .may_read = may_read,
                                                .out_function = out_function,
                                                .in_function = in_function,
                                                .wrote = wrote};

/* A binding's tables, made by the first call that may need them. */
struct walk_kept *call_kept(struct far_binding *binding)
{
    struct walk_kept *kept = __atomic_load_n(&binding->kept, __ATOMIC_ACQUIRE), *none = NULL;
    if (kept)
        return kept;
    kept = walk_kept_new((struct walk_charge){NULL, NULL});
    if (!kept || __atomic_compare_exchange_n(&binding->kept, &none, kept, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return kept;
    walk_kept_free(kept);
    return none;
}

struct walk_store *call_store(struct far_binding *binding)
{
    struct walk_store *store = __atomic_load_n(&binding->store, __ATOMIC_ACQUIRE), *none = NULL;
    if (store)
        return store;
    store = walk_store_new();
    if (!store || __atomic_compare_exchange_n(&binding->store, &none, store, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return store;
    walk_store_free(store);
    return none;
}

static unsigned take_words(struct walk *walk, const struct far_frame *frame, const struct far_plan *plan)
{
    unsigned status = values_take(&plan->placement, frame, walk);
    for (uint32_t i = 0; i < plan->param_count; i++)
        walk->word[i] &= plan->param[i].mask; /* no bits that are nobody's parameter */
    return status;
}

static void put_line(const struct walk *walk, const struct far_plan *plan, uint64_t *argument, struct far_wide *wide)
{
    for (uint32_t i = 0; i < plan->param_count; i++)
        *far_line_word(argument, wide, plan->param[i].astack) = walk->line[i];
}

/* From here on the walk says what it writes, if the channel leads to another node. */
static void goes_by(struct walk *walk, struct far_channel *channel, uint64_t base)
{
    ((struct walking *)walk->context)->channel = channel;
    walk->notes = channel->away != NULL;
    walk->area_at = base;
}

static void put(struct walk *walk, const struct far_plan *plan, struct far_channel *channel)
{
    goes_by(walk, channel, channel->area_end);
    walk_put(walk, (char *)channel->astack + FAR_ASTACK_AREA + channel->area_end);
    put_line(walk, plan, channel->astack->call.argument, &channel->astack->wide);
    if (channel->away && plan->flags & FAR_PLAN_WIDE)
        away_uses_wide(channel);
}

/* What goes along goes first, with the number that the call will have. */
static int send_descriptors(const struct walk *walk, const struct far_channel *channel, struct far_error *error)
{
    const struct walking *walking = walk->context;
    if (channel->away && passing_has_any(&walking->passing))
        return far_fail(error, ENOTSUP, EX_UNAVAILABLE, "file descriptors do not travel between nodes");
    int failed = passing_send(&walking->passing, channel);
    if (failed == EBADF)
        return far_fail(error, EBADF, EX_USAGE, "a file descriptor that is passed is not open");
    return failed ? far_fail(error, failed, EX_UNAVAILABLE, "the file descriptors that are passed cannot be sent: %s",
                             strerror(failed))
                  : 0;
}

/* What the service says in between, in callbacks, lies behind what this call takes of the area. */
static int cross(struct walk *walk, const struct far_sent *sent, struct far_binding *binding,
                 const struct far_plan *plan, struct far_channel *channel, uint32_t *status, struct far_error *error)
{
    uint64_t base = channel->area_end;
    if (!sent->is) {
        put(walk, plan, channel);
        int unsent = send_descriptors(walk, channel, error);
        if (unsent)
            return unsent;
    }
    channel->area_end = base + walk->end;
    int failed =
        sent->is ? call_finish(binding, channel, sent->previous, sent->deadline_ms) : call_run(binding, channel, plan);
    if (failed)
        return call_breaks_off(channel, failed, error);
    channel->area_end = base;
    *status = __atomic_load_n(&channel->astack->reply.status, __ATOMIC_RELAXED);
    if (*status == FAR_CALL_ENDED_THREAD)
        channel_close(channel); /* nobody serves it any more */
    return 0;
}

static int cross_to_the_newest(struct walk *walk, struct far_sent sent, struct far_binding *binding,
                               const struct far_plan *plan, struct far_channel *channel, uint32_t *status,
                               struct far_error *error)
{
    for (int moves = 0; moves < FAR_MOVES_MAX; moves++) {
        int failed = sent.is ? 0 : call_have_room(binding, channel, walk->end, error);
        failed = failed ? failed : cross(walk, &sent, binding, plan, channel, status, error);
        if (failed != -ERESTART)
            return failed;
        sent.is = false;
    }
    return far_fail(error, EHOSTDOWN, EX_UNAVAILABLE, "the service's host leaves whenever it is called");
}

/* The reply line is read first, then the area, which is only looked at by what is known already. */
static int accept_from(struct walk *walk, struct far_frame *frame, struct far_binding *binding,
                       const struct far_plan *plan, const struct far_reply_line *reply, const char *area,
                       struct far_error *error)
{
    struct walking *walking = walk->context;
    if (!call_take_result(frame, binding, plan, reply))
        return far_fail(error, EPROTO, EX_PROTOCOL, FAR_REASON_LIE);
    walk_memory_reset(walk->results->call); /* what the last call gave may have been a parameter of this one */
    unsigned status = walk_accept(walk, area, frame->result);
    passing_settle(&walking->passing, status == FAR_CALL_DONE);
    if (walking->passing.error)
        return far_fail(error, EMFILE, EX_OSERR, "this process has no room for the file descriptors that came back");
    if (status == FAR_CALL_NO_MEMORY)
        return far_fail(error, ENOMEM, EX_OSERR, "there is no memory for what came back");
    if (status)
        return far_fail(error, EPROTO, EX_PROTOCOL, FAR_REASON_LIE);
    frame->result = plan->result == FAR_PASS_VOID || plan->result == FAR_PASS_FLOAT ? 0 : walk->result;
    values_give_result(&plan->placement, walk, frame);
    walk_settle(walk);
    return 0;
}

static int accept(struct walk *walk, struct far_frame *frame, struct far_binding *binding, const struct far_plan *plan,
                  struct far_channel *channel, struct far_error *error)
{
    const char *area = (const char *)channel->astack + FAR_ASTACK_AREA + channel->area_end;
    ((struct walking *)walk->context)->channel = channel;
    walk->capacity = channel->size - FAR_ASTACK_AREA - channel->area_end;
    int failed = accept_from(walk, frame, binding, plan, &channel->astack->reply, area, error);
    if (failed)
        passing_forget(channel);
    return failed;
}

static int complete(struct walk *walk, struct far_sent sent, struct far_frame *frame, struct far_binding *binding,
                    const struct far_plan *plan, struct far_channel *channel, struct far_error *error)
{
    int saved = errno;
    uint32_t status = FAR_CALL_DONE;
    int failed = cross_to_the_newest(walk, sent, binding, plan, channel, &status, error);
    if (!failed && status)
        passing_forget(channel);
    if (failed || status)
        return failed ? failed : (int)(status < FAR_CALL_STATUS_COUNT ? status : FAR_CALL_STATUS_COUNT);
    errno = saved;
    failed = accept(walk, frame, binding, plan, channel, error);
    if (channel->size > FAR_CHANNEL_KEEP && !channel->in_callback)
        channel_close(channel);
    return failed;
}

/* All that it leads to is found. A status. */
static unsigned begin(struct walk *walk, const struct far_frame *frame, struct walking *walking,
                      const struct far_plan *plan, struct walk_memory *memory, struct walk_results *results)
{
    struct far_binding *binding = walking->binding;
    *walk = (struct walk){.of = {binding->iface, iface_result(binding->iface, plan->op), plan->param_count},
                          .hooks = walking->batched ? &batched_hooks : &hooks,
                          .context = walking,
                          .memory = memory,
                          .kept = call_kept(binding),
                          .results = results};
    unsigned status = take_words(walk, frame, plan);
    return status ? status : walk_send(walk);
}

static int call_once(struct far_frame *frame, struct far_binding *binding, const struct far_plan *plan,
                     struct far_channel *channel, bool sharing, struct far_error *error)
{
    uint32_t depth = far_thread->depth - 1;
    struct walk_memory *memory = &far_thread->walk[depth].call;
    struct walk_results results = {&far_thread->walk[depth].results, call_store(binding)};
    struct walking walking = {.binding = binding, .sharing = sharing};
    struct walk walk;
    if (binding->away)
        loan_begin(plan);
    int result = (int)begin(&walk, frame, &walking, plan, memory, &results);
    if (!result)
        result = complete(&walk, (struct far_sent){.is = false}, frame, binding, plan, channel, error);
    if (binding->away)
        loan_end();
    walk_memory_reset(memory);
    return result;
}

/* A host that does not have what is shared mapped, just now or any more, has called nothing: then it is copied. */
int call_walking(struct far_frame *frame, struct far_binding *binding, const struct far_plan *plan,
                 struct far_channel *channel, struct far_error *error)
{
    int result = call_once(frame, binding, plan, channel, true, error);
    return result == FAR_CALL_NOT_SHARED ? call_once(frame, binding, plan, channel, false, error) : result;
}

static int send(struct walk_crossing *crossing, const struct far_frame *frame, struct far_binding *binding,
                const struct far_plan *plan, struct far_channel *channel, struct far_error *error)
{
    struct walk *walk = &crossing->walk;
    int failed = (int)begin(&crossing->walk, frame, &crossing->walking, plan, &crossing->memory, &crossing->results);
    if (!failed)
        failed = call_have_room(binding, channel, walk->end, error);
    if (failed)
        return failed;
    put(walk, plan, channel);
    failed = send_descriptors(walk, channel, error);
    if (failed)
        return failed;
    crossing->sent = (struct far_sent){.is = true, .previous = call_send(channel, plan->op->slot)};
    return 0;
}

int walk_crossing_send(struct walk_crossing *crossing, const struct far_frame *frame, struct far_binding *binding,
                       const struct far_plan *plan, struct far_channel *channel, struct far_error *error)
{
    crossing->walking = (struct walking){.binding = binding, .sharing = !binding->away};
    crossing->results = (struct walk_results){NULL, call_store(binding)};
    int failed = send(crossing, frame, binding, plan, channel, error);
    if (failed)
        walk_memory_free(&crossing->memory);
    return failed;
}

int walk_crossing_finish(struct walk_crossing *crossing, struct far_frame *frame, struct far_binding *binding,
                         const struct far_plan *plan, struct far_channel *channel, struct far_error *error)
{
    crossing->results.call = &far_thread->walk[far_thread->depth - 1].results;
    int result = complete(&crossing->walk, crossing->sent, frame, binding, plan, channel, error);
    walk_memory_free(&crossing->memory);
    return result == FAR_CALL_NOT_SHARED ? call_once(frame, binding, plan, channel, false, error) : result;
}

int walk_crossing_prepare(struct walk_crossing *crossing, const struct far_frame *frame, struct far_binding *binding,
                          const struct far_plan *plan)
{
    crossing->walking = (struct walking){.binding = binding, .batched = true};
    crossing->results = (struct walk_results){NULL, call_store(binding)};
    return (int)begin(&crossing->walk, frame, &crossing->walking, plan, &crossing->memory, &crossing->results);
}

void walk_crossing_notes(struct walk_crossing *crossing, struct far_channel *channel, uint64_t base)
{
    goes_by(&crossing->walk, channel, base);
}

void walk_crossing_put(const struct walk_crossing *crossing, const struct far_plan *plan, uint64_t *argument,
                       struct far_wide *wide, char *area)
{
    walk_put(&crossing->walk, area);
    put_line(&crossing->walk, plan, argument, wide);
}

int walk_crossing_take(struct walk_crossing *crossing, struct far_frame *frame, struct far_binding *binding,
                       const struct far_plan *plan, const struct far_reply_line *reply, const char *area, uint64_t room,
                       struct far_error *error)
{
    crossing->results.call = &far_thread->walk[far_thread->depth - 1].results;
    crossing->walk.capacity = room;
    return accept_from(&crossing->walk, frame, binding, plan, reply, area, error);
}
