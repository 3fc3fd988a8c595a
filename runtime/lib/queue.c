/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* NAME_queued: the call is copied whole, by the interface record that the import library brings, and handed to fard. */
#include "runtime/lib/queue.h"

#include "runtime/lib/call.h"
#include "runtime/lib/error.h"
#include "runtime/lib/size.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

/* --- parameters --- */

struct packing {
    const struct far_plan *plan;
    uint64_t word[FAR_PARAM_MAX];
    struct far_sizes sizes;
};

static const void *memory_at(uint64_t word)
{
    return (const void *)(uintptr_t)word;
}

static int take_words(struct packing *packing, const struct far_frame *frame)
{
    for (uint32_t i = 0; i < packing->plan->param_count; i++) {
        const struct far_plan_param *param = &packing->plan->param[i];
        packing->word[i] = far_frame_word(frame, param->abi) & param->mask;
        packing->sizes.value[i] = packing->word[i];
        if (param->passing != FAR_PASS_STRING || !packing->word[i])
            continue;
        packing->sizes.bytes[i] = strnlen(memory_at(packing->word[i]), FAR_QUEUE_BYTES_MAX) + 1;
        if (packing->sizes.bytes[i] > FAR_QUEUE_BYTES_MAX)
            return E2BIG;
    }
    return 0;
}

/* Numbers that sizes depend on, read once. */
static void take_measures(struct packing *packing)
{
    for (uint32_t i = 0; i < packing->plan->param_count; i++) {
        uint64_t bytes = far_measured_bytes(packing->sizes.bytes[i]);
        if (packing->plan->param[i].measured && packing->word[i])
            memcpy(&packing->sizes.measured[i], memory_at(packing->word[i]), bytes);
    }
}

static int take_sizes(struct packing *packing)
{
    unsigned status = sizes_place(packing->plan, &packing->sizes, false);
    if (!status) {
        take_measures(packing);
        status = sizes_place(packing->plan, &packing->sizes, true);
    }
    return !status ? 0 : status == FAR_CALL_BAD_SIZE ? EINVAL : EFAULT;
}

/* A string may have changed since it was measured; a number that a size depends on too. */
static void put_memory(const struct packing *packing, uint32_t i, char *to)
{
    const struct far_plan_param *param = &packing->plan->param[i];
    uint64_t bytes = packing->sizes.bytes[i];
    memcpy(to, memory_at(packing->word[i]), bytes);
    if (param->passing == FAR_PASS_STRING)
        to[bytes - 1] = '\0';
    else if (param->measured)
        memcpy(to, &packing->sizes.measured[i], far_measured_bytes(bytes));
}

static int put_all(const struct packing *packing, char *bytes, size_t room, size_t *size)
{
    struct far_queue_param param[FAR_PARAM_MAX] = {0};
    uint32_t count = packing->plan->param_count;
    *size = count * sizeof *param;
    for (uint32_t i = 0; i < count; i++) {
        bool memory = far_by_reference(&packing->plan->param[i]);
        param[i].word = memory ? packing->word[i] != 0 : packing->word[i];
        if (!memory || !packing->word[i])
            continue;
        if (*size > room || packing->sizes.bytes[i] > room - *size)
            return E2BIG;
        param[i].offset = (uint32_t)*size;
        param[i].size = (uint32_t)packing->sizes.bytes[i];
        if (param[i].size)
            put_memory(packing, i, bytes + *size);
        *size += packing->sizes.bytes[i];
    }
    memcpy(bytes, param, count * sizeof *param);
    return 0;
}

static bool can_wait(const struct far_plan *plan)
{
    bool good = !plan->refusal && !(plan->flags & FAR_PLAN_WALK) && plan->op->flags & FAR_OP_QUEUED;
    for (uint32_t i = 0; good && i < plan->param_count; i++) {
        const struct far_plan_param *param = &plan->param[i];
        bool plain = param->passing == FAR_PASS_VALUE || param->passing == FAR_PASS_FLOAT;
        good = plain || (far_by_reference(param) && !(param->flags & FAR_VALUE_OUT));
    }
    return good;
}

int queue_pack(const struct far_plan *plan, const struct far_frame *frame, char *bytes, size_t room, size_t *size)
{
    struct packing packing = {.plan = plan};
    if (!can_wait(plan))
        return ENOTSUP;
    int failed = take_words(&packing, frame);
    failed = failed ? failed : take_sizes(&packing);
    return failed ? failed : put_all(&packing, bytes, room, size);
}

/* --- asking --- */

int queue_ask(enum far_message_type type, const struct iovec *body, int count, struct far_answer *answer, bool *again,
              struct far_error *error)
{
    sigset_t saved;
    int failed = -1;
    if (!far_thread_get())
        return far_fail(error, ENOMEM, EX_OSERR, "no memory");
    process_lock(&saved);
    for (int tries = 0; failed && tries < PROCESS_TRIES; tries++) {
        bool connected = far_process.connection.fd >= 0;
        if (again)
            *again = tries > 0;
        failed = process_connect(error);
        if (!failed)
            failed = connection_request(&far_process.connection, type, body, count, answer, error);
        if (failed && !process_was_cut_off(connected, error))
            break;
    }
    process_unlock(&saved);
    bool unreached =
        error->code == ECONNREFUSED || error->code == ENOENT || error->code == ECONNRESET || error->code == ETIMEDOUT;
    if (failed && unreached && far_process.connection.fd < 0)
        error->code = EHOSTDOWN;
    return failed;
}

static int put(const struct far_queue_call *call, const char *bytes, uint64_t *ticket)
{
    struct far_error error = {.code = ENOMEM};
    struct far_queue_ticket reply = {0};
    const struct iovec body[] = {{(void *)(uintptr_t)call, sizeof *call}, {(void *)(uintptr_t)bytes, call->bytes}};
    struct far_answer answer = {.body = &reply, .room = sizeof reply};
    int failed = queue_ask(FAR_MSG_QUEUE_PUT, body, 2, &answer, NULL, &error);
    *ticket = reply.ticket;
    if (failed)
        return error.code;
    return answer.size == sizeof reply && reply.ticket ? 0 : EPROTO;
}

static int describe(struct far_queue_call *call, const struct far_iface *iface, const struct far_op *op)
{
    const char *name = iface_string(iface, op->name);
    *call = (struct far_queue_call){
        .fingerprint = op->fingerprint,
        .major = iface->major,
        .minor = iface->minor,
        .flags = op->flags & FAR_OP_IDEMPOTENT ? FAR_QUEUE_IDEMPOTENT : 0,
        .param_count = op->param_count,
    };
    if (strlen(name) >= sizeof call->operation)
        return ENAMETOOLONG;
    strcpy(call->operation, name);
    strcpy(call->service, iface_string(iface, iface->service));
    return getrandom(call->mark, sizeof call->mark, 0) == sizeof call->mark ? 0 : EAGAIN;
}

/* Made for this one call: what writing to the disk takes is far more. */
static int pack_by_record(const struct far_iface *iface, const struct far_op *op, const struct far_frame *frame,
                          char *bytes, size_t *size)
{
    struct far_plans plans = {0};
    if (plans_from_iface(&plans, iface) != 0)
        return ENOMEM;
    int failed = queue_pack(plans.plan[op->slot], frame, bytes, FAR_QUEUE_BYTES_MAX, size);
    plans_free(&plans);
    return failed;
}

static int queue_call(const struct far_frame *frame, const struct far_iface *iface, const struct far_op *op,
                      uint64_t *ticket)
{
    struct far_queue_call call;
    size_t size = 0;
    char *bytes = malloc(FAR_QUEUE_BYTES_MAX);
    int failed = bytes ? describe(&call, iface, op) : ENOMEM;
    failed = failed ? failed : pack_by_record(iface, op, frame, bytes, &size);
    call.bytes = (uint32_t)size;
    failed = failed ? failed : put(&call, bytes, ticket);
    free(bytes);
    return failed;
}

uint64_t far_queued_call(const struct far_frame *frame, const struct far_import_queued *import, uint32_t index)
{
    uint64_t ticket = 0;
    int saved = errno;
    const struct far_op *op = iface_op_by_name(import->record, import_op_name(import->import.table, index));
    int failed = op ? queue_call(frame, import->record, op, &ticket) : ENOSYS;
    errno = failed ? failed : saved;
    return failed ? 0 : ticket;
}
