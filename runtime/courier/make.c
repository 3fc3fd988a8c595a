/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* One call: as the client's program would have made it, by the stub of the operation, through the gate for clients at level none. */
#include "runtime/courier/courier.h"

#include "runtime/format/stub.h"
#include "runtime/lib/error.h"
#include "runtime/lib/size.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* --- binding --- */

static int bind_service(struct courier_service *service, const struct far_queue_call *call, struct far_error *error)
{
    struct far_import_one import;
    uint64_t stub;
    sigset_t saved;
    import_one(&import, call->service, call->major, call->minor, call->operation, call->fingerprint);
    if (!far_thread_get())
        return far_fail(error, ENOMEM, EX_OSERR, "no memory");
    process_lock(&saved);
    int failed = binding_make(&import.table, &stub, &service->binding, error);
    process_unlock(&saved);
    if (!failed && !service->binding)
        return far_fail(error, ENOENT, EX_UNAVAILABLE, "service %s: nobody has registered it", call->service);
    return failed;
}

/* The operation, if it is what the client was linked against. */
static const struct far_op *find_operation(const struct far_iface *iface, const struct far_queue_call *call)
{
    const struct far_op *op = iface_op_by_name(iface, call->operation);
    return op && op->fingerprint == call->fingerprint && op->param_count == call->param_count ? op : NULL;
}

static enum courier_outcome is_another(const struct far_queue_call *call, struct far_error *error)
{
    far_fail(error, EPROTOTYPE, EX_PROTOCOL,
             "operation %s of service %s is not what the program was linked against that queued the call",
             call->operation, call->service);
    return COURIER_FAILED;
}

/* --- the way --- */

static bool cannot_ever(const struct far_error *error)
{
    return error->code == EPROTOTYPE || error->code == EINVAL || error->code == EACCES || error->code == EPERM ||
           error->code == ENOSYS || error->code == ENOTSUP;
}

/* The first place of the binding's promises, which the call then takes with its channel. */
static int open_channel(struct far_binding *binding, const struct far_plan *plan, struct far_error *error)
{
    struct far_promise *promise = promise_take(binding, plan);
    if (!promise)
        return far_fail(error, errno, EX_OSERR, "no memory for a call");
    int failed = call_have_room(binding, &promise->channel, FAR_QUEUE_BYTES_MAX * 2, error);
    promise_free(promise);
    return failed;
}

enum courier_outcome ready_to_make(struct courier_service *service, const struct courier_call *call,
                                   struct far_error *error)
{
    int failed = service->binding ? 0 : bind_service(service, &call->call, error);
    if (failed)
        return cannot_ever(error) ? COURIER_FAILED : COURIER_AWAY;
    const struct far_op *op = find_operation(service->binding->iface, &call->call);
    const struct far_plan *plan = op ? binding_plan(service->binding, op->slot) : NULL;
    if (!op)
        return is_another(&call->call, error);
    if (!plan || plan->refusal) {
        far_fail(error, plan ? ENOTSUP : ENOMEM, EX_UNAVAILABLE, "operation %s: %s", call->call.operation,
                 plan ? plan->refusal : "no memory");
        return plan ? COURIER_FAILED : COURIER_AWAY;
    }
    failed = open_channel(service->binding, plan, error);
    return !failed ? COURIER_READY : cannot_ever(error) ? COURIER_FAILED : COURIER_AWAY;
}

/* --- the call --- */

/* A frame as the calling convention has it, and copies of the memory that its words lead to. */
struct arguments {
    struct far_frame frame;
    uint64_t stack[FAR_PROMISE_STACK];
    void *copy[FAR_PARAM_MAX];
};

static void free_copies(struct arguments *arguments)
{
    for (size_t i = 0; i < FAR_PARAM_MAX; i++)
        free(arguments->copy[i]);
}

/* A word of its own, so that whoever reads beyond it is found out. A string ends, whatever it was. */
static uint64_t copy_memory(struct arguments *arguments, uint32_t i, const struct far_queue_param *param,
                            const char *memory)
{
    if (!param->word)
        return 0;
    char *copy = malloc((size_t)param->size + 1);
    arguments->copy[i] = copy;
    if (!copy)
        return 0;
    memcpy(copy, memory + param->offset, param->size);
    copy[param->size] = '\0';
    return (uint64_t)(uintptr_t)copy;
}

static void put_word(struct arguments *arguments, struct far_where where, uint64_t word)
{
    uint64_t *words = where.place == FAR_PLACE_INTEGER ? arguments->frame.integer
                      : where.place == FAR_PLACE_FLOAT ? arguments->frame.floats
                                                       : arguments->stack;
    words[where.index] = word;
}

/* What the interface would read must be there: sizes are worked out again, from these words. */
static int put_arguments(struct arguments *arguments, const struct far_plan *plan, const struct courier_call *call)
{
    struct far_queue_param param[FAR_PARAM_MAX];
    memcpy(param, call->memory, plan->param_count * sizeof *param);
    if (plan->placement.taken.words > FAR_PROMISE_STACK)
        return ENOTSUP;
    for (uint32_t i = 0; i < plan->param_count; i++) {
        bool memory = far_by_reference(&plan->param[i]);
        if (memory ? !param[i].word != !param[i].offset : param[i].offset != 0)
            return EINVAL;
        uint64_t word = memory ? copy_memory(arguments, i, &param[i], call->memory) : param[i].word;
        if (memory && param[i].word && !word)
            return ENOMEM;
        put_word(arguments, plan->param[i].abi, word);
    }
    arguments->frame.stack = arguments->stack;
    return 0;
}

/* By the same function that took them from the program: what it would pack now is what it packed then, or they are not sound. */
static int check_sizes(const struct arguments *arguments, const struct far_plan *plan, const struct courier_call *call)
{
    struct far_queue_param param[FAR_PARAM_MAX];
    struct far_sizes sizes = {0};
    memcpy(param, call->memory, plan->param_count * sizeof *param);
    for (uint32_t i = 0; i < plan->param_count; i++) {
        const struct far_plan_param *of = &plan->param[i];
        sizes.value[i] = far_frame_word(&arguments->frame, of->abi) & of->mask;
        if (of->passing == FAR_PASS_STRING && sizes.value[i])
            sizes.bytes[i] = strlen(arguments->copy[i]) + 1;
        if (of->measured && arguments->copy[i])
            memcpy(&sizes.measured[i], arguments->copy[i], far_measured_bytes(param[i].size));
    }
    unsigned status = sizes_place(plan, &sizes, false);
    status = status ? status : sizes_place(plan, &sizes, true);
    for (uint32_t i = 0; !status && i < plan->param_count; i++)
        if (far_by_reference(&plan->param[i]) && sizes.value[i] && sizes.bytes[i] > param[i].size)
            return EINVAL;
    return status ? EINVAL : 0;
}

static void fail(struct far_queue_mark *mark, enum far_queue_mark_kind kind, int error, const char *reason)
{
    mark->kind = kind;
    mark->error = error;
    snprintf(mark->reason, sizeof mark->reason, "%s: %s", reason, strerror(error));
}

/* What says that nothing was begun says no more; what says that the call broke off says nothing of the operation. */
static void no_promise(struct far_queue_mark *mark)
{
    bool passes = errno == EHOSTDOWN || errno == EAGAIN || errno == ENOMEM || errno == EDQUOT;
    fail(mark, passes ? FAR_QUEUE_MARK_RETURNED : FAR_QUEUE_MARK_FAILED, errno, "the call could not be begun");
}

static void no_answer(struct far_queue_mark *mark)
{
    bool unknown = errno == EHOSTDOWN || errno == ETIMEDOUT || errno == EPROTO;
    if (unknown)
        fail(mark, FAR_QUEUE_MARK_INTERRUPTED, errno, "the call was begun and broke off");
    else
        fail(mark, FAR_QUEUE_MARK_FAILED, errno, "the call could not be completed");
}

static void make_it(struct far_binding *binding, const struct far_plan *plan, const struct arguments *arguments,
                    struct far_queue_mark *mark)
{
    bool data = plan->op->flags & FAR_OP_DATA_SHIPPED;
    uint64_t stub =
        binding->part[data ? FAR_PART_DSTUBS : FAR_PART_FSTUBS].address + (uint64_t)plan->op->slot * FAR_STUB_SIZE;
    struct far_import import = {.stub = &stub};
    struct far_promise *promise = far_async_call(&arguments->frame, &import, 0);
    if (!promise) {
        no_promise(mark);
        return;
    }
    errno = 0;
    if (far_claim(promise, &mark->result) != 0) {
        mark->result = 0;
        no_answer(mark);
        return;
    }
    mark->kind = FAR_QUEUE_MARK_DONE;
    mark->error = errno;
    mark->result_width = plan->result == FAR_PASS_VOID ? 0 : plan->result_width;
}

void make_call(const struct courier_service *service, struct courier_call *call, struct far_queue_mark *mark)
{
    static struct arguments arguments;
    const struct far_op *op = find_operation(service->binding->iface, &call->call);
    const struct far_plan *plan = binding_plan(service->binding, op->slot);
    memset(&arguments, 0, sizeof arguments);
    int failed = put_arguments(&arguments, plan, call);
    failed = failed ? failed : check_sizes(&arguments, plan, call);
    if (failed)
        fail(mark, FAR_QUEUE_MARK_FAILED, failed, "its parameters are not sound");
    else
        make_it(service->binding, plan, &arguments, mark);
    free_copies(&arguments);
}
