/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Functions of this process's that code in a domain calls: outside, in the thread whose call it is, with that thread's own
 * memory, signals and rights. As runtime/lib/callback.c, and what the domain says is believed as little.
 */
#include "runtime/callback.h"
#include "runtime/lib/call.h"
#include "runtime/lib/callback.h"
#include "runtime/lib/function.h"
#include "runtime/lib/values.h"
#include "runtime/pku/inside.h"

#include <errno.h>
#include <string.h>

/* One function of ours that is to run. */
struct running {
    struct far_binding *binding;
    struct far_callback_head head;
    char *area; /* behind the head */
    uint64_t function;
    struct walk walk;
    struct walk_memory memory;
    struct walk_results results;
    struct far_placement placement;
    struct far_registers registers;
    int error;
    uint64_t word;
};

static bool may_name(void *binding, uint64_t address, uint64_t bytes, bool written)
{
    (void)written;
    return call_believes(binding, address, bytes);
}

static unsigned out_function(void *binding, const struct walk *walk, uint64_t address,
                             const struct far_callback *callback, uint64_t *word)
{
    return callback_word(binding, walk->of.iface, address, callback, word);
}

static const struct walk_hooks hooks = {.may_name = may_name, .out_function = out_function};

/* The word says where in the area, and is the domain's. */
static bool take_head(struct running *running, struct pku_arguments *area)
{
    uint64_t at = __atomic_load_n(&area->word[0], __ATOMIC_RELAXED), room = PKU_AREA_SIZE - sizeof *area;
    if (at > room || room - at < sizeof running->head || at % FAR_ASTACK_ALIGN)
        return false;
    char *message = (char *)(area + 1) + at;
    memcpy(&running->head, message, sizeof running->head);
    running->area = message + sizeof running->head;
    running->walk.capacity = room - at - sizeof running->head;
    if (running->head.callback >= running->binding->iface->callbacks.count)
        return false;
    running->function = function_address(&running->binding->functions, running->head.function, running->head.callback);
    return running->function != 0;
}

static unsigned receive(struct running *running)
{
    const struct far_iface *iface = running->binding->iface;
    const struct far_callback *callback = iface_callback(iface, running->head.callback);
    struct walk *walk = &running->walk;
    uint32_t at;
    running->results = (struct walk_results){.store = call_store(running->binding)};
    walk->of = (struct walk_signature){iface, iface_callback_param(iface, callback, 0), callback->param_count};
    walk->hooks = &hooks;
    walk->context = running->binding;
    walk->memory = &running->memory;
    walk->results = &running->results;
    walk->gives_back = __atomic_load_n(&running->binding->kept, __ATOMIC_ACQUIRE);
    walk->function = running->function;
    walk->back = running->head.back;
    walk->hands_over = true;
    memcpy(walk->line, running->head.line, sizeof running->head.line);
    unsigned status = walk_receive(walk, running->area);
    if (!status && placement_of(calling_of(FAR_ABI_MACHINE), iface, walk->of.function, walk->of.count,
                                &running->placement, &at) != 0)
        status = FAR_CALL_NOT_CARRIED;
    return status ? status : values_put(&running->placement, walk, &running->registers);
}

static unsigned run(struct running *running)
{
    unsigned status = receive(running);
    bool called = status == FAR_CALL_DONE;
    if (called) {
        const struct far_value *result = &running->walk.of.function->value;
        errno = 0;
        values_invoke(running->function, &running->placement, &running->registers);
        running->error = errno;
        values_take_result(&running->placement, &running->registers, &running->walk);
        status = walk_reply(&running->walk, running->area, &running->word);
        if (result->passing == FAR_PASS_FLOAT)
            running->word = far_extend(running->registers.result.floating, result->width, false);
    }
    walk_end(&running->walk, called);
    return status;
}

int64_t pku_call_back(struct pku_caller *caller, struct pku_context *context)
{
    struct pku_calling *calling = (struct pku_calling *)caller;
    struct pku_arguments *area = context->area;
    struct running running = {.binding = calling->binding};
    unsigned status = take_head(&running, area) ? run(&running) : FAR_CALL_BAD_ARGUMENT;
    walk_memory_free(&running.memory);
    area->word[0] = status ? 0 : running.word;
    area->word[1] = status ? 0 : (uint64_t)running.error;
    return status;
}
