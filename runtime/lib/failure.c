/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/failure.h"

#include "runtime/lib/values.h"

#include <errno.h>
#include <farcall/farcall.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_and_abort(const struct far_failure *failure)
{
    fprintf(stderr,
            "far: %s.%s could not complete: %s (%s); declare it far_fails(value) to get a value and errno instead\n",
            failure->service, failure->operation, failure->reason, strerror(failure->error));
    abort();
}

static far_failure_handler failure_handler = print_and_abort;

far_failure_handler far_set_failure_handler(far_failure_handler handler)
{
    return __atomic_exchange_n(&failure_handler, handler ? handler : print_and_abort, __ATOMIC_SEQ_CST);
}

uint64_t operation_fails(const struct far_failure *failure, const uint64_t *value)
{
    if (!value)
        __atomic_load_n(&failure_handler, __ATOMIC_SEQ_CST)(failure);
    errno = failure->error;
    return value ? *value : 0;
}

void call_fails(struct far_frame *frame, const struct far_binding *binding, const struct far_plan *plan, int error,
                const char *reason)
{
    bool has_value = plan && plan->op->flags & FAR_OP_HAS_FAILS;
    const struct far_failure failure = {binding->service, plan ? plan->name : "?", error, reason};
    frame->result = frame->float_result = operation_fails(&failure, has_value ? &plan->op->fails : NULL);
    if (plan)
        values_give_nothing(&plan->placement, plan->result_bytes, frame);
}

int call_status_error(uint32_t status, const char **reason)
{
    static const struct {
        int error;
        const char *text;
    } statuses[] = {
#define X(NAME, error, text) {error, text},
        FAR_CALL_STATUSES(X)
#undef X
    };
    if (status >= FAR_CALL_STATUS_COUNT) {
        *reason = "the host answered with a status that does not exist";
        return EPROTO;
    }
    *reason = statuses[status].text;
    return statuses[status].error;
}
