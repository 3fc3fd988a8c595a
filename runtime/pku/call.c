/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A call into a protection domain: parameters into its area, the operation, what comes out of it. Whatever cannot go this way
 * now goes by the process gate, to the service's host: a thread that finds another in a domain, a call that is too large,
 * an operation that is not neutral.
 */
#include "runtime/lib/call.h"
#include "runtime/lib/failure.h"
#include "runtime/lib/size.h"
#include "runtime/pku/inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool carries_param(const struct far_plan_param *param)
{
    switch (param->passing) {
    case FAR_PASS_VALUE:
    case FAR_PASS_FLOAT:
    case FAR_PASS_OPAQUE:
    case FAR_PASS_HANDLE:
    case FAR_PASS_GLOBAL:
    case FAR_PASS_BUFFER:
        return true;
    case FAR_PASS_STRING:
        return !(param->flags & FAR_VALUE_OUT);
    default:
        return false;
    }
}

static bool carries_result(unsigned passing)
{
    return passing == FAR_PASS_VOID || passing == FAR_PASS_VALUE || passing == FAR_PASS_FLOAT ||
           passing == FAR_PASS_OPAQUE || passing == FAR_PASS_HANDLE || passing == FAR_PASS_GLOBAL;
}

bool pku_carries(const struct far_plan *plan)
{
    bool carried = carries_result(plan->result) && !(plan->flags & FAR_PLAN_WALK) &&
                   plan->placement.taken.words <= PKU_STACK_WORDS;
    for (uint32_t i = 0; i < plan->param_count; i++)
        carried &= carries_param(&plan->param[i]);
    return carried;
}

/* One call's parameters. */
struct entering {
    const struct far_plan *plan;
    uint64_t word[FAR_PARAM_MAX];
    struct far_sizes sizes;
};

static void *pointer_from(uint64_t word)
{
    return (void *)(uintptr_t)word;
}

static int take_words(struct entering *entering, const struct far_frame *frame)
{
    for (uint32_t i = 0; i < entering->plan->param_count; i++) {
        const struct far_plan_param *param = &entering->plan->param[i];
        uint64_t word = entering->word[i] = entering->sizes.value[i] = far_frame_word(frame, param->abi) & param->mask;
        if (param->passing != FAR_PASS_STRING || !word)
            continue;
        entering->sizes.bytes[i] = strnlen(pointer_from(word), FAR_STRING_LIMIT) + 1;
        if (entering->sizes.bytes[i] > FAR_STRING_LIMIT)
            return E2BIG;
    }
    return 0;
}

static unsigned take_sizes(struct entering *entering)
{
    unsigned status = sizes_place(entering->plan, &entering->sizes, false);
    for (uint32_t i = 0; !status && i < entering->plan->param_count; i++)
        if (entering->plan->param[i].measured && entering->word[i])
            memcpy(&entering->sizes.measured[i], pointer_from(entering->word[i]),
                   far_measured_bytes(entering->sizes.bytes[i]));
    return status ? status : sizes_place(entering->plan, &entering->sizes, true);
}

/* A string may have changed since it was measured: its NUL is written, not copied. What only comes out begins as zeros. */
static void put_memory(const struct entering *entering, char *area)
{
    for (uint32_t i = 0; i < entering->plan->param_count; i++) {
        const struct far_plan_param *param = &entering->plan->param[i];
        uint64_t bytes = entering->sizes.bytes[i];
        char *to = area + entering->sizes.offset[i];
        if (!far_by_reference(param) || bytes == 0)
            continue;
        if (param->passing == FAR_PASS_STRING) {
            memcpy(to, pointer_from(entering->word[i]), bytes - 1);
            to[bytes - 1] = '\0';
        } else if (param->flags & FAR_VALUE_IN) {
            memcpy(to, pointer_from(entering->word[i]), bytes);
            if (param->measured)
                memcpy(to, &entering->sizes.measured[i], far_measured_bytes(bytes));
        } else {
            memset(to, 0, bytes);
        }
    }
}

static void put_words(const struct entering *entering, struct pku_arguments *arguments, uint64_t area)
{
    memset(arguments, 0, offsetof(struct pku_arguments, walked));
    for (uint32_t i = 0; i < entering->plan->param_count; i++) {
        const struct far_plan_param *param = &entering->plan->param[i];
        uint64_t *words = param->abi.place == FAR_PLACE_INTEGER ? arguments->integer
                          : param->abi.place == FAR_PLACE_FLOAT ? arguments->floats
                                                                : arguments->stack;
        uint64_t word = entering->word[i];
        if (param->passing == FAR_PASS_VALUE) /* as the ABI wants it; the rest of the caller's register is nobody's */
            word = far_extend(word, param->width, param->flags & FAR_VALUE_SIGNED);
        else if (far_by_reference(param) && word)
            word = area + entering->sizes.offset[i];
        words[param->abi.index] = word;
    }
    arguments->stack_count = entering->plan->placement.taken.words;
}

static void take_memory(const struct entering *entering, const char *area)
{
    for (uint32_t i = 0; i < entering->plan->param_count; i++) {
        const struct far_plan_param *param = &entering->plan->param[i];
        if (param->passing == FAR_PASS_BUFFER && param->flags & FAR_VALUE_OUT && entering->sizes.bytes[i])
            memcpy(pointer_from(entering->word[i]), area + entering->sizes.offset[i], entering->sizes.bytes[i]);
    }
}

/* The same rules as for an answer of the host: cut to its type, a pointer only into the service's memory. */
static int take_result(struct far_frame *frame, const struct far_binding *binding, const struct far_plan *plan,
                       const struct pku_outcome *outcome)
{
    const struct far_reply_line reply = {
        .result = outcome->result, .float_result = outcome->float_result, .error = outcome->error};
    return call_take_result(frame, binding, plan, &reply) ? 0 : EPROTO;
}

const char *pku_reason(enum pku_end end, struct pku_outcome *outcome)
{
    switch (end) {
    case PKU_FAULTED:
        return outcome->text[0] ? outcome->text : "the service's code crashed in its protection domain";
    case PKU_BROKEN:
        return "the service's code has crashed in its protection domain before";
    default:
        return FAR_REASON_LIE;
    }
}

/* The operation is carried out in full or not at all: -1, it goes by the process gate. 0, or an error number and *reason. */
static int run(struct entering *entering, struct far_frame *frame, struct far_binding *binding,
               struct pku_outcome *outcome, const char **reason)
{
    const struct far_plan *plan = entering->plan;
    struct pku_domain *domain = binding->pku->domain;
    struct pku_calling calling = {{pku_call_back}, binding};
    struct pku_context *context = pku_begin(domain, false);
    if (!context)
        return -1;
    char *area = (char *)(context->area + 1);
    context->used = sizeof *context->area + entering->sizes.end;
    put_memory(entering, area);
    put_words(entering, context->area, context->area_inside + sizeof *context->area);
    context->area->walked.end = entering->sizes.end;
    enum pku_end end = pku_run(domain, context, plan->op->slot, false, &calling.caller, outcome);
    if (end == PKU_RETURNED)
        take_memory(entering, area);
    pku_end_call(context);
    if (end == PKU_ELSEWHERE)
        return -1;
    *reason = pku_reason(end, outcome);
    return end == PKU_RETURNED ? take_result(frame, binding, plan, outcome) : EHOSTDOWN;
}

/* What may pass descriptors, or gives functions: both are the host's to make. */
static bool wants_the_host(const struct far_binding *binding, const struct far_plan *plan)
{
    return binding->plans.descriptors || plan->result == FAR_PASS_CALLBACK;
}

static bool goes_here(struct far_binding *binding, const struct far_plan *plan, uint32_t slot)
{
    return plan && !plan->refusal && slot <= FAR_SLOT_MAX && binding->pku->entry[slot] &&
           (pku_carries(plan) || !wants_the_host(binding, plan)) &&
           revoked_progress(&binding->revoked) == FAR_REVOKED_NOT;
}

static int call_plainly(struct far_frame *frame, struct far_binding *binding, const struct far_plan *plan,
                        struct pku_outcome *outcome, const char **reason)
{
    struct entering entering = {.plan = plan};
    if (take_words(&entering, frame) != 0 || take_sizes(&entering) != 0 ||
        entering.sizes.end > PKU_AREA_SIZE - sizeof(struct pku_arguments))
        return -1;
    return run(&entering, frame, binding, outcome, reason);
}

void far_pku_call(struct far_frame *frame, struct far_binding *binding, uint32_t slot)
{
    const struct far_plan *plan = binding_plan(binding, slot);
    struct pku_outcome outcome;
    const char *reason = NULL;
    int failed = -1;
    if (goes_here(binding, plan, slot))
        failed = pku_carries(plan) ? call_plainly(frame, binding, plan, &outcome, &reason)
                                   : pku_call_walking(frame, binding, plan, &outcome, &reason);
    if (failed < 0)
        far_process_call(frame, binding, slot); /* what is wrong with its arguments is said there */
    else if (failed)
        call_fails(frame, binding, plan, failed, reason);
}
