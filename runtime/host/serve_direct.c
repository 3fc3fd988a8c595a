/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Calls whose words the operation gets as they are: plain values, and addresses of memory that is where the client says and
 * stays there while the call lasts. Nothing is copied, placed or put away, so the guard around the worker's loop is enough.
 * Whatever is not as it should be is left to serve.c, which begins anew and says what it is.
 */
#include "runtime/host/serve.h"

#include <errno.h>

/* What the expression would say: serve.c evaluates it where this refuses. */
static bool simple_size(const struct far_plan_param *param, const uint64_t *value, uint64_t *bytes)
{
    const struct far_expr *of = param->size_of;
    *bytes = param->size_scale;
    if (!of)
        return true;
    uint64_t number = far_extend(value[of->index], of->width, of->flags & FAR_EXPR_SIGNED);
    if (of->flags & FAR_EXPR_SIGNED && (int64_t)number < 0)
        return false;
    return !__builtin_mul_overflow(number, param->size_scale, bytes) && *bytes <= FAR_ASTACK_MAX;
}

static bool may_lead(const struct worker *worker, const struct far_plan_param *param, const uint64_t *value,
                     uint64_t address)
{
    uint64_t bytes;
    if (param->passing == FAR_PASS_GLOBAL)
        return worker_may_name(worker, address, param->target_size, param->flags & FAR_VALUE_OUT);
    if (!simple_size(param, value, &bytes))
        return false;
    if (!address)
        return bytes == 0 || param->flags & FAR_VALUE_OPTIONAL;
    return worker_shares(worker, address, bytes ? bytes : 1);
}

/* Each read once: what is checked is what the operation gets. */
static bool take_words(const struct worker *worker, const struct far_plan *plan, uint64_t value[FAR_ASTACK_REGISTERS])
{
    for (unsigned i = 0; i < plan->astack.integers; i++) {
        const struct far_plan_param *param = &plan->param[i];
        uint64_t word = serve_read_once(&worker->astack->call.argument[i]);
        bool plain = param->passing == FAR_PASS_VALUE || param->passing == FAR_PASS_WITHHELD;
        value[i] = plain ? serve_plain_value(param, word) : word;
    }
    for (unsigned rest = plan->addressed; rest; rest &= rest - 1) {
        unsigned i = (unsigned)__builtin_ctz(rest);
        if (!may_lead(worker, &plan->param[i], value, value[i]))
            return false;
    }
    return true;
}

CALLS_SEGMENT static void call(struct worker *worker, const struct far_plan *plan, uint64_t function,
                               const uint64_t value[FAR_ASTACK_REGISTERS])
{
    errno = 0;
    uint64_t result =
        ((far_plain_function *)(uintptr_t)function)(value[0], value[1], value[2], value[3], value[4], value[5]);
    int error = errno;
    worker_let_go(worker);
    if (plan->result == FAR_PASS_VOID)
        result = 0;
    serve_reply(&worker->astack->reply, FAR_CALL_DONE, result & plan->result_mask, 0, error);
}

bool serve_direct(struct worker *worker, const struct far_plan *plan, uint64_t function)
{
    uint64_t value[FAR_ASTACK_REGISTERS] = {0};
    if (!(plan->flags & FAR_PLAN_DIRECT_HOST))
        return false;
    worker_hold(worker);
    bool taken = take_words(worker, plan, value);
    if (taken && !worker_is_cut_off(worker)) {
        call(worker, plan, function, value);
        return true;
    }
    worker_let_go(worker);
    if (taken)
        serve_reply(&worker->astack->reply, FAR_CALL_NOT_GRANTED, 0, 0, 0);
    return taken;
}
