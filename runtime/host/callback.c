/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A service calls a function of its client's: from a thunk, through the A-stack of the call that is being served, to the
 * client's thread that waits for it. Meanwhile calls may come from there; they are served here, on this stack.
 *
 * The service has been given an ordinary C function, which cannot fail in a way of its own. Where it cannot be called (no
 * client's call is being served on this thread, another's is, it has ended, it refuses) it returns zero, does nothing,
 * and is counted.
 */
#include "runtime/host/callback.h"

#include "runtime/callback.h"
#include "runtime/host/away.h"
#include "runtime/host/descriptors.h"
#include "runtime/host/functions.h"
#include "runtime/host/thunk.h"
#include "runtime/lib/values.h"

#include <errno.h>
#include <string.h>

static __thread struct worker *serving;
static uint64_t lost;

void callbacks_of(struct worker *worker)
{
    serving = worker;
}

uint64_t callbacks_lost(void)
{
    return __atomic_load_n(&lost, __ATOMIC_RELAXED);
}

unsigned callback_in(void *context, const struct walk *walk, uint64_t word, const struct far_callback *callback,
                     uint64_t *address)
{
    const struct worker *worker = context;
    const struct far_callback *first = iface_callback(walk->of.iface, 0);
    if (function_given(worker, word, (uint32_t)(callback - first), address))
        return FAR_CALL_DONE;
    struct thunk_target target = {worker->client, (uint32_t)word - FAR_FUNCTION_FIRST, (uint32_t)(callback - first),
                                  client_user(worker->client)};
    if (word < FAR_FUNCTION_FIRST || word > FAR_FUNCTION_LAST)
        return FAR_CALL_BAD_ARGUMENT;
    client_gives_function(worker->client);
    *address = thunk_get(&target);
    return *address ? FAR_CALL_DONE : FAR_CALL_NO_MEMORY;
}

/* --- handles that a client's function gives --- */

struct held_handle {
    struct held_handle *next;
    const struct far_value *value;
    uint64_t handle;
};

/*
 * The function has given it, and the operation goes on with it. Without memory to remember that, it stays in use: its client
 * cannot release it then, which harms nobody else.
 */
static void hold_handle(void *context, const struct far_value *value, uint64_t handle)
{
    struct worker *worker = context;
    bool release = value->flags & FAR_VALUE_RELEASE;
    struct held_handle *held = release ? NULL : walk_take(&worker->held.memory, sizeof *held);
    if (release)
        worker_handle_end(worker, value, handle);
    if (!held)
        return;
    *held = (struct held_handle){worker->held.first, value, handle};
    worker->held.first = held;
    worker->more_to_do = true;
}

void callbacks_let_go(struct worker *worker)
{
    for (const struct held_handle *held = worker->held.first; held; held = held->next)
        worker_handle_end(worker, held->value, held->handle);
    worker->held.first = NULL;
    walk_memory_free(&worker->held.memory);
}

static struct walk_hooks hooks_of_functions(void)
{
    struct walk_hooks hooks = serve_hooks;
    hooks.handle_end = hold_handle;
    return hooks;
}

/* --- one call of a client's function --- */

struct calling {
    struct worker *worker;
    struct thunk_target target;
    const struct far_callback *callback;
    struct far_placement placement;
    struct walk walk;
    struct walk_memory memory;
    struct walk_results results;
    uint64_t head; /* where in the area the head lies */
    char *message; /* what goes in pieces; NULL: it lies in the area */
    uint64_t sent; /* of that */
    uint64_t answer;
    uint64_t error; /* the function's errno */
};

static char *area_of(const struct worker *worker)
{
    return (char *)worker->astack + FAR_ASTACK_AREA;
}

static unsigned take_arguments(struct calling *calling, const struct far_frame *frame)
{
    const struct walk *walk = &calling->walk;
    uint32_t at;
    if (placement_of(calling_of(FAR_ABI_MACHINE), walk->of.iface, walk->of.function, walk->of.count,
                     &calling->placement, &at) != 0)
        return FAR_CALL_NOT_CARRIED;
    return values_take(&calling->placement, frame, &calling->walk);
}

/* Behind the head. */
static uint64_t room_of(const struct calling *calling)
{
    return calling->worker->size - FAR_ASTACK_AREA - calling->head - sizeof(struct far_callback_head);
}

static char *message_area(const struct calling *calling)
{
    return area_of(calling->worker) + calling->head + sizeof(struct far_callback_head);
}

/* While there is more to come, all the room is taken. */
static uint64_t end_in_area(const struct calling *calling)
{
    uint64_t end = calling->head + sizeof(struct far_callback_head);
    if (!calling->message)
        return end + calling->walk.end;
    return calling->sent < calling->walk.end ? end + room_of(calling) : end;
}

static void put_piece(struct calling *calling)
{
    uint64_t left = calling->walk.end - calling->sent, room = room_of(calling);
    uint64_t bytes = left < room ? left : room;
    memcpy(message_area(calling), calling->message + calling->sent, bytes);
    calling->sent += bytes;
    if (calling->worker->away)
        distant_wrote(calling->worker, calling->head + sizeof(struct far_callback_head), bytes);
}

/* The memory is this call's alone, and new: what is not written in it is zero. */
static unsigned put_message(struct calling *calling)
{
    if (calling->walk.end <= room_of(calling)) {
        calling->walk.notes = calling->worker->away != NULL;
        calling->walk.area_at = calling->head + sizeof(struct far_callback_head);
        walk_put(&calling->walk, message_area(calling));
        return FAR_CALL_DONE;
    }
    if (walk_brings_back(&calling->walk) || room_of(calling) < FAR_CALLBACK_PIECE_LEAST)
        return FAR_CALL_TOO_MUCH;
    calling->message = walk_take(&calling->memory, calling->walk.end);
    if (!calling->message)
        return FAR_CALL_NO_MEMORY;
    walk_put(&calling->walk, calling->message);
    put_piece(calling);
    return FAR_CALL_DONE;
}

static unsigned send(struct calling *calling)
{
    struct worker *worker = calling->worker;
    char *area = area_of(worker);
    struct far_callback_head head = {.function = (uint16_t)calling->target.function,
                                     .callback = calling->target.callback};
    uint64_t room = worker->size - FAR_ASTACK_AREA;
    calling->head = worker->area_end;
    if (room - calling->head < sizeof head)
        return FAR_CALL_TOO_MUCH;
    calling->walk.capacity = FAR_CALLBACK_BYTES_MAX;
    unsigned status = walk_send(&calling->walk);
    status = status ? status : put_message(calling);
    if (status)
        return status;
    head.bytes = calling->walk.end;
    head.back = (uint16_t)calling->walk.back;
    memcpy(head.line, calling->walk.line, sizeof head.line);
    memcpy(area + calling->head, &head, sizeof head);
    if (worker->away)
        distant_wrote(worker, calling->head, sizeof head);
    return descriptors_go(worker, false);
}

static void ask(const struct calling *calling)
{
    struct far_reply_line *reply = &calling->worker->astack->reply;
    __atomic_store_n(&reply->status, FAR_STATUS_CALLBACK, __ATOMIC_RELAXED);
    __atomic_store_n(&reply->result, calling->head, __ATOMIC_RELAXED);
    if (calling->worker->away)
        distant_in_callback(calling->worker, 1);
    worker_publish(calling->worker);
}

static void next_piece(struct calling *calling)
{
    struct worker *worker = calling->worker;
    put_piece(calling);
    worker->area_end = end_in_area(calling);
    __atomic_store_n(&worker->astack->reply.status, FAR_STATUS_PIECE, __ATOMIC_RELAXED);
    worker_publish(worker);
}

/* Calls of the client's function, until it has answered. False: it never will. */
static bool await_answer(struct calling *calling)
{
    struct worker *worker = calling->worker;
    uint64_t outer = worker->area_end;
    bool answered = false;
    worker->area_end = end_in_area(calling);
    while (worker_next_message(worker)) {
        uint32_t slot = __atomic_load_n(&worker->astack->call.slot, __ATOMIC_RELAXED);
        answered = slot == FAR_SLOT_ANSWER;
        if (answered)
            break;
        if (slot == FAR_SLOT_MORE && calling->message && calling->sent < calling->walk.end)
            next_piece(calling);
        else
            worker_serve_nested(worker);
    }
    worker->area_end = outer;
    if (worker->away)
        distant_in_callback(worker, -1);
    return answered;
}

static unsigned take_answer(struct calling *calling)
{
    const uint64_t *argument = calling->worker->astack->call.argument;
    uint64_t word = __atomic_load_n(&argument[0], __ATOMIC_RELAXED);
    calling->error = __atomic_load_n(&argument[2], __ATOMIC_RELAXED);
    if (__atomic_load_n(&argument[1], __ATOMIC_RELAXED) != FAR_CALL_DONE) {
        descriptors_forget(calling->worker);
        return FAR_CALL_NOT_CARRIED;
    }
    descriptors_expect(calling->worker, false);
    walk_memory_reset(&calling->worker->answers);
    calling->walk.capacity = room_of(calling);
    unsigned status = walk_accept(&calling->walk, message_area(calling), word);
    descriptors_settle(calling->worker, status == FAR_CALL_DONE);
    calling->answer = calling->walk.of.function->value.passing == FAR_PASS_FLOAT ? word : calling->walk.result;
    return status;
}

static bool is_callable(const struct worker *worker, const struct thunk_target *target)
{
    return worker && target->client == worker->client && !worker_is_finished(worker) && !worker_is_cut_off(worker);
}

static unsigned call_client(struct calling *calling, struct far_frame *frame)
{
    struct worker *worker = calling->worker;
    const struct far_iface *iface = worker->host->iface;
    const struct walk_hooks hooks = hooks_of_functions();
    calling->callback = iface_callback(iface, calling->target.callback);
    calling->results = (struct walk_results){.call = &worker->answers};
    calling->memory = (struct walk_memory){.keep = worker->walk.keep, .charge = worker->walk.charge};
    calling->walk = (struct walk){
        .of = {iface, iface_callback_param(iface, calling->callback, 0), calling->callback->param_count},
        .hooks = &hooks,
        .context = worker,
        .memory = &calling->memory,
        .results = &calling->results,
        .gives_back = client_kept(worker->client),
        .function = FAR_FUNCTION_FIRST + calling->target.function,
        .hands_over = true,
    };
    descriptors_expect(worker, false);
    unsigned status = take_arguments(calling, frame);
    if (!status)
        status = send(calling);
    if (!status)
        ask(calling);
    if (!status && !await_answer(calling))
        status = FAR_CALL_ENDED_THREAD;
    if (!status)
        status = take_answer(calling);
    if (!status)
        values_give_result(&calling->placement, &calling->walk, frame);
    walk_end(&calling->walk, true);
    walk_memory_free(&calling->memory);
    return status;
}

static void give_result(const struct calling *calling, struct far_frame *frame)
{
    const struct far_value *result = &calling->walk.of.function->value;
    if (result->passing == FAR_PASS_FLOAT)
        frame->float_result = calling->answer;
    else if (!far_is_by_value(result))
        frame->result = calling->answer;
}

void far_thunk_called(struct far_frame *frame, uint32_t number)
{
    struct calling calling = {.worker = serving};
    int saved = errno;
    frame->result = frame->second_result = frame->float_result = 0;
    memset(frame->more_float_results, 0, sizeof frame->more_float_results);
    memset(frame->float_result_highs, 0, sizeof frame->float_result_highs);
    if (!thunk_target(number, &calling.target) || !is_callable(serving, &calling.target) ||
        call_client(&calling, frame) != FAR_CALL_DONE)
        __atomic_add_fetch(&lost, 1, __ATOMIC_RELAXED);
    else
        give_result(&calling, frame);
    /* As if the function had run here. */
    errno = calling.error > 0 && calling.error < 4096 ? (int)calling.error : saved;
}
