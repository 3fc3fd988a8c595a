/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * One call, host side. What the client wrote is read once, into private memory, and checked there; the operation sees
 * only that. In order, as each step trusts the one before:
 *
 *     slot → words → plain values, addresses → sizes of the first group → copy → sizes that depend on it → copy →
 * handles → call → copy out → reply
 *
 * What lies in the client's own domain segment, if the client lets this service reach it and the service trusts the
 * client, is not copied: the operation gets the client's address. Nor is what any client has granted, where the interface says
 * far_granted.
 */
#include "runtime/host/serve.h"
#include "runtime/batch.h"
#include "runtime/callback.h"
#include "runtime/host/away.h"
#include "runtime/host/batch.h"
#include "runtime/host/borrowing.h"
#include "runtime/host/cancel.h"
#include "runtime/host/descriptors.h"
#include "runtime/host/domain.h"
#include "runtime/host/functions.h"
#include "runtime/host/grant.h"
#include "runtime/host/guard.h"

#include <errno.h>
#include <string.h>

/* A call in the worker's own memory. */
struct serving {
    struct worker *worker;
    const struct far_plan *plan;
    uint64_t integer[FAR_ABI_INTEGERS]; /* as far_invoke() takes them */
    uint64_t floats[FAR_ABI_FLOATS];
    uint64_t stack[FAR_PARAM_MAX];
    uint64_t word[FAR_PARAM_MAX]; /* by parameter, as the client wrote it */
    struct far_sizes sizes;
    uint64_t base; /* of its part of the area: in front of it lies what it is nested in */
};

static char *area_of(const struct serving *serving)
{
    return (char *)serving->worker->astack + FAR_ASTACK_AREA + serving->base;
}

static uint64_t *place_for(struct serving *serving, const struct far_plan_param *param)
{
    uint64_t *to = param->abi.place == FAR_PLACE_INTEGER ? serving->integer
                   : param->abi.place == FAR_PLACE_FLOAT ? serving->floats
                                                         : serving->stack;
    return &to[param->abi.index];
}

static void snapshot(struct serving *serving)
{
    for (unsigned i = 0; i < serving->plan->param_count; i++) {
        const struct far_plan_param *param = &serving->plan->param[i];
        serving->word[i] = serve_read_once(far_astack_word(serving->worker->astack, param->astack));
        *place_for(serving, param) = serving->word[i];
    }
}

/*
 * Is that memory which the operation may be handed as it is? Only of a trusted client: it can change everything while the
 * operation looks at it, and lead it anywhere by the pointers in it.
 */
bool worker_shares(const struct worker *worker, uint64_t address, uint64_t size)
{
    if (worker->away) /* what was sent is this host's own: nobody changes it while the call lasts */
        return borrowing_covers(worker, address, size);
    return worker->level == FAR_LEVEL_TRUSTED && domain_covers(worker->domain, address, size);
}

bool worker_may_name(const struct worker *worker, uint64_t address, uint64_t size, bool written)
{
    const struct far_extent *part = worker->host->part;
    if (address == 0 || (worker->level == FAR_LEVEL_TRUSTED && worker_shares(worker, address, size)))
        return true;
    if (worker->level < FAR_LEVEL_READ || (written && worker->level < FAR_LEVEL_TRUSTED))
        return false;
    if (far_inside(&part[FAR_PART_DATA], address, size) || far_inside(&part[FAR_PART_HEAP], address, size))
        return true;
    return worker->level == FAR_LEVEL_TRUSTED && !written && far_inside(&part[FAR_PART_CONST], address, size);
}

/* Of any client: the interface says that the operation takes what may change at any time. */
static bool is_granted(const struct serving *serving, unsigned i, uint64_t bytes)
{
    const struct far_plan_param *param = &serving->plan->param[i];
    return param->flags & FAR_VALUE_GRANTED && (serving->word[i] & (param->align - 1u)) == 0 &&
           grant_take(serving->worker, serving->word[i], bytes, param->writes);
}

static bool may_be_direct(const struct serving *serving, unsigned i, uint64_t bytes)
{
    return worker_shares(serving->worker, serving->word[i], bytes) || is_granted(serving, i, bytes);
}

/* Not there any more, or not yet: nothing has been called, and the client copies instead. */
static unsigned refuse_shared(const struct serving *serving, unsigned i, unsigned otherwise)
{
    uint64_t word = serving->word[i];
    bool possible = serving->worker->level == FAR_LEVEL_TRUSTED || serving->worker->away ||
                    serving->plan->param[i].flags & FAR_VALUE_GRANTED;
    bool meant = possible && word >= FAR_WINDOW_BEGIN && word < FAR_WINDOW_END;
    return meant ? FAR_CALL_NOT_SHARED : otherwise;
}

static unsigned check_buffer(struct serving *serving, unsigned i)
{
    uint64_t word = serving->sizes.value[i] = serving->word[i];
    if (word <= 1)
        return FAR_CALL_DONE;
    serving->sizes.direct[i] = !serving->plan->param[i].measured && may_be_direct(serving, i, 1);
    return serving->sizes.direct[i] ? FAR_CALL_DONE : refuse_shared(serving, i, FAR_CALL_BAD_ARGUMENT);
}

static unsigned check_string(struct serving *serving, unsigned i)
{
    uint64_t word = serving->sizes.value[i] = serving->sizes.bytes[i] = serving->word[i];
    if (word <= FAR_STRING_LIMIT)
        return FAR_CALL_DONE;
    if (!worker_shares(serving->worker, word, 1))
        return refuse_shared(serving, i, FAR_CALL_BAD_SIZE);
    uint64_t room =
        serving->worker->away ? borrowing_room(serving->worker, word) : domain_room(serving->worker->domain, word);
    room = room < FAR_STRING_LIMIT ? room : FAR_STRING_LIMIT;
    uint64_t length = strnlen((const char *)(uintptr_t)word, room);
    serving->sizes.direct[i] = true;
    serving->sizes.bytes[i] = length + 1;
    return length < room ? FAR_CALL_DONE : FAR_CALL_BAD_STRING;
}

static unsigned check_word(struct serving *serving, unsigned i)
{
    const struct far_plan_param *param = &serving->plan->param[i];
    uint64_t word = serving->word[i];
    switch (param->passing) {
    case FAR_PASS_VALUE:
    case FAR_PASS_FLOAT:
    case FAR_PASS_WITHHELD:
        *place_for(serving, param) = serving->sizes.value[i] = serve_plain_value(param, word);
        return FAR_CALL_DONE;
    case FAR_PASS_GLOBAL:
        return worker_may_name(serving->worker, word, param->target_size, param->flags & FAR_VALUE_OUT) ||
                       is_granted(serving, i, param->target_size)
                   ? FAR_CALL_DONE
                   : FAR_CALL_BAD_ARGUMENT;
    case FAR_PASS_BUFFER:
        return check_buffer(serving, i);
    case FAR_PASS_STRING:
        return check_string(serving, i);
    case FAR_PASS_HANDLE: /* whether it was given: last of all */
        return word || param->flags & FAR_VALUE_OPTIONAL ? FAR_CALL_DONE : FAR_CALL_BAD_ARGUMENT;
    default:
        return FAR_CALL_DONE;
    }
}

static unsigned check_words(struct serving *serving)
{
    unsigned status = FAR_CALL_DONE;
    for (unsigned i = 0; i < serving->plan->param_count && !status; i++)
        status = check_word(serving, i);
    return status;
}

static bool has_bytes(const struct serving *serving, unsigned i, bool late)
{
    const struct far_plan_param *param = &serving->plan->param[i];
    return far_by_reference(param) && param->late == late && serving->sizes.bytes[i] && !serving->sizes.direct[i];
}

/* What has come straight into the arena (away.h); NULL: all lies in the area. */
static const struct away_aside *aside_of(const struct serving *serving)
{
    const struct worker *worker = serving->worker;
    return worker->away && worker->away->aside.count && !serving->base && !worker->entry ? &worker->away->aside : NULL;
}

static uint64_t end_aside(const struct serving *serving)
{
    const struct away_aside *aside = aside_of(serving);
    const struct wire_extent *last = aside ? &aside->item[aside->count - 1] : NULL;
    return last ? last->offset + last->bytes : 0;
}

/* The rest of them out of the area, into the arena. */
static void copy_from_area(const struct serving *serving, uint64_t at, uint64_t bytes)
{
    const struct away_aside *aside = aside_of(serving);
    const char *area = area_of(serving);
    char *arena = serving->worker->arena.base;
    uint64_t end = at + bytes;
    for (uint32_t i = 0; aside && i < aside->count && at < end && aside->item[i].offset < end; i++) {
        const struct wire_extent *there = &aside->item[i];
        if (there->offset > at)
            memcpy(arena + at, area + at, there->offset - at);
        if (there->offset + there->bytes > at)
            at = there->offset + there->bytes;
    }
    if (at < end)
        memcpy(arena + at, area + at, end - at);
}

static unsigned copy_in(struct serving *serving, unsigned i)
{
    const struct far_plan_param *param = &serving->plan->param[i];
    uint64_t offset = serving->sizes.offset[i], bytes = serving->sizes.bytes[i];
    char *to = serving->worker->arena.base + offset;
    if (param->passing == FAR_PASS_BUFFER && !(param->flags & FAR_VALUE_IN))
        memset(to, 0, bytes); /* nothing of an earlier call may come out of it */
    else
        copy_from_area(serving, offset, bytes);
    if (param->measured)
        memcpy(&serving->sizes.measured[i], to, far_measured_bytes(bytes));
    return param->passing == FAR_PASS_STRING && to[bytes - 1] != '\0' ? FAR_CALL_BAD_STRING : FAR_CALL_DONE;
}

/* Now that its size is known: all of it, not only its first byte. */
static unsigned check_shared(const struct serving *serving, bool late)
{
    for (unsigned i = 0; i < serving->plan->param_count; i++)
        if (serving->sizes.direct[i] && serving->plan->param[i].late == late &&
            !may_be_direct(serving, i, serving->sizes.bytes[i]))
            return FAR_CALL_BAD_ARGUMENT;
    return FAR_CALL_DONE;
}

static unsigned take_group(struct serving *serving, bool late)
{
    struct worker *worker = serving->worker;
    uint64_t before = serving->sizes.end, aside = end_aside(serving);
    unsigned status = sizes_place(serving->plan, &serving->sizes, late);
    if (!status)
        status = check_shared(serving, late);
    if (status)
        return status;
    if (serving->sizes.end > worker_area_limit(worker) - serving->base)
        return FAR_CALL_BAD_SIZE;
    if (arena_reserve(&worker->arena, serving->sizes.end + FAR_ASTACK_ALIGN, before > aside ? before : aside) != 0)
        return FAR_CALL_NO_MEMORY;
    for (unsigned i = 0; i < serving->plan->param_count && !status; i++)
        if (has_bytes(serving, i, late))
            status = copy_in(serving, i);
    return status;
}

/* A pointer to no bytes must still be no NULL if the client's was none. */
static void point_into_arena(struct serving *serving)
{
    for (unsigned i = 0; i < serving->plan->param_count; i++) {
        const struct far_plan_param *param = &serving->plan->param[i];
        if (!far_by_reference(param) || serving->sizes.direct[i])
            continue;
        bool present = serving->sizes.value[i] != 0;
        *place_for(serving, param) =
            present ? (uint64_t)(uintptr_t)(serving->worker->arena.base + serving->sizes.offset[i]) : 0;
    }
}

/*
 * A trusted client has objects of the service that no call gave it: an operation that is a branch there made them. What it
 * may change itself it may hand over, so nothing of that is counted; what lies elsewhere is.
 */
static bool is_counted(const struct worker *worker, uint64_t value)
{
    const struct far_extent *part = worker->host->part;
    return worker->level != FAR_LEVEL_TRUSTED ||
           !(far_inside(&part[FAR_PART_DATA], value, 1) || far_inside(&part[FAR_PART_HEAP], value, 1) ||
             far_inside(&part[FAR_PART_CONST], value, 1));
}

static struct handle_name name_of(const struct worker *worker, const struct far_value *value, uint64_t handle)
{
    return (struct handle_name){handle, handle_type_of(&worker->host->handle_types, value)};
}

unsigned worker_handle_begin(struct worker *worker, const struct far_value *value, uint64_t handle)
{
    if (!is_counted(worker, handle))
        return FAR_CALL_DONE;
    return handle_begin(worker->client, name_of(worker, value, handle), value->flags & FAR_VALUE_RELEASE);
}

void worker_handle_end(struct worker *worker, const struct far_value *value, uint64_t handle)
{
    if (is_counted(worker, handle))
        handle_end(worker->client, name_of(worker, value, handle), value->flags & FAR_VALUE_RELEASE);
}

void worker_handle_put_down(struct worker *worker, const struct far_value *value, uint64_t handle)
{
    if (is_counted(worker, handle))
        handle_put_down(worker->client, name_of(worker, value, handle));
}

unsigned worker_handle_give(struct worker *worker, const struct far_value *value, uint64_t handle)
{
    bool fine = !is_counted(worker, handle) || handle_give(worker->client, name_of(worker, value, handle)) == 0;
    return fine ? FAR_CALL_DONE : FAR_CALL_NO_MEMORY;
}

unsigned worker_handle_give_of(struct worker *worker, const struct far_value *value, uint64_t handle,
                               const struct far_value *of, uint64_t parent)
{
    const struct handle_name name = name_of(worker, value, handle);
    bool fine = !is_counted(worker, handle) || handle_give_of(worker->client, name, name_of(worker, of, parent)) == 0;
    return fine ? FAR_CALL_DONE : FAR_CALL_NO_MEMORY;
}

/* What the record says of a parameter that is a handle; NULL: it is none, or there is none. */
static const struct far_value *handle_at(const struct serving *serving, unsigned i)
{
    const struct far_plan *plan = serving->plan;
    if (plan->param[i].passing != FAR_PASS_HANDLE || !serving->word[i])
        return NULL;
    return &iface_param(serving->worker->host->iface, plan->op, i)->value;
}

/* returned: what the operation has; NULL: it broke off, and whether a handle was released before is unknown: then it was. */
static void end_handles(struct serving *serving, const uint64_t *returned)
{
    const struct far_iface *iface = serving->worker->host->iface;
    const struct far_value *result = &iface_result(iface, serving->plan->op)->value;
    for (unsigned i = 0; i < serving->plan->param_count; i++) {
        const struct far_value *value = handle_at(serving, i);
        if (value && returned && far_release_is_refused(iface, value, result, *returned))
            worker_handle_put_down(serving->worker, value, serving->word[i]);
        else if (value)
            worker_handle_end(serving->worker, value, serving->word[i]);
    }
}

/* Those begun before one that is refused are only put down again: nothing was called that could have released them. */
static void put_down_handles(struct serving *serving, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct far_value *value = handle_at(serving, i);
        if (value)
            worker_handle_put_down(serving->worker, value, serving->word[i]);
    }
}

static unsigned begin_handles(struct serving *serving)
{
    for (unsigned i = 0; i < serving->plan->param_count; i++) {
        const struct far_value *value = handle_at(serving, i);
        unsigned status = value ? worker_handle_begin(serving->worker, value, serving->word[i]) : FAR_CALL_DONE;
        if (!status)
            continue;
        put_down_handles(serving, i);
        return status;
    }
    return FAR_CALL_DONE;
}

static void copy_out(const struct serving *serving)
{
    for (unsigned i = 0; i < serving->plan->param_count; i++) {
        const struct far_plan_param *param = &serving->plan->param[i];
        uint64_t offset = serving->sizes.offset[i];
        if (param->passing != FAR_PASS_BUFFER || !(param->flags & FAR_VALUE_OUT) || !has_bytes(serving, i, param->late))
            continue;
        if (serving->worker->away)
            distant_wrote(serving->worker, serving->base + offset, serving->sizes.bytes[i]);
        memcpy(area_of(serving) + offset, serving->worker->arena.base + offset, serving->sizes.bytes[i]);
    }
}

void serve_reply(struct far_reply_line *line, unsigned status, uint64_t result, uint64_t float_result, int error)
{
    __atomic_store_n(&line->status, status, __ATOMIC_RELAXED);
    __atomic_store_n(&line->result, result, __ATOMIC_RELAXED);
    __atomic_store_n(&line->float_result, float_result, __ATOMIC_RELAXED);
    __atomic_store_n(&line->error, error, __ATOMIC_RELAXED);
}

/* A handle that is the result, before those end that it may end with. */
static unsigned give_result(const struct serving *serving, uint64_t handle)
{
    const struct far_value *value = &iface_result(serving->worker->host->iface, serving->plan->op)->value;
    if (value->passing != FAR_PASS_HANDLE || !handle)
        return FAR_CALL_DONE;
    if (value->lifetime != FAR_LIFETIME_HANDLE)
        return worker_handle_give(serving->worker, value, handle);
    const struct far_value *parent =
        &iface_param(serving->worker->host->iface, serving->plan->op, value->lifetime_of)->value;
    return worker_handle_give_of(serving->worker, value, handle, parent, serving->word[value->lifetime_of]);
}

/* Only the result register, and of it only the bits that mean something, leaves this domain. */
static void reply_result(struct serving *serving, const struct invoked *invoked, unsigned status, int error)
{
    const struct far_plan *plan = serving->plan;
    uint64_t integer = plan->result == FAR_PASS_VOID || plan->result == FAR_PASS_FLOAT ? 0 : invoked->integer;
    uint64_t floating = plan->result == FAR_PASS_FLOAT ? invoked->floating : 0;
    serve_reply(&serving->worker->astack->reply, status, integer & plan->result_mask, floating & plan->result_mask,
                error);
}

static unsigned serve_prepared(struct serving *serving)
{
    unsigned status = check_words(serving);
    if (!status && serving->plan->flags & FAR_PLAN_BY_REFERENCE)
        status = take_group(serving, false);
    if (!status && serving->plan->flags & FAR_PLAN_BY_REFERENCE)
        status = take_group(serving, true);
    return status ? status : begin_handles(serving);
}

/* An operation about to be called by all its registers. */
struct invocation {
    const struct serving *serving;
    uint64_t function;
    struct invoked invoked;
    int error;
};

/* After all of a call was read, and before it is made: what was read may be scrap (scrap.c), which is nobody's word. */
bool worker_is_cut_off(const struct worker *worker)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __builtin_expect(__atomic_load_n(&worker->cut_off, __ATOMIC_RELAXED), 0);
}

static void invoke(void *argument)
{
    struct invocation *invocation = argument;
    const struct serving *serving = invocation->serving;
    errno = 0;
    far_invoke(invocation->function, serving->integer, serving->floats, serving->stack,
               serving->plan->placement.taken.words, &invocation->invoked);
    invocation->error = errno;
}

void worker_hold(struct worker *worker)
{
    worker->domain = domain_enter(&worker->holder, worker->connection);
    worker->holding = true;
}

void worker_let_go(struct worker *worker)
{
    if (worker->holding)
        domain_leave(&worker->holder, worker->domain);
    worker->holding = false;
    worker->domain = NULL;
}

static void let_go(struct worker *worker)
{
    worker_let_go(worker);
    grants_let_go(worker);
}

static unsigned serve_any(struct worker *worker, const struct far_plan *plan, uint64_t function)
{
    struct serving serving = {.worker = worker, .plan = plan, .base = worker_area_base(worker)};
    struct invocation invocation = {.serving = &serving, .function = function};
    snapshot(&serving);
    unsigned status = serve_prepared(&serving);
    if (!status && worker_is_cut_off(worker)) {
        put_down_handles(&serving, plan->param_count);
        status = FAR_CALL_NOT_GRANTED;
    }
    if (status)
        return status;
    point_into_arena(&serving);
    uint64_t outer = worker->area_end;
    if (!worker->entry) /* a batch has all of its own in use */
        worker->area_end = serving.base + serving.sizes.end;
    status = guard_run(invoke, &invocation, &worker->call);
    worker->area_end = outer;
    unsigned given = status ? status : give_result(&serving, invocation.invoked.integer);
    if (!status)
        copy_out(&serving);
    end_handles(&serving, status ? NULL : &invocation.invoked.integer);
    let_go(worker); /* a lock between the reply's words and its number would cost another transfer of their line */
    if (!status)
        reply_result(&serving, &invocation.invoked, given, invocation.error);
    if (worker->arena.size > worker->keep)
        arena_free(&worker->arena);
    return status;
}

/* Held while the call lasts: what it was given does not vanish under it. */
static unsigned serve_holding(struct worker *worker, const struct far_plan *plan, uint64_t function)
{
    worker_hold(worker);
    unsigned status =
        plan->flags & FAR_PLAN_WALK ? serve_walking(worker, plan, function) : serve_any(worker, plan, function);
    let_go(worker);
    return status;
}

static unsigned serve_in_time(struct worker *worker, const struct far_plan *plan, uint64_t function)
{
    if (!plan->op->deadline_ms)
        return serve_holding(worker, plan, function);
    struct worker_deadline outer = cancel_begin(worker, plan->op->deadline_ms);
    unsigned status = serve_holding(worker, plan, function);
    cancel_end(worker, outer);
    return status;
}

/*
 * Plain values in registers and nothing to check: an ordinary call, with registers that no parameter uses as they are.
 * Nothing to put away either when it breaks off, so the guard around the worker's loop is enough.
 */
CALLS_SEGMENT static void serve_plain(struct worker *worker, const struct far_plan *plan, uint64_t function)
{
    uint64_t argument[FAR_ASTACK_REGISTERS] = {0};
    for (unsigned i = 0; i < plan->astack.integers; i++)
        argument[i] = serve_plain_value(&plan->param[i], serve_read_once(&worker->astack->call.argument[i]));
    if (worker_is_cut_off(worker)) {
        serve_reply(&worker->astack->reply, FAR_CALL_NOT_GRANTED, 0, 0, 0);
        return;
    }
    errno = 0;
    uint64_t result = ((far_plain_function *)(uintptr_t)function)(argument[0], argument[1], argument[2], argument[3],
                                                                  argument[4], argument[5]);
    if (plan->result == FAR_PASS_VOID)
        result = 0;
    serve_reply(&worker->astack->reply, FAR_CALL_DONE, result & plan->result_mask, 0, errno);
}

void serve_broken(struct worker *worker, unsigned status)
{
    let_go(worker);
    serve_reply(&worker->astack->reply, status, 0, 0, 0);
}

static unsigned unknown_slot(uint32_t slot)
{
    return slot >= FAR_GIVEN_FIRST && slot <= FAR_GIVEN_LAST ? FAR_CALL_NOT_GIVEN : FAR_CALL_BAD_SLOT;
}

void serve_slot(struct worker *worker, uint32_t slot)
{
    const struct host *host = worker->host;
    uint64_t function = 0;
    bool is_operation = slot < host->plans.slot_count;
    const struct far_plan *plan = is_operation ? host->plans.plan[slot] : function_plan(worker, slot, &function);
    unsigned status = FAR_CALL_DONE;
    if (plan && is_operation)
        function = host->function[slot];
    if (!plan)
        status = slot == FAR_SLOT_BATCH ? serve_batch(worker) : unknown_slot(slot);
    else if (worker->allowed && is_operation && !worker->allowed[slot])
        status = FAR_CALL_NOT_GRANTED;
    else if (plan->op->flags & FAR_OP_ABSENT || !function)
        status = FAR_CALL_ABSENT;
    else if (plan->refusal)
        status = FAR_CALL_NOT_CARRIED;
    else if (plan->flags & FAR_PLAN_FAST_HOST && !domain_any())
        serve_plain(worker, plan, function);
    else if (!serve_direct(worker, plan, function))
        status = serve_in_time(worker, plan, function);
    if (status) {
        descriptors_forget(worker);
        serve_reply(&worker->astack->reply, status, 0, 0, 0);
    }
}

void serve_call(struct worker *worker)
{
    serve_slot(worker, __atomic_load_n(&worker->astack->call.slot, __ATOMIC_RELAXED));
}
