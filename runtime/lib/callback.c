/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/callback.h"

#include "runtime/callback.h"
#include "runtime/lib/call.h"
#include "runtime/lib/function.h"
#include "runtime/lib/map.h"
#include "runtime/lib/values.h"
#include "runtime/walk/walk.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* One function of ours that is to run, all of it private memory. */
struct running {
    struct far_binding *binding;
    struct far_channel *channel;
    struct far_callback_head head;
    uint64_t at; /* where in the area the head lies */
    uint64_t function;
    struct walk walk;
    struct far_placement placement;
    struct far_registers registers;
    int error; /* the function's errno */
    uint64_t word;
};

bool callback_is_asked(const struct far_channel *channel)
{
    return __atomic_load_n(&channel->astack->reply.status, __ATOMIC_RELAXED) == FAR_STATUS_CALLBACK;
}

unsigned callback_word(struct far_binding *binding, const struct far_iface *iface, uint64_t address,
                       const struct far_callback *callback, uint64_t *word)
{
    uint32_t number = function_number(&binding->functions, address, (uint32_t)(callback - iface_callback(iface, 0)));
    *word = FAR_FUNCTION_FIRST + number;
    return number ? FAR_CALL_DONE : FAR_CALL_NO_MEMORY;
}

/* What the service names must be its own, or what it shares with us: we would follow it. */
static bool may_name(void *binding, uint64_t address, uint64_t bytes, bool written)
{
    (void)written;
    return call_believes(binding, address, bytes);
}

static bool shares(void *binding, uint64_t address, uint64_t bytes)
{
    return domain_shares(binding, address, bytes);
}

static unsigned out_function(void *binding, const struct walk *walk, uint64_t address,
                             const struct far_callback *callback, uint64_t *word)
{
    return callback_word(binding, walk->of.iface, address, callback, word);
}

static const struct walk_hooks hooks = {.shares = shares, .may_name = may_name, .out_function = out_function};

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
    if (running->head.callback >= running->binding->iface->callbacks.count)
        return false;
    running->function = function_address(&running->binding->functions, running->head.function, running->head.callback);
    return running->function != 0;
}

static char *area_of(const struct running *running)
{
    return (char *)running->channel->astack + FAR_ASTACK_AREA + running->at + sizeof running->head;
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
    running->walk = (struct walk){
        .of = {iface, iface_callback_param(iface, callback, 0), callback->param_count},
        .hooks = &hooks,
        .context = running->binding,
        .memory = &far_thread->walk[far_thread->depth - 1].function,
        .capacity = running->channel->size - FAR_ASTACK_AREA - running->at - sizeof running->head,
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
    channel->area_end = running->at + sizeof running->head + running->walk.end;
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
    if (result->passing == FAR_PASS_FLOAT)
        running->word = far_extend(running->registers.result.floating, result->width, false);
    return status;
}

static unsigned run(struct running *running)
{
    if (!take_head(running))
        return FAR_CALL_BAD_ARGUMENT;
    unsigned status = receive(running);
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

int callbacks_serve(struct far_channel *channel, struct far_binding *binding, uint32_t deadline_ms)
{
    int failed = 0;
    while (!failed && callback_is_asked(channel)) {
        struct running running = {.binding = binding, .channel = channel};
        struct walk_memory *memory = &far_thread->walk[far_thread->depth - 1].function;
        walk_memory_reset(memory); /* not after it only: the last one may have been jumped out of */
        unsigned status = run(&running);
        walk_memory_reset(memory);
        if (!channel->astack || channel_lost(channel))
            return EHOSTDOWN;
        put_answer(&running, status);
        failed = call_go_on(channel, FAR_SLOT_ANSWER, deadline_ms);
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
        argument[0] = argument[2] = 0;
        argument[1] = FAR_CALL_JUMPED;
        failed = call_go_on(channel, FAR_SLOT_ANSWER, 0);
    } while (!failed && callback_is_asked(channel));
    bool ended = !failed && __atomic_load_n(&channel->astack->reply.status, __ATOMIC_RELAXED) == FAR_CALL_ENDED_THREAD;
    return ended ? EHOSTDOWN : failed;
}
