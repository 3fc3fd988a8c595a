/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * By-reference parameters, client side: into the A-stack's area before the call, out of it afterwards. Only bytes that
 * a parameter covers are copied, with this process's own loads and stores: the MMU is the judge of its pointers. What
 * comes back is believed in nothing but its contents: places and sizes are those worked out at entry.
 */
#include "runtime/lib/crossing.h"

#include "runtime/lib/away.h"
#include "runtime/lib/batch.h"
#include "runtime/lib/error.h"
#include "runtime/lib/grant.h"
#include "runtime/lib/oneway.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

static void *pointer_from(uint64_t word)
{
    return (void *)(uintptr_t)word;
}

static int take_string(struct crossing *crossing, uint32_t i, struct far_error *error)
{
    if (!crossing->word[i])
        return 0;
    size_t length = strnlen(pointer_from(crossing->word[i]), FAR_STRING_LIMIT);
    if (length == FAR_STRING_LIMIT)
        return far_fail(error, E2BIG, EX_DATAERR, "parameter %u: a string of %u bytes or more", i + 1,
                        FAR_STRING_LIMIT);
    crossing->sizes.bytes[i] = length + 1;
    return 0;
}

/* Memory that the service may reach itself goes over as its address. A size is read from what was copied only. */
static bool goes_direct(const struct crossing *crossing, uint32_t i)
{
    const struct far_plan_param *param = &crossing->plan->param[i];
    return crossing->shares && far_by_reference(param) && !param->measured &&
           (domain_shares(crossing->shares, crossing->word[i], 1) ||
            (param->flags & FAR_VALUE_GRANTED && (crossing->word[i] & (param->align - 1u)) == 0 &&
             region_is_granted(crossing->shares, crossing->word[i], param->writes)));
}

static int take_words(struct crossing *crossing, const struct far_frame *frame, struct far_error *error)
{
    int failed = 0;
    for (uint32_t i = 0; i < crossing->plan->param_count && !failed; i++) {
        const struct far_plan_param *param = &crossing->plan->param[i];
        crossing->word[i] = far_frame_word(frame, param->abi) & param->mask; /* no bits that are nobody's parameter */
        crossing->sizes.value[i] = crossing->word[i];
        crossing->sizes.direct[i] = goes_direct(crossing, i);
        if (param->passing == FAR_PASS_STRING)
            failed = take_string(crossing, i, error);
    }
    return failed;
}

/* Numbers that sizes depend on, read once from the caller's memory: *destLen. */
static void take_measures(struct crossing *crossing)
{
    for (uint32_t i = 0; i < crossing->plan->param_count; i++) {
        const struct far_plan_param *param = &crossing->plan->param[i];
        uint64_t bytes = far_measured_bytes(crossing->sizes.bytes[i]);
        if (param->measured && crossing->word[i])
            memcpy(&crossing->sizes.measured[i], pointer_from(crossing->word[i]), bytes);
    }
}

static unsigned take_sizes(struct crossing *crossing)
{
    unsigned status = sizes_place(crossing->plan, &crossing->sizes, false);
    if (status)
        return status;
    take_measures(crossing);
    return sizes_place(crossing->plan, &crossing->sizes, true);
}

/* The string may have changed since it was measured: its NUL is written last and not copied. lends: a channel to another node, whose caller waits. */
static void put_area(const struct crossing *crossing, char *area, struct far_channel *lends)
{
    for (uint32_t i = 0; i < crossing->plan->param_count; i++) {
        const struct far_plan_param *param = &crossing->plan->param[i];
        uint64_t bytes = crossing->sizes.bytes[i];
        char *to = area + crossing->sizes.offset[i];
        if (!far_by_reference(param) || bytes == 0 || crossing->sizes.direct[i])
            continue;
        if (param->passing == FAR_PASS_STRING) {
            memcpy(to, pointer_from(crossing->word[i]), bytes - 1);
            to[bytes - 1] = '\0';
        } else if (param->flags & FAR_VALUE_IN) {
            if (lends && !param->measured &&
                away_lend(lends, lends->area_end + crossing->sizes.offset[i], bytes, pointer_from(crossing->word[i])))
                continue;
            memcpy(to, pointer_from(crossing->word[i]), bytes);
            if (param->measured) /* the host must see the number that we used */
                memcpy(to, &crossing->sizes.measured[i], far_measured_bytes(bytes));
        }
    }
}

/* The same bytes, for a host on another node. */
static void note_area(const struct crossing *crossing, struct far_channel *channel, uint64_t base)
{
    for (uint32_t i = 0; i < crossing->plan->param_count; i++) {
        const struct far_plan_param *param = &crossing->plan->param[i];
        bool goes = param->passing == FAR_PASS_STRING || param->flags & FAR_VALUE_IN;
        if (far_by_reference(param) && goes && !crossing->sizes.direct[i])
            away_wrote(channel, base + crossing->sizes.offset[i], crossing->sizes.bytes[i]);
    }
}

static void note_call(const struct crossing *crossing, struct far_channel *channel)
{
    note_area(crossing, channel, channel->area_end);
    if (crossing->plan->flags & FAR_PLAN_WIDE)
        away_uses_wide(channel);
}

static uint64_t line_word(const struct crossing *crossing, uint32_t i)
{
    if (crossing->sizes.direct[i])
        return crossing->word[i];
    switch (crossing->plan->param[i].passing) {
    case FAR_PASS_BUFFER:
        return crossing->word[i] != 0;
    case FAR_PASS_STRING:
        return crossing->sizes.bytes[i];
    default:
        return crossing->word[i];
    }
}

static void put_line(const struct crossing *crossing, uint64_t *argument, struct far_wide *wide)
{
    for (uint32_t i = 0; i < crossing->plan->param_count; i++)
        *far_line_word(argument, wide, crossing->plan->param[i].astack) = line_word(crossing, i);
}

static void take_area(const struct crossing *crossing, const char *area)
{
    for (uint32_t i = 0; i < crossing->plan->param_count; i++) {
        const struct far_plan_param *param = &crossing->plan->param[i];
        if (param->passing == FAR_PASS_BUFFER && param->flags & FAR_VALUE_OUT && crossing->sizes.bytes[i] &&
            !crossing->sizes.direct[i])
            memcpy(pointer_from(crossing->word[i]), area + crossing->sizes.offset[i], crossing->sizes.bytes[i]);
    }
}

/* Open, and large enough. */
int call_have_room(struct far_binding *binding, struct far_channel *channel, uint64_t area, struct far_error *error)
{
    int failed = channel_ready(binding, channel, error);
    bool fits = !failed && area <= channel->size - FAR_ASTACK_AREA - channel->area_end;
    if (!failed && !fits && channel->in_callback)
        failed = far_fail(error, E2BIG, EX_DATAERR,
                          "the parameters of a call from a callback need %llu bytes, of which %llu are left",
                          (unsigned long long)area,
                          (unsigned long long)(channel->size - FAR_ASTACK_AREA - channel->area_end));
    else if (!failed && !fits)
        failed = channel_grow(binding, channel, FAR_ASTACK_AREA + area, error);
    /* Whatever was the matter with the name server: to the caller, the service cannot be reached. */
    if (failed && error->code != E2BIG && error->code != ENOMEM && error->code != EACCES && error->code != EDQUOT)
        error->code = EHOSTDOWN;
    return failed ? -error->code : 0;
}

/* The reason goes with the channel. */
static int breaks_off_away(struct far_channel *channel, struct far_error *error)
{
    far_fail(error, EHOSTDOWN, EX_UNAVAILABLE, "%s", away_reason(channel));
    channel_close(channel);
    return -EHOSTDOWN;
}

int call_breaks_off(struct far_channel *channel, int failed, struct far_error *error)
{
    if (channel->astack && channel->away && failed == EHOSTDOWN)
        return breaks_off_away(channel, error);
    if (channel->astack) /* a call from a callback may have closed it */
        channel_close(channel);
    if (failed == ERESTART)
        return -ERESTART;
    return far_fail(error, failed, EX_UNAVAILABLE,
                    failed == ETIMEDOUT ? "the operation's deadline passed"
                    : failed == EPROTO  ? FAR_REASON_LIE
                    : failed == EACCES  ? FAR_REASON_REVOKED
                    : failed == EAGAIN  ? FAR_REASON_FULL
                                        : "the service's host is gone");
}

/* While it lasts, what it has in the area is in use. */
static int run_with_area(const struct crossing *crossing, struct far_binding *binding, struct far_channel *channel)
{
    uint64_t base = channel->area_end;
    channel->area_end += crossing->sizes.end;
    int failed = crossing->sent.is ? call_finish(binding, channel, crossing->sent.previous, crossing->sent.deadline_ms)
                                   : call_run(binding, channel, crossing->plan);
    if (channel->astack)
        channel->area_end = base;
    return failed;
}

static int cross(const struct crossing *crossing, struct far_binding *binding, struct far_channel *channel,
                 uint32_t *status, struct far_error *error)
{
    char *area = (char *)channel->astack + FAR_ASTACK_AREA + channel->area_end;
    bool leaves = oneway_may_leave(channel, crossing->plan);
    if (!crossing->sent.is) {
        put_area(crossing, area, channel->away && !leaves ? channel : NULL);
        put_line(crossing, channel->astack->call.argument, &channel->astack->wide);
        if (channel->away)
            note_call(crossing, channel);
    }
    if (leaves) {
        oneway_send(channel, crossing->plan, crossing->sizes.end);
        return 0;
    }
    int failed = run_with_area(crossing, binding, channel);
    if (channel->away) /* a call from a callback may have closed it */
        away_give_back(channel);
    if (failed)
        return call_breaks_off(channel, failed, error);
    *status = __atomic_load_n(&channel->astack->reply.status, __ATOMIC_RELAXED);
    if (*status == FAR_CALL_DONE)
        take_area(crossing, area);
    else if (*status == FAR_CALL_ENDED_THREAD)
        channel_close(channel); /* nobody serves it any more */
    return 0;
}

/* A call that was sent begins with waiting; if it was not begun where it was sent to, it is sent again. */
static int cross_to_the_newest(struct crossing *crossing, struct far_binding *binding, struct far_channel *channel,
                               uint32_t *status, struct far_error *error)
{
    for (int moves = 0; moves < FAR_MOVES_MAX; moves++) {
        int failed = crossing->sent.is ? 0 : call_have_room(binding, channel, crossing->sizes.end, error);
        failed = failed ? failed : cross(crossing, binding, channel, status, error);
        if (failed != -ERESTART)
            return failed;
        crossing->sent.is = false;
    }
    return far_fail(error, EHOSTDOWN, EX_UNAVAILABLE, "the service's host leaves whenever it is called");
}

/* What goes over as its address to another node has its pages go along. */
static unsigned lend(const struct crossing *crossing)
{
    for (uint32_t i = 0; i < crossing->plan->param_count; i++)
        if (crossing->sizes.direct[i] && !loan_add(crossing->word[i], crossing->sizes.bytes[i]))
            return FAR_CALL_NOT_SHARED;
    return FAR_CALL_DONE;
}

static int prepare(struct crossing *crossing, const struct far_frame *frame, struct far_error *error)
{
    int failed = take_words(crossing, frame, error);
    if (!failed)
        failed = (int)take_sizes(crossing);
    return failed || !crossing->shares || !crossing->shares->away ? failed : (int)lend(crossing);
}

static int complete(struct crossing *crossing, struct far_frame *frame, struct far_binding *binding,
                    struct far_channel *channel, struct far_error *error)
{
    const struct far_plan *plan = crossing->plan;
    int saved = errno;
    uint32_t status = FAR_CALL_DONE;
    int failed = cross_to_the_newest(crossing, binding, channel, &status, error);
    if (failed || status)
        return failed ? failed : (int)(status < FAR_CALL_STATUS_COUNT ? status : FAR_CALL_STATUS_COUNT);
    errno = saved;
    if (channel->unheard) {
        frame->result = frame->float_result = 0;
        return 0;
    }
    if (!call_take_result(frame, binding, plan, &channel->astack->reply))
        return far_fail(error, EPROTO, EX_PROTOCOL, FAR_REASON_LIE);
    if (channel->size > FAR_CHANNEL_KEEP && !channel->in_callback)
        channel_close(channel);
    return 0;
}

static int call_once(struct far_frame *frame, struct far_binding *binding, const struct far_plan *plan,
                     struct far_channel *channel, bool sharing, struct far_error *error)
{
    struct crossing crossing = {.plan = plan, .shares = sharing ? binding : NULL};
    if (binding->away)
        loan_begin(plan);
    int failed = prepare(&crossing, frame, error);
    failed = failed ? failed : complete(&crossing, frame, binding, channel, error);
    if (binding->away)
        loan_end();
    return failed;
}

int crossing_send(struct crossing *crossing, const struct far_frame *frame, struct far_binding *binding,
                  const struct far_plan *plan, struct far_channel *channel, struct far_error *error)
{
    *crossing = (struct crossing){.plan = plan, .shares = binding->away ? NULL : binding};
    int failed = prepare(crossing, frame, error);
    if (!failed)
        failed = call_have_room(binding, channel, crossing->sizes.end, error);
    if (failed)
        return failed;
    put_area(crossing, (char *)channel->astack + FAR_ASTACK_AREA, NULL);
    put_line(crossing, channel->astack->call.argument, &channel->astack->wide);
    if (channel->away)
        note_call(crossing, channel);
    crossing->sent = (struct far_sent){.is = true, .previous = call_send(channel, plan->op->slot)};
    return 0;
}

int crossing_prepare(struct crossing *crossing, const struct far_frame *frame, const struct far_plan *plan,
                     struct far_error *error)
{
    *crossing = (struct crossing){.plan = plan}; /* nobody asks again for what was not shared: it is copied */
    return prepare(crossing, frame, error);
}

void crossing_put(const struct crossing *crossing, uint64_t *argument, struct far_wide *wide, char *area)
{
    put_area(crossing, area, NULL);
    put_line(crossing, argument, wide);
}

void crossing_note(const struct crossing *crossing, struct far_channel *channel, uint64_t base)
{
    note_area(crossing, channel, base);
}

int crossing_take(const struct crossing *crossing, struct far_frame *frame, struct far_binding *binding,
                  const struct far_plan *plan, const struct far_reply_line *reply, const char *area,
                  struct far_error *error)
{
    if (!call_take_result(frame, binding, plan, reply))
        return far_fail(error, EPROTO, EX_PROTOCOL, FAR_REASON_LIE);
    if (!(plan->flags & FAR_PLAN_FAST))
        take_area(crossing, area);
    return 0;
}

int crossing_finish(struct crossing *crossing, struct far_frame *frame, struct far_binding *binding,
                    struct far_channel *channel, struct far_error *error)
{
    int result = complete(crossing, frame, binding, channel, error);
    return result == FAR_CALL_NOT_SHARED ? call_once(frame, binding, crossing->plan, channel, false, error) : result;
}

/* A host that does not have what is shared mapped, just now or any more, has called nothing: then it is copied. */
int call_by_plan(struct far_frame *frame, struct far_binding *binding, const struct far_plan *plan,
                 struct far_channel *channel, struct far_error *error)
{
    if (plan->op->flags & FAR_OP_ABSENT)
        return FAR_CALL_ABSENT;
    if (plan->op->flags & FAR_OP_ONEWAY && batch_gathers() && binding->level != FAR_LEVEL_TRUSTED)
        return batch_oneway(frame, binding, plan, error);
    if (plan->flags & FAR_PLAN_WALK)
        return call_walking(frame, binding, plan, channel, error);
    bool sharing = !(plan->op->flags & FAR_OP_ONEWAY); /* nobody hears that it was not mapped */
    int result = call_once(frame, binding, plan, channel, sharing, error);
    return result == FAR_CALL_NOT_SHARED ? call_once(frame, binding, plan, channel, false, error) : result;
}
