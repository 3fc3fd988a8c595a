/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/callback.h"

#include "runtime/callback.h"
#include "runtime/lib/away.h"
#include "runtime/lib/call.h"
#include "runtime/lib/function.h"
#include "runtime/lib/given.h"
#include "runtime/lib/map.h"
#include "runtime/lib/passing.h"
#include "runtime/lib/values.h"
#include "runtime/walk/walk.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

/* One function of ours that is to run, all of it private memory. */
struct running {
    struct far_binding *binding;
    struct far_channel *channel;
    struct far_callback_head head;
    uint64_t at;   /* where in the area the head lies */
    char *message; /* what came in pieces; NULL: it lies in the area */
    uint64_t room; /* behind the head */
    uint32_t deadline_ms;
    int failed; /* as callbacks_serve(): there is nobody to be answered */
    uint64_t function;
    struct walk walk;
    struct walk_results results; /* for what it is handed over */
    struct far_placement placement;
    struct far_registers registers;
    int error; /* the function's errno */
    uint64_t word;
    struct passing passing;
};

bool callback_is_asked(const struct far_channel *channel)
{
    return __atomic_load_n(&channel->astack->reply.status, __ATOMIC_RELAXED) == FAR_STATUS_CALLBACK;
}

unsigned callback_word(struct far_binding *binding, const struct far_iface *iface, uint64_t address,
                       const struct far_callback *callback, uint64_t *word)
{
    uint32_t index = (uint32_t)(callback - iface_callback(iface, 0));
    *word = given_word(binding, address, index);
    if (*word)
        return FAR_CALL_DONE;
    uint32_t number = function_number(&binding->functions, address, index);
    *word = FAR_FUNCTION_FIRST + number;
    return number ? FAR_CALL_DONE : FAR_CALL_NO_MEMORY;
}

/* What the service names must be its own, or what it shares with us: we would follow it. */
static bool may_name(void *context, uint64_t address, uint64_t bytes, bool written)
{
    const struct running *running = context;
    (void)written;
    return call_believes(running->binding, address, bytes);
}

static bool shares(void *context, uint64_t address, uint64_t bytes)
{
    const struct running *running = context;
    return domain_shares(running->binding, address, bytes);
}

static unsigned out_function(void *context, const struct walk *walk, uint64_t address,
                             const struct far_callback *callback, uint64_t *word)
{
    const struct running *running = context;
    return callback_word(running->binding, walk->of.iface, address, callback, word);
}

static unsigned in_function(void *context, const struct walk *walk, uint64_t word, const struct far_callback *callback,
                            uint64_t *address)
{
    (void)walk;
    return given_address(((const struct running *)context)->binding, word, callback, address);
}

static unsigned out_descriptor(void *context, const struct walk *walk, int descriptor, uint32_t *word)
{
    struct running *running = context;
    return passing_out(&running->passing, walk, descriptor, word);
}

static unsigned in_descriptor(void *context, const struct walk *walk, uint32_t word, int *descriptor)
{
    struct running *running = context;
    return passing_in(&running->passing, walk, running->channel, true, word, descriptor);
}

static void drop_descriptor(void *context, int descriptor)
{
    struct running *running = context;
    passing_drop(&running->passing, &running->walk, descriptor);
}

static void wrote(void *context, uint64_t at, uint64_t bytes)
{
    away_wrote(((const struct running *)context)->channel, at, bytes);
}

static const struct walk_hooks hooks = {.shares = shares,
                                        .may_name = may_name,
                                        .out_function = out_function,
                                        .in_function = in_function,
                                        .out_descriptor = out_descriptor,
                                        .in_descriptor = in_descriptor,
                                        .drop_descriptor = drop_descriptor,
                                        .wrote = wrote};

/* Behind everything that our call has there, and whole. */
static bool take_head(struct running *running)
{
    const struct far_channel *channel = running->channel;
    uint64_t room = channel->size - FAR_ASTACK_AREA;
    running->at = __atomic_load_n(&channel->astack->reply.result, __ATOMIC_RELAXED);
    if (running->at < channel->area_end || running->at > room || room - running->at < sizeof running->head ||
        running->at % FAR_ASTACK_ALIGN)
        return false;
    memcpy(&running->head, (const char *)channel->astack + FAR_ASTACK_AREA + running->at, sizeof running->head);
    running->room = room - running->at - sizeof running->head;
    if (running->head.callback >= running->binding->iface->callbacks.count)
        return false;
    running->function = function_address(&running->binding->functions, running->head.function, running->head.callback);
    return running->function != 0;
}

static char *behind_head(const struct running *running)
{
    return (char *)running->channel->astack + FAR_ASTACK_AREA + running->at + sizeof running->head;
}

static char *area_of(const struct running *running)
{
    return running->message ? running->message : behind_head(running);
}

static unsigned ask_for_more(struct running *running)
{
    struct far_channel *channel = running->channel;
    running->failed = call_go_on(channel, FAR_SLOT_MORE, running->deadline_ms);
    if (!running->failed && __atomic_load_n(&channel->astack->reply.status, __ATOMIC_RELAXED) != FAR_STATUS_PIECE)
        running->failed = EPROTO;
    return running->failed ? FAR_CALL_ENDED_THREAD : FAR_CALL_DONE;
}

/* What does not fit the area. How much that is, the head has said, once. */
static unsigned take_pieces(struct running *running)
{
    uint64_t bytes = running->head.bytes, taken = 0;
    unsigned status = FAR_CALL_DONE;
    if (bytes <= running->room)
        return FAR_CALL_DONE;
    if (bytes > FAR_CALLBACK_BYTES_MAX || running->room < FAR_CALLBACK_PIECE_LEAST)
        return FAR_CALL_BAD_ARGUMENT;
    running->message = walk_take(&far_thread->walk[far_thread->depth - 1].function, bytes);
    if (!running->message)
        return FAR_CALL_NO_MEMORY;
    while (!status && taken < bytes) {
        uint64_t left = bytes - taken, piece = left < running->room ? left : running->room;
        memcpy(running->message + taken, behind_head(running), piece);
        taken += piece;
        if (taken < bytes)
            status = ask_for_more(running);
    }
    return status;
}

/* What it takes, where the compiler of this program has it. */
static unsigned prepare(struct running *running)
{
    const struct walk *walk = &running->walk;
    uint32_t at;
    if (placement_of(calling_of(FAR_ABI_MACHINE), walk->of.iface, walk->of.function, walk->of.count,
                     &running->placement, &at) != 0)
        return FAR_CALL_NOT_CARRIED;
    return values_put(&running->placement, &running->walk, &running->registers);
}

static unsigned receive(struct running *running)
{
    const struct far_iface *iface = running->binding->iface;
    const struct far_callback *callback = iface_callback(iface, running->head.callback);
    running->results = (struct walk_results){.store = call_store(running->binding)};
    running->walk = (struct walk){
        .of = {iface, iface_callback_param(iface, callback, 0), callback->param_count},
        .hooks = &hooks,
        .context = running,
        .descriptors = running->binding->plans.descriptors,
        .memory = &far_thread->walk[far_thread->depth - 1].function,
        .results = &running->results,
        .gives_back = __atomic_load_n(&running->binding->kept, __ATOMIC_ACQUIRE),
        .function = running->function,
        .back = running->head.back,
        .hands_over = true,
        .notes = running->channel->away && !running->message, /* nothing comes back of what came in pieces */
        .area_at = running->at + sizeof running->head,
        .capacity = running->message ? running->head.bytes : running->room,
    };
    memcpy(running->walk.line, running->head.line, sizeof running->head.line);
    unsigned status = walk_receive(&running->walk, area_of(running));
    return status ? status : prepare(running);
}

/* All of it but what the function changes. */
static void let_witness(const struct running *running, struct far_witness *witness)
{
    witness->memory = running;
    witness->bytes = offsetof(struct running, registers);
    witness->sum = witness_sum(witness->memory, witness->bytes);
}

/* While it runs, calls of the same service go down the same channel, behind what lies there. */
static void run_function(struct running *running)
{
    struct far_channel *channel = running->channel;
    uint32_t depth = far_thread->depth;
    struct far_witness *witness = &far_thread->running[depth - 1].in_callback;
    uint64_t outer = channel->area_end;
    channel->area_end = running->at + sizeof running->head + (running->message ? 0 : running->walk.end);
    let_witness(running, witness);
    witness->area_end = channel->area_end;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    channel->in_callback++;
    errno = 0;
    values_invoke(running->function, &running->placement, &running->registers);
    running->error = errno;
    witness->sum = 0;
    thread_end_above(far_thread, depth);
    if (!channel->astack)
        return; /* closed meanwhile, and then forgotten whole */
    channel->in_callback--;
    channel->area_end = outer;
}

static unsigned reply(struct running *running)
{
    const struct far_value *result = &running->walk.of.function->value;
    values_take_result(&running->placement, &running->registers, &running->walk);
    unsigned status = walk_reply(&running->walk, area_of(running), &running->word);
    if (!status && passing_send(&running->passing, running->channel) != 0)
        status = FAR_CALL_BAD_DESCRIPTOR;
    passing_given(&running->passing);
    if (result->passing == FAR_PASS_FLOAT)
        running->word = far_extend(running->registers.result.floating, result->width, false);
    return status;
}

static unsigned run(struct running *running)
{
    if (!take_head(running))
        return FAR_CALL_BAD_ARGUMENT;
    unsigned status = take_pieces(running);
    status = status ? status : receive(running);
    bool called = status == FAR_CALL_DONE;
    if (called)
        run_function(running);
    if (called && !running->channel->astack)
        return FAR_CALL_ENDED_THREAD;
    if (called)
        status = reply(running);
    walk_end(&running->walk, called);
    return status;
}

static void put_answer(const struct running *running, unsigned status)
{
    uint64_t *argument = running->channel->astack->call.argument;
    argument[0] = status ? 0 : running->word;
    argument[1] = status;
    argument[2] = status ? 0 : (uint32_t)running->error;
}

static long milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What is left of it, at least a millisecond: an answer that is there is taken. 0: there is none. */
static uint32_t left_until(long until)
{
    long left = until ? until - milliseconds() : 0;
    return !until ? 0 : left > 0 ? (uint32_t)left : 1;
}

int callbacks_serve(struct far_channel *channel, struct far_binding *binding, uint32_t deadline_ms)
{
    int failed = 0;
    long until = deadline_ms ? milliseconds() + deadline_ms : 0;
    while (!failed && callback_is_asked(channel)) {
        if (until && milliseconds() >= until)
            return ETIMEDOUT; /* however often it asks */
        struct running running = {.binding = binding, .channel = channel, .deadline_ms = left_until(until)};
        struct walk_memory *memory = &far_thread->walk[far_thread->depth - 1].function;
        walk_memory_reset(memory); /* not after it only: the last one may have been jumped out of */
        unsigned status = run(&running);
        walk_memory_reset(memory);
        passing_end_lent(far_thread, far_thread->depth - 1);
        if (status)
            passing_forget(channel);
        if (!channel->astack || channel_lost(channel))
            return EHOSTDOWN;
        if (running.failed)
            return running.failed;
        put_answer(&running, status);
        failed = call_go_on(channel, FAR_SLOT_ANSWER, left_until(until));
    }
    return failed;
}

int callbacks_refuse(struct far_channel *channel)
{
    int failed;
    do {
        if (channel_lost(channel))
            return EHOSTDOWN;
        uint64_t *argument = channel->astack->call.argument;
        passing_forget(channel);
        argument[0] = argument[2] = 0;
        argument[1] = FAR_CALL_JUMPED;
        failed = call_go_on(channel, FAR_SLOT_ANSWER, 0);
    } while (!failed && callback_is_asked(channel));
    bool ended = !failed && __atomic_load_n(&channel->astack->reply.status, __ATOMIC_RELAXED) == FAR_CALL_ENDED_THREAD;
    return ended ? EHOSTDOWN : failed;
}
