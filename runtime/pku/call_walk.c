/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A call into a domain whose parameters lead to more than plain bytes: runtime/walk between this process's memory and the area, as
 * in runtime/lib/call_walk.c; its other half runs in the domain (inside/serve.c). What is kept is kept in the domain,
 * so such a call waits for others to leave it.
 */
#include "runtime/lib/call.h"
#include "runtime/lib/callback.h"
#include "runtime/lib/failure.h"
#include "runtime/lib/values.h"
#include "runtime/pku/inside.h"

#include <errno.h>

/* Structures that were looked at: they may lead to themselves. */
#define TYPES_MOST 256
struct looking {
    const struct far_iface *iface;
    bool out; /* what is looked at comes out */
    uint32_t type[TYPES_MOST];
    uint32_t count;
};

static bool was_seen(struct looking *looking, uint32_t type)
{
    for (uint32_t i = 0; i < looking->count; i++)
        if (looking->type[i] == type)
            return true;
    if (looking->count < TYPES_MOST)
        looking->type[looking->count++] = type;
    return false;
}

static bool carries(struct looking *looking, const struct far_value *value);

static bool carries_function(struct looking *looking, const struct far_value *value)
{
    const struct far_callback *callback = iface_callback(looking->iface, value->inside - 1);
    bool carried = true;
    for (uint32_t i = 0; i <= callback->param_count; i++)
        carried &= carries(looking, &iface_callback_param(looking->iface, callback, i)->value);
    return carried;
}

static bool carries_members(struct looking *looking, uint32_t index)
{
    const struct far_type *type = iface_type(looking->iface, index);
    if (was_seen(looking, index))
        return true;
    bool carried = looking->count < TYPES_MOST;
    for (uint32_t i = 0; i < type->member_count && carried; i++) {
        uint32_t value = iface_member(looking->iface, type->first_member + i)->value;
        carried = !value || carries(looking, iface_value(looking->iface, value - 1));
    }
    return carried;
}

/* All but descriptors, and functions of the service's. */
static bool carries(struct looking *looking, const struct far_value *value)
{
    bool leads =
        value->passing == FAR_PASS_BUFFER || value->passing == FAR_PASS_STRING || value->passing == FAR_PASS_ARRAY;
    if (value->passing == FAR_PASS_FD)
        return false;
    if (value->passing == FAR_PASS_CALLBACK)
        return !looking->out && carries_function(looking, value);
    if (value->passing == FAR_PASS_STRUCT)
        return carries_members(looking, value->type);
    return !leads || !value->inside || carries(looking, iface_value(looking->iface, value->inside - 1));
}

bool pku_walks(const struct far_binding *binding, const struct far_plan *plan)
{
    const struct far_param *function = iface_result(binding->iface, plan->op);
    bool carried = true;
    for (uint32_t i = 0; i <= plan->param_count; i++) {
        struct looking looking = {.iface = binding->iface, .out = i == 0 || function[i].value.flags & FAR_VALUE_OUT};
        carried &= carries(&looking, &function[i].value);
    }
    return carried;
}

static bool may_name(void *binding, uint64_t address, uint64_t bytes, bool written)
{
    (void)written;
    return call_believes(binding, address, bytes);
}

static unsigned out_function(void *binding, const struct walk *walk, uint64_t address,
                             const struct far_callback *callback, uint64_t *word)
{
    return callback_word(binding, walk->of.iface, address, callback, word);
}

static const struct walk_hooks hooks = {.may_name = may_name, .out_function = out_function};

struct walking {
    struct far_frame *frame;
    struct far_binding *binding;
    const struct far_plan *plan;
    struct pku_context *context;
    struct walk walk;
    struct walk_results results;
    struct pku_outcome *outcome;
};

static char *area_of(const struct walking *walking)
{
    return (char *)(walking->context->area + 1);
}

/* All that it leads to is found, and in the area. A status. */
static unsigned send(struct walking *walking)
{
    const struct far_plan *plan = walking->plan;
    struct far_binding *binding = walking->binding;
    struct walk *walk = &walking->walk;
    struct pku_walked *walked = &walking->context->area->walked;
    *walk = (struct walk){.of = {binding->iface, iface_result(binding->iface, plan->op), plan->param_count},
                          .hooks = &hooks,
                          .context = binding,
                          .memory = &walking->context->memory,
                          .kept = call_kept(binding),
                          .results = &walking->results,
                          .capacity = PKU_AREA_SIZE - sizeof(struct pku_arguments)};
    unsigned status = values_take(&plan->placement, walking->frame, walk);
    for (uint32_t i = 0; i < plan->param_count; i++)
        walk->word[i] &= plan->param[i].mask;
    status = status ? status : walk_send(walk);
    if (status)
        return status;
    walking->context->used = sizeof(struct pku_arguments) + walk->end;
    walk_put(walk, area_of(walking));
    *walked = (struct pku_walked){.slot = plan->op->slot, .status = FAR_CALL_STATUS_COUNT};
    for (uint32_t i = 0; i < plan->param_count; i++)
        walked->line[i] = walk->line[i];
    return FAR_CALL_DONE;
}

/* As what a host answers: nothing of it is believed before it is looked at, and it is read once. */
static int accept(struct walking *walking, const char **reason)
{
    const struct far_plan *plan = walking->plan;
    const struct pku_walked *walked = &walking->context->area->walked;
    struct far_frame *frame = walking->frame;
    unsigned status = __atomic_load_n(&walked->status, __ATOMIC_RELAXED);
    const struct far_reply_line reply = {.result = __atomic_load_n(&walked->result, __ATOMIC_RELAXED),
                                         .float_result = __atomic_load_n(&walked->float_result, __ATOMIC_RELAXED),
                                         .error = __atomic_load_n(&walked->error, __ATOMIC_RELAXED)};
    *reason = FAR_REASON_LIE;
    if (status)
        return status < FAR_CALL_STATUS_COUNT ? call_status_error(status, reason) : EPROTO;
    if (!call_take_result(frame, walking->binding, plan, &reply))
        return EPROTO;
    walk_memory_reset(walking->results.call);
    status = walk_accept(&walking->walk, area_of(walking), frame->result);
    walking->context->used = sizeof *walking->context->area + walking->walk.end;
    if (status)
        return status == FAR_CALL_NO_MEMORY ? ENOMEM : EPROTO;
    frame->result = plan->result == FAR_PASS_VOID || plan->result == FAR_PASS_FLOAT ? 0 : walking->walk.result;
    values_give_result(&plan->placement, &walking->walk, frame);
    walk_settle(&walking->walk);
    return 0;
}

static int cross(struct walking *walking, const char **reason)
{
    unsigned status = send(walking);
    if (status)
        return call_status_error(status, reason);
    struct pku_arguments *area = walking->context->area;
    area->stack_count = 0;
    struct pku_calling calling = {{pku_call_back}, walking->binding};
    enum pku_end end = pku_run(walking->binding->pku->domain, walking->context, PKU_SLOT_WALKED, true, &calling.caller,
                               walking->outcome);
    if (end == PKU_ELSEWHERE)
        return -1;
    *reason = pku_reason(end, walking->outcome);
    return end == PKU_RETURNED ? accept(walking, reason) : EHOSTDOWN;
}

int pku_call_walking(struct far_frame *frame, struct far_binding *binding, const struct far_plan *plan,
                     struct pku_outcome *outcome, const char **reason)
{
    struct far_thread *thread = far_thread_get();
    struct walking walking = {.frame = frame, .binding = binding, .plan = plan, .outcome = outcome};
    walking.context = thread ? pku_begin(binding->pku->domain, true) : NULL;
    if (!walking.context)
        return -1;
    walking.results = (struct walk_results){.call = &thread->walk[thread->depth].results, .store = call_store(binding)};
    int failed = cross(&walking, reason);
    walk_memory_reset(&walking.context->memory);
    pku_end_call(walking.context);
    return failed;
}
