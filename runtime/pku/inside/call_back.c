/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A service in a domain calls a function of its caller's: as runtime/host/callback.c, but who is called runs in this very
 * thread, outside, while this call waits. The message lies in the area behind what the operation has there.
 */
#include "runtime/callback.h"
#include "runtime/lib/values.h"
#include "runtime/pku/inside/inside.h"

#include <errno.h>
#include <string.h>

#define THUNK_SIZE 16

unsigned pku_thunk_for(void *context, const struct walk *walk, uint64_t word, const struct far_callback *callback,
                       uint64_t *address)
{
    struct pku_inside *inside = context;
    const struct pku_thunk wanted = {(uint32_t)word - FAR_FUNCTION_FIRST,
                                     (uint32_t)(callback - iface_callback(walk->of.iface, 0))};
    uint32_t i = 0;
    if (word < FAR_FUNCTION_FIRST || word > FAR_FUNCTION_LAST)
        return FAR_CALL_BAD_ARGUMENT;
    while (i < inside->thunk_count &&
           (inside->thunk[i].function != wanted.function || inside->thunk[i].callback != wanted.callback))
        i++;
    if (i == PKU_THUNKS)
        return FAR_CALL_NO_MEMORY;
    if (i == inside->thunk_count)
        inside->thunk[inside->thunk_count++] = wanted;
    *address = (uint64_t)(uintptr_t)far_pku_thunks + (uint64_t)i * THUNK_SIZE;
    return FAR_CALL_DONE;
}

struct calling {
    struct pku_thread *thread;
    const struct pku_thunk *target;
    const struct far_placement *placement;
    struct walk_memory memory;
    struct walk_results results;
    struct walk walk;
    uint64_t answer;
    int error;
};

static unsigned send(struct calling *calling, char *at, uint64_t room)
{
    struct far_callback_head head = {.function = (uint16_t)calling->target->function,
                                     .callback = calling->target->callback};
    if (room < sizeof head)
        return FAR_CALL_TOO_MUCH;
    calling->walk.capacity = room - sizeof head;
    unsigned status = walk_send(&calling->walk);
    if (status)
        return status;
    for (unsigned i = 0; i < FAR_PARAM_MAX; i++)
        head.line[i] = calling->walk.line[i];
    head.back = (uint16_t)calling->walk.back;
    *(struct far_callback_head *)(void *)at = head;
    walk_put(&calling->walk, at + sizeof head);
    return FAR_CALL_DONE;
}

static unsigned take_answer(struct calling *calling, char *at)
{
    const struct pku_arguments *area = calling->thread->area;
    uint64_t word = area->word[0];
    calling->error = (int)area->word[1];
    walk_memory_reset(calling->results.call);
    unsigned status = walk_accept(&calling->walk, at + sizeof(struct far_callback_head), word);
    calling->answer = calling->walk.of.function->value.passing == FAR_PASS_FLOAT ? word : calling->walk.result;
    return status;
}

static unsigned cross(struct calling *calling, struct far_frame *frame)
{
    struct pku_arguments *area = calling->thread->area;
    const struct pku_inside *inside = calling->thread->inside;
    uint64_t at = (area->walked.end + FAR_ASTACK_ALIGN - 1) & ~(uint64_t)(FAR_ASTACK_ALIGN - 1);
    uint64_t room = inside->area_size - sizeof *area;
    char *message = (char *)(area + 1) + at;
    unsigned status = at > room ? FAR_CALL_TOO_MUCH : values_take(calling->placement, frame, &calling->walk);
    status = status ? status : send(calling, message, room - at);
    if (!status && pku_ask(PKU_ASKED_CALL_BACK, at, 0) != 0)
        status = FAR_CALL_NOT_CARRIED;
    status = status ? status : take_answer(calling, message);
    if (!status)
        values_give_result(calling->placement, &calling->walk, frame);
    return status;
}

static unsigned call(struct calling *calling, struct far_frame *frame)
{
    struct pku_inside *inside = calling->thread->inside;
    const struct far_callback *callback = iface_callback(inside->iface, calling->target->callback);
    struct walk_hooks hooks = {0};
    pku_hooks_fill(&hooks);
    calling->placement = &inside->placement[calling->target->callback];
    calling->results.call = (struct walk_memory *)(void *)calling->thread->answers;
    calling->walk.of =
        (struct walk_signature){inside->iface, iface_callback_param(inside->iface, callback, 0), callback->param_count};
    calling->walk.hooks = &hooks;
    calling->walk.context = inside;
    calling->walk.memory = &calling->memory;
    calling->walk.results = &calling->results;
    calling->walk.gives_back = inside->kept;
    calling->walk.function = FAR_FUNCTION_FIRST + calling->target->function;
    calling->walk.hands_over = true;
    unsigned status = cross(calling, frame);
    walk_end(&calling->walk, true);
    walk_memory_free(&calling->memory);
    return status;
}

/* Where it cannot be called it returns zero, as in a host. */
void far_pku_thunk_called(struct far_frame *frame, uint32_t number)
{
    struct pku_thread *thread = pku_self();
    const struct pku_inside *inside = thread->inside;
    int saved = errno;
    frame->result = frame->second_result = frame->float_result = 0;
    for (unsigned i = 0; i < sizeof frame->more_float_results / sizeof *frame->more_float_results; i++)
        frame->more_float_results[i] = 0;
    memset(frame->float_result_highs, 0, sizeof frame->float_result_highs);
    if (number >= inside->thunk_count)
        return;
    struct calling calling = {.thread = thread, .target = &inside->thunk[number]};
    unsigned status = call(&calling, frame);
    const struct far_value *result = &calling.walk.of.function->value;
    if (!status && result->passing == FAR_PASS_FLOAT)
        frame->float_result = calling.answer;
    else if (!status && !far_is_by_value(result))
        frame->result = calling.answer;
    errno = !status && calling.error > 0 && calling.error < 4096 ? calling.error : saved;
}
