/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/plan.h"

#include "runtime/format/carried.h"
#include "runtime/lib/gate.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static uint64_t width_mask(unsigned width)
{
    return width ? far_extend(UINT64_MAX, width, false) : UINT64_MAX;
}

static bool by_reference(unsigned passing)
{
    return passing == FAR_PASS_BUFFER || passing == FAR_PASS_STRING;
}

static void plan_place(struct far_plan *plan, struct far_plan_param *param)
{
    bool is_float = param->passing == FAR_PASS_FLOAT;
    param->abi = far_where_of(&plan->placement.param[param - plan->param]);
    param->astack = far_next_place(&plan->astack, is_float, FAR_ASTACK_REGISTERS, FAR_ASTACK_FLOATS);
    if (param->astack.place == FAR_PLACE_INTEGER)
        plan->mask[param->astack.index] = param->mask;
}

/* The fast path takes the call line's words from the first registers of a frame as they stand. */
_Static_assert(FAR_ABI_INTEGERS >= FAR_ASTACK_REGISTERS, "integers of the call line are in registers");

/* Bytes of what a GLOBAL parameter points to; of an incomplete type, one. */
static uint64_t plan_target_size(const struct far_iface *iface, const struct far_param *param)
{
    const struct far_type *type = iface_type(iface, param->value.type);
    uint64_t size = type->kind == FAR_TYPE_POINTER ? iface_type(iface, type->target)->size : 0;
    return size ? size : 1;
}

/* What is withheld arrives as NULL, whatever was written. A _Bool that is neither 0 nor 1 is undefined behaviour in whoever reads it: a lie that must not be passed on. */
static uint64_t value_mask(const struct far_iface *iface, const struct far_param *param, unsigned width)
{
    bool is_bool =
        param->value.passing == FAR_PASS_VALUE && iface_type(iface, param->value.type)->kind == FAR_TYPE_BOOL;
    if (param->value.passing == FAR_PASS_WITHHELD)
        return 0;
    return is_bool ? 1 : width_mask(width);
}

/* By a far_global pointer the operation writes unless what it points to is const. */
static void plan_granted(struct far_plan_param *param, const struct far_iface *iface, const struct far_value *value)
{
    const struct far_type *type = iface_type(iface, value->type);
    uint16_t align = type->kind == FAR_TYPE_POINTER ? iface_type(iface, type->target)->align : 0;
    param->align = align ? align : 1;
    param->writes =
        value->passing == FAR_PASS_GLOBAL ? !(type->flags & FAR_TYPE_CONST) : (value->flags & FAR_VALUE_OUT) != 0;
}

static bool plan_size_is_late(const struct far_plan_param *param)
{
    for (uint32_t i = 0; i < param->size_count; i++)
        if (param->size[i].code == FAR_EXPR_DEREF)
            return true;
    return false;
}

/* N, a parameter, or the two multiplied: worked out without looking at an expression. Others are left as they are. */
static void plan_simple_size(struct far_plan_param *param)
{
    const struct far_expr *node = param->size;
    bool product = param->size_count == 3 && node[2].code == FAR_EXPR_MUL;
    if (param->size_count != 1 && !product)
        return;
    uint64_t scale = 1;
    const struct far_expr *of = NULL;
    for (unsigned i = 0; i < (product ? 2u : 1u); i++) {
        if (node[i].code == FAR_EXPR_PARAM && !of)
            of = &node[i];
        else if (node[i].code != FAR_EXPR_CONST || __builtin_mul_overflow(scale, node[i].value, &scale))
            return;
    }
    param->size_of = of;
    param->size_scale = scale;
}

static void plan_param(struct far_plan *plan, const struct far_iface *iface, uint32_t index)
{
    const struct far_param *from = iface_param(iface, plan->op, index);
    struct far_plan_param *param = &plan->param[index];
    param->passing = from->value.passing;
    param->flags = (uint8_t)from->value.flags;
    param->width = from->value.width;
    param->mask = value_mask(iface, from, from->value.width);
    if (from->value.passing == FAR_PASS_BUFFER) {
        param->size = iface_expr(iface, from->value.size_first);
        param->size_count = from->value.size_count;
        param->late = plan_size_is_late(param);
        plan_simple_size(param);
    } else if (from->value.passing == FAR_PASS_GLOBAL) {
        param->target_size = plan_target_size(iface, from);
    }
    if (from->value.flags & FAR_VALUE_GRANTED)
        plan_granted(param, iface, &from->value);
    plan_place(plan, param);
}

static void plan_mark_measured(struct far_plan *plan)
{
    for (uint32_t i = 0; i < plan->param_count; i++)
        for (uint32_t j = 0; j < plan->param[i].size_count; j++)
            if (plan->param[i].size[j].code == FAR_EXPR_DEREF)
                plan->param[plan->param[i].size[j].index].measured = true;
}

static void plan_result(struct far_plan *plan, const struct far_iface *iface)
{
    const struct far_param *from = iface_result(iface, plan->op);
    plan->result = from->value.passing;
    plan->result_width = from->value.width ? from->value.width : 8;
    plan->result_signed = from->value.flags & FAR_VALUE_SIGNED;
    plan->result_mask = value_mask(iface, from, plan->result_width);
    if (far_is_by_value(&from->value))
        plan->result_bytes = iface_type(iface, from->value.type)->size;
    if (plan->result == FAR_PASS_GLOBAL)
        plan->result_target_size = plan_target_size(iface, from);
}

/* Floating-point registers of the frame are read; or where the result goes, which is written down with them. */
static bool takes_floats(const struct far_placement *placement)
{
    return placement->taken.floats || placement->result.how == FAR_BY_VALUE_HIDDEN;
}

/* Is that all of a buffer: an address, and a size that needs nothing but plain values? */
static bool is_simple_buffer(const struct far_plan *plan, const struct far_plan_param *param)
{
    const struct far_expr *of = param->size_of;
    return param->passing == FAR_PASS_BUFFER && !param->measured && param->size_scale &&
           (!of || (of->index < plan->param_count && plan->param[of->index].passing == FAR_PASS_VALUE));
}

/* Which side can take the operation's words as they are, once it has seen where the addresses among them lead to. */
static void plan_choose_direct(struct far_plan *plan)
{
    bool client = plan->result != FAR_PASS_FLOAT && !plan->op->deadline_ms && !(plan->op->flags & FAR_OP_ONEWAY);
    bool host = client && plan->result != FAR_PASS_HANDLE;
    if (plan->flags & (FAR_PLAN_WIDE | FAR_PLAN_WALK) || plan->op->flags & FAR_OP_ABSENT)
        return;
    for (uint32_t i = 0; i < plan->param_count; i++) {
        const struct far_plan_param *param = &plan->param[i];
        bool plain = param->passing == FAR_PASS_VALUE || param->passing == FAR_PASS_OPAQUE ||
                     param->passing == FAR_PASS_WITHHELD;
        bool global = param->passing == FAR_PASS_GLOBAL;
        bool buffer = param->passing == FAR_PASS_BUFFER && !param->measured && !param->late;
        client &= plain || global || buffer || param->passing == FAR_PASS_HANDLE;
        host &= plain || global || is_simple_buffer(plan, param);
        plan->buffers |= (uint8_t)(buffer << i);
        plan->addressed |= (uint8_t)((buffer || global) << i);
    }
    plan->flags |= (client && plan->buffers ? FAR_PLAN_DIRECT : 0) | (host ? FAR_PLAN_DIRECT_HOST : 0);
}

static void plan_choose_paths(struct far_plan *plan)
{
    bool only_values = true, checked = plan->result == FAR_PASS_HANDLE;
    if (takes_floats(&plan->placement))
        plan->flags |= FAR_PLAN_FLOATS;
    for (uint32_t i = 0; i < plan->param_count; i++) {
        const struct far_plan_param *param = &plan->param[i];
        if (by_reference(param->passing))
            plan->flags |= FAR_PLAN_BY_REFERENCE;
        if (param->astack.place != FAR_PLACE_INTEGER)
            plan->flags |= FAR_PLAN_WIDE;
        only_values &= param->passing != FAR_PASS_FLOAT;
        checked |= param->passing != FAR_PASS_VALUE && param->passing != FAR_PASS_OPAQUE &&
                   param->passing != FAR_PASS_WITHHELD;
    }
    if (only_values && plan->result != FAR_PASS_FLOAT &&
        !(plan->flags & (FAR_PLAN_BY_REFERENCE | FAR_PLAN_WIDE | FAR_PLAN_WALK)) && !plan->op->deadline_ms &&
        !(plan->op->flags & FAR_OP_ABSENT))
        plan->flags |= (plan->op->flags & FAR_OP_ONEWAY ? 0 : FAR_PLAN_FAST) | (checked ? 0 : FAR_PLAN_FAST_HOST);
}

/* A refusal's text, the longest one with its end. */
#define REFUSAL_END  ", which this version's gates do not carry"
#define REFUSAL_SIZE (CARRIER_TEXT_SIZE + sizeof REFUSAL_END)

/* Why no gate carries the operation, as a sentence's end, in `text`: owned by the plan. */
static bool plan_is_refused(struct far_plan *plan, struct carrier *carrier, char text[REFUSAL_SIZE])
{
    if (!carrier_text(carrier, plan->op, text))
        return false;
    strcat(text, REFUSAL_END);
    plan->refusal = text;
    return true;
}

static void plan_from_op(struct far_plan *plan, struct carrier *carrier, const struct far_op *op, char *text)
{
    plan->op = op;
    plan->name = iface_string(carrier->iface, op->name);
    if (plan_is_refused(plan, carrier, text))
        return;
    plan->param_count = (uint8_t)op->param_count;
    if (carrier_walks(carrier, op))
        plan->flags |= FAR_PLAN_WALK;
    uint32_t at;
    if (placement_of(calling_of(FAR_ABI_MACHINE), carrier->iface, iface_result(carrier->iface, op), op->param_count,
                     &plan->placement, &at) != 0) {
        plan->refusal = "it passes by value what this machine does otherwise";
        return;
    }
    plan_result(plan, carrier->iface);
    for (uint32_t i = 0; i < op->param_count; i++)
        plan_param(plan, carrier->iface, i);
    plan_mark_measured(plan);
    plan_choose_paths(plan);
    plan_choose_direct(plan);
}

/* What the memory of all plans is divided into. Pages that nothing is written to cost nothing. */
struct plan_memory {
    struct far_plan *by_slot[FAR_SLOT_MAX + 1];
    uint8_t slot_flags[FAR_SLOT_MAX + 1];
    struct far_plan plan[]; /* one an operation; then their refusals, then what carrier knows of each type */
};

static struct plan_memory *plans_allocate(struct far_plans *plans, const struct far_iface *iface)
{
    plans->size = sizeof(struct plan_memory) + iface->ops.count * (sizeof(struct far_plan) + REFUSAL_SIZE) +
                  iface->types.count + 1;
    plans->memory = mmap(NULL, plans->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (plans->memory == MAP_FAILED) {
        plans->memory = NULL;
        return NULL;
    }
    return plans->memory;
}

int plans_from_iface(struct far_plans *plans, const struct far_iface *iface)
{
    uint32_t count = iface->ops.count;
    struct plan_memory *memory = plans_allocate(plans, iface);
    if (!memory)
        return -ENOMEM;
    char *texts = (char *)(memory->plan + count);
    struct carrier carrier = {.iface = iface, .known = (uint8_t *)texts + count * REFUSAL_SIZE};
    plans->slot_count = 1;
    plans->descriptors = carrier_has_descriptors(iface);
    for (uint32_t i = 0; i < count; i++) {
        const struct far_op *op = iface_op(iface, i);
        struct far_plan *plan = &memory->plan[i];
        plan_from_op(plan, &carrier, op, texts + i * REFUSAL_SIZE);
        memory->by_slot[op->slot] = plan;
        if (plan->flags & FAR_PLAN_FLOATS)
            memory->slot_flags[op->slot] |= FAR_SLOT_HAS_FLOATS;
        if (plan->placement.whole)
            memory->slot_flags[op->slot] |= FAR_SLOT_HAS_FLOATS | FAR_SLOT_WHOLE;
        if (op->slot >= plans->slot_count)
            plans->slot_count = op->slot + 1;
    }
    plans->slot_flags = memory->slot_flags;
    plans->plan = memory->by_slot;
    return 0;
}

void plans_free(struct far_plans *plans)
{
    if (plans->memory)
        munmap(plans->memory, plans->size);
    *plans = (struct far_plans){0};
}

/* As an operation of its own, whose parameters are the callback's. */
struct function_memory {
    struct far_op op;
    struct far_plan plan;
    char refusal[REFUSAL_SIZE];
    uint8_t known[];
};

const struct far_plan *plan_of_function(const struct far_iface *iface, uint32_t callback, uint32_t slot)
{
    const struct far_callback *from = iface_callback(iface, callback);
    size_t size = sizeof(struct function_memory) + iface->types.count + 1;
    struct function_memory *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    memory->op = (struct far_op){.slot = slot, .first_param = from->first_param, .param_count = from->param_count};
    struct carrier carrier = {.iface = iface, .known = memory->known};
    plan_from_op(&memory->plan, &carrier, &memory->op, memory->refusal);
    memory->plan.name = "a function that it gave";
    if (!memory->plan.refusal && memory->plan.placement.whole) /* given_MACHINE.S writes no more down than the others */
        memory->plan.refusal = "it passes what vector or x87 registers hold, which only operations may";
    return &memory->plan;
}
