/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * One call whose parameters lead to more than plain bytes, in the domain: as runtime/host/serve_walk.c, between the area and
 * memory of the domain's. Here and outside it is the same walk, and neither side believes the other.
 */
#include "runtime/lib/values.h"
#include "runtime/pku/inside/inside.h"

#include <errno.h>

_Static_assert(sizeof(struct walk_memory) <= sizeof((struct pku_thread){0}.memory), "a call's memory is known there");

struct serving {
    const struct far_plan *plan;
    struct pku_walked *walked;
    char *area;
    uint64_t function;
    struct walk walk;
    struct far_registers registers;
    int error;
};

static bool is_inside(const struct far_extent *extent, uint64_t address, uint64_t bytes)
{
    return bytes <= extent->size && address >= extent->address && address - extent->address <= extent->size - bytes;
}

/* The service's own memory, by address. */
static bool may_name(void *context, uint64_t address, uint64_t bytes, bool written)
{
    const struct pku_inside *inside = context;
    bool fine = address == 0;
    for (unsigned i = written ? 1 : 0; i < PKU_NAMED_PARTS; i++)
        fine |= is_inside(&inside->named[i], address, bytes);
    return fine;
}

/* Handles are the service's pointers. Whoever may call into this domain is trusted with them, as by branch. */
static unsigned begin_handle(void *context, const struct far_value *value, uint64_t handle)
{
    (void)context, (void)value, (void)handle;
    return FAR_CALL_DONE;
}

static void end_handle(void *context, const struct far_value *value, uint64_t handle)
{
    (void)context, (void)value, (void)handle;
}

void pku_hooks_fill(struct walk_hooks *hooks)
{
    hooks->may_name = may_name;
    hooks->handle_begin = begin_handle;
    hooks->handle_give = begin_handle;
    hooks->handle_end = end_handle;
    hooks->handle_put_down = end_handle;
    hooks->in_function = pku_thunk_for;
}

static void snapshot(struct serving *serving)
{
    for (unsigned i = 0; i < serving->plan->param_count; i++) {
        const struct far_plan_param *param = &serving->plan->param[i];
        uint64_t word = __atomic_load_n(&serving->walked->line[i], __ATOMIC_RELAXED);
        bool plain = param->passing == FAR_PASS_VALUE || param->passing == FAR_PASS_FLOAT;
        serving->walk.line[i] = plain ? word & param->mask : word;
    }
}

static unsigned answer(struct serving *serving)
{
    const struct far_plan *plan = serving->plan;
    uint64_t word;
    values_take_result(&plan->placement, &serving->registers, &serving->walk);
    serving->walk.result =
        far_extend(serving->walk.result & plan->result_mask, plan->result_width, plan->result_signed);
    unsigned status = walk_reply(&serving->walk, serving->area, &word);
    serving->walked->result = word;
    serving->walked->float_result = serving->registers.result.floating;
    serving->walked->error = (uint32_t)serving->error;
    return status;
}

static unsigned run(struct serving *serving)
{
    unsigned status = walk_receive(&serving->walk, serving->area);
    status = status ? status : values_put(&serving->plan->placement, &serving->walk, &serving->registers);
    bool called = status == FAR_CALL_DONE;
    if (called) {
        serving->walked->end = serving->walk.end;
        errno = 0;
        values_invoke(serving->function, &serving->plan->placement, &serving->registers);
        serving->error = errno;
        status = answer(serving);
    }
    walk_end(&serving->walk, called);
    return status;
}

static unsigned serve(struct pku_thread *thread, struct pku_inside *inside)
{
    struct walk_hooks hooks = {0};
    struct pku_arguments *area = thread->area;
    struct walk_memory *memory = (struct walk_memory *)(void *)thread->memory;
    uint64_t slot = __atomic_load_n(&area->walked.slot, __ATOMIC_RELAXED);
    if (slot >= inside->plans.slot_count || slot >= inside->entry_count || !inside->plans.plan[slot] ||
        !inside->entry[slot])
        return FAR_CALL_BAD_ARGUMENT;
    if (!inside->kept)
        inside->kept = walk_kept_new((struct walk_charge){NULL, NULL});
    if (!inside->kept)
        return FAR_CALL_NO_MEMORY;
    struct serving serving = {.plan = inside->plans.plan[slot],
                              .walked = &area->walked,
                              .area = (char *)(area + 1),
                              .function = inside->entry[slot]};
    pku_hooks_fill(&hooks);
    serving.walk.of = (struct walk_signature){inside->iface, iface_result(inside->iface, serving.plan->op),
                                              serving.plan->param_count};
    serving.walk.hooks = &hooks;
    serving.walk.context = inside;
    serving.walk.memory = memory;
    serving.walk.kept = inside->kept;
    serving.walk.capacity = inside->area_size - sizeof *area;
    snapshot(&serving);
    unsigned status = run(&serving);
    walk_memory_reset(memory);
    return status;
}

void far_pku_serve(void)
{
    struct pku_thread *thread = pku_self();
    unsigned status = serve(thread, thread->inside);
    thread->area->walked.status = status;
}

uint64_t far_pku_choose(uint64_t resolver)
{
    if (!is_inside(&pku_self()->inside->code, resolver, 1))
        return 0;
    return ((uint64_t (*)(void))(uintptr_t)resolver)();
}
