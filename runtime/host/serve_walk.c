/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * One call whose parameters lead to more than plain bytes, host side: runtime/walk between the A-stack and memory of the
 * worker's own. As in serve.c, what the client wrote is read once, and the operation sees only what was made of that.
 */
#include "runtime/host/away.h"
#include "runtime/host/callback.h"
#include "runtime/host/descriptors.h"
#include "runtime/host/domain.h"
#include "runtime/host/functions.h"
#include "runtime/host/grant.h"
#include "runtime/host/guard.h"
#include "runtime/host/host.h"
#include "runtime/lib/values.h"

#include <errno.h>

static bool shares(void *worker, uint64_t address, uint64_t bytes)
{
    return worker_shares(worker, address, bytes);
}

static bool granted(void *worker, uint64_t address, uint64_t bytes, bool written)
{
    return grant_take(worker, address, bytes, written);
}

static bool may_name(void *worker, uint64_t address, uint64_t bytes, bool written)
{
    return worker_may_name(worker, address, bytes, written);
}

/* What is mapped for this client, and readable there; constants are so for one that is trusted only. */
static bool may_read(void *context, uint64_t address, uint64_t bytes, bool deep)
{
    const struct worker *worker = context;
    return !worker->copies && worker->level >= (deep ? FAR_LEVEL_TRUSTED : FAR_LEVEL_READ) &&
           worker_may_name(worker, address, bytes, false);
}

static unsigned begin_handle(void *worker, const struct far_value *value, uint64_t handle)
{
    return worker_handle_begin(worker, value, handle);
}

static void end_handle(void *worker, const struct far_value *value, uint64_t handle)
{
    worker_handle_end(worker, value, handle);
}

static void put_down_handle(void *worker, const struct far_value *value, uint64_t handle)
{
    worker_handle_put_down(worker, value, handle);
}

static unsigned give_handle(void *worker, const struct far_value *value, uint64_t handle)
{
    return worker_handle_give(worker, value, handle);
}

static unsigned give_handle_of(void *worker, const struct far_value *value, uint64_t handle, const struct far_value *of,
                               uint64_t parent)
{
    return worker_handle_give_of(worker, value, handle, of, parent);
}

static void wrote(void *worker, uint64_t at, uint64_t bytes)
{
    distant_wrote(worker, at, bytes);
}

const struct walk_hooks serve_hooks = {
    .wrote = wrote,
    .shares = shares,
    .granted = granted,
    .may_name = may_name,
    .may_read = may_read,
    .handle_begin = begin_handle,
    .handle_end = end_handle,
    .handle_put_down = put_down_handle,
    .handle_give = give_handle,
    .handle_give_of = give_handle_of,
    .in_function = callback_in,
    .give_function = function_give,
    .out_descriptor = descriptor_out,
    .in_descriptor = descriptor_in,
    .drop_descriptor = descriptor_drop,
};

/* A call in the worker's own memory. */
struct walking {
    struct worker *worker;
    const struct far_plan *plan;
    uint64_t function;
    struct walk walk;
    struct far_registers registers;
    int error;
};

/* A string that is shared is not copied, so it does not come as a word that the walk knows: a client copies it. */
static void snapshot(struct walking *walking)
{
    for (unsigned i = 0; i < walking->plan->param_count; i++) {
        const struct far_plan_param *param = &walking->plan->param[i];
        uint64_t word = __atomic_load_n(far_astack_word(walking->worker->astack, param->astack), __ATOMIC_RELAXED);
        bool plain = param->passing == FAR_PASS_VALUE || param->passing == FAR_PASS_FLOAT;
        walking->walk.line[i] = plain ? word & param->mask : word;
    }
}

static void invoke(void *argument)
{
    struct walking *walking = argument;
    errno = 0;
    values_invoke(walking->function, &walking->plan->placement, &walking->registers);
    walking->error = errno;
}

static char *area_of(const struct worker *worker, uint64_t base)
{
    return (char *)worker->astack + FAR_ASTACK_AREA + base;
}

/* Only the result register, and of it only the bits that mean something, leaves this domain. */
static unsigned answer(struct walking *walking, char *area)
{
    const struct far_plan *plan = walking->plan;
    uint64_t word,
        floating = plan->result == FAR_PASS_FLOAT ? walking->registers.result.floating & plan->result_mask : 0;
    values_take_result(&plan->placement, &walking->registers, &walking->walk);
    walking->walk.result =
        far_extend(walking->walk.result & plan->result_mask, plan->result_width, plan->result_signed);
    descriptors_expect(walking->worker, true);
    unsigned status = walk_reply(&walking->walk, area, &word);
    if (status)
        descriptors_stay(walking->worker);
    else
        status = descriptors_go(walking->worker, true);
    if (!status)
        serve_reply(&walking->worker->astack->reply, FAR_CALL_DONE, word, floating, walking->error);
    return status;
}

static unsigned run(struct walking *walking, uint64_t base)
{
    struct worker *worker = walking->worker;
    char *area = area_of(worker, base);
    uint32_t lent = descriptors_expect(worker, true);
    unsigned status = walk_receive(&walking->walk, area);
    status = status ? status : values_put(&walking->plan->placement, &walking->walk, &walking->registers);
    if (!status && worker_is_cut_off(worker))
        status = FAR_CALL_NOT_GRANTED;
    if (status) {
        walk_end(&walking->walk, false);
        descriptors_return(worker, lent);
        return status;
    }
    uint64_t outer = worker->area_end;
    if (!worker->entry) /* a batch has all of its own in use */
        worker->area_end = base + walking->walk.end;
    status = guard_run(invoke, walking, &worker->call);
    worker->area_end = outer;
    if (!status)
        status = answer(walking, area);
    walk_end(&walking->walk, true); /* whether a handle was released before a call broke off is unknown: then it was */
    descriptors_return(worker, lent);
    return status;
}

unsigned serve_walking(struct worker *worker, const struct far_plan *plan, uint64_t function)
{
    const struct far_iface *iface = worker->host->iface;
    uint64_t base = worker_area_base(worker);
    struct walking walking = {
        .worker = worker,
        .plan = plan,
        .function = function,
        .walk = {.of = {iface, iface_result(iface, plan->op), plan->param_count},
                 .hooks = &serve_hooks,
                 .context = worker,
                 .memory = &worker->walk,
                 .kept = client_kept(worker->client),
                 .descriptors = worker->host->plans.descriptors,
                 .notes = worker->away != NULL,
                 .area_at = base,
                 .capacity = worker_area_limit(worker) - base},
    };
    if (!walking.walk.kept)
        return FAR_CALL_NO_MEMORY;
    snapshot(&walking);
    unsigned status = run(&walking, base);
    walk_memory_reset(&worker->walk);
    return status;
}
