/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The front end's code is the same for -O0 and -O3: every variable in memory, every function by itself. What is wanted
 * is the opposite, without anything being optimised away. So a copy is made of it, in which only the operations are
 * left, what they call in this unit is inlined, and variables are values.
 */
#include <llvm-c/Transforms/PassBuilder.h>
#include <stdlib.h>
#include <string.h>

#include "clang-pass/fetch.h"
#include "clang-pass/functions.h"

#define INLINED_MOST 2000 /* instructions of one function with all that it calls */

bool view_follows(const struct far_param *param)
{
    return param->value.passing == FAR_PASS_BUFFER || param->value.passing == FAR_PASS_STRING ||
           param->value.passing == FAR_PASS_GLOBAL;
}

bool view_counts(const struct unit *unit, const struct far_op *op, LLVMValueRef function)
{
    const struct far_param *values = iface_result(unit->iface, op);

    for (uint32_t i = 0; i <= op->param_count; i++) {
        if (values[i].value.passing == FAR_PASS_STRUCT || values[i].value.passing == FAR_PASS_WIDE)
            return false;
    }
    return LLVMCountParams(function) == op->param_count;
}

static bool is_examined(const struct unit *unit, const struct far_op *op)
{
    LLVMValueRef function = op->flags & FAR_OP_ABSENT ? NULL : unit_operation(unit, op);
    bool follows = false;

    for (uint32_t i = 0; i < op->param_count; i++)
        follows |= view_follows(iface_param(unit->iface, op, i));
    return follows && function && unit_defines(function) && view_counts(unit, op, function);
}

static bool examines_any(const struct unit *unit)
{
    for (uint32_t i = 0; i < unit->iface->ops.count; i++) {
        if (is_examined(unit, iface_op(unit->iface, i)))
            return true;
    }
    return false;
}

static unsigned attribute_kind(const char *name)
{
    return LLVMGetEnumAttributeKindForName(name, strlen(name));
}

static void remove_attribute(LLVMValueRef function, const char *name)
{
    LLVMRemoveEnumAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, attribute_kind(name));
}

static bool has_attribute(LLVMValueRef function, const char *name)
{
    return LLVMGetEnumAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, attribute_kind(name));
}

/* How many instructions each function has when all that it calls is inlined; more than INLINED_MOST: it calls itself. */
struct costs {
    struct functions all;
    size_t *costs; /* 0: not known yet */
    bool *counting;
};

static size_t cost_of(struct costs *costs, size_t at);

static size_t cost_of_instruction(struct costs *costs, LLVMValueRef instruction)
{
    LLVMValueRef called = LLVMIsACallInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;
    size_t callee = called ? functions_find(&costs->all, called) : costs->all.count, cost;

    if (callee == costs->all.count)
        return 1;
    cost = cost_of(costs, callee);
    return cost > INLINED_MOST ? 1 : cost;
}

static size_t cost_of(struct costs *costs, size_t at)
{
    size_t cost = 1;

    if (costs->costs[at])
        return costs->costs[at];
    if (costs->counting[at])
        return INLINED_MOST + 1;
    costs->counting[at] = true;
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(costs->all.list[at]); block;
         block = LLVMGetNextBasicBlock(block)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i))
            cost += cost_of_instruction(costs, i);
    }
    costs->counting[at] = false;
    return costs->costs[at] = cost;
}

static void prepare_function(struct costs *costs, size_t at, LLVMContextRef context)
{
    LLVMValueRef function = costs->all.list[at];

    remove_attribute(function, "optnone");
    if (cost_of(costs, at) > INLINED_MOST || has_attribute(function, "naked"))
        return;
    remove_attribute(function, "noinline");
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(context, attribute_kind("alwaysinline"), 0));
}

/* What is not an operation to be looked at need not stay. */
static void hide_others(const struct unit *unit, LLVMModuleRef copy)
{
    for (LLVMValueRef f = LLVMGetFirstFunction(copy); f; f = LLVMGetNextFunction(f)) {
        size_t length;
        const struct far_op *op = iface_op_by_name(unit->iface, LLVMGetValueName2(f, &length));

        if (!unit_defines(f) || (op && LLVMGetLinkage(f) != LLVMInternalLinkage && is_examined(unit, op)))
            continue;
        LLVMSetVisibility(f, LLVMDefaultVisibility);
        LLVMSetLinkage(f, LLVMInternalLinkage);
    }
}

/* Annotations of parameters and members are calls that hold on to an address. */
static void remove_annotations(LLVMValueRef marker)
{
    LLVMUseRef use;

    while ((use = LLVMGetFirstUse(marker))) {
        LLVMValueRef call = LLVMGetUser(use);

        if (LLVMGetTypeKind(LLVMTypeOf(call)) != LLVMVoidTypeKind)
            LLVMReplaceAllUsesWith(call, LLVMGetOperand(call, 0));
        LLVMInstructionEraseFromParent(call);
    }
}

static void remove_all_annotations(LLVMModuleRef copy)
{
    for (LLVMValueRef f = LLVMGetFirstFunction(copy); f; f = LLVMGetNextFunction(f)) {
        size_t length;
        const char *name = LLVMGetValueName2(f, &length);

        if (!strncmp(name, "llvm.var.annotation.", 20) || !strncmp(name, "llvm.ptr.annotation.", 20))
            remove_annotations(f);
    }
}

static void prepare(const struct unit *unit, LLVMModuleRef copy)
{
    struct costs costs = {.all = functions_of(copy)};

    remove_all_annotations(copy);
    hide_others(unit, copy);
    costs.costs = calloc(costs.all.count + 1, sizeof *costs.costs);
    costs.counting = calloc(costs.all.count + 1, sizeof *costs.counting);
    if (!costs.costs || !costs.counting)
        abort();
    for (size_t i = 0; i < costs.all.count; i++)
        prepare_function(&costs, i, LLVMGetModuleContext(copy));
    free(costs.counting);
    free(costs.costs);
    functions_free(&costs.all);
}

static bool transform(LLVMModuleRef copy)
{
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMErrorRef error = LLVMRunPasses(copy, "globaldce,always-inline,function(mem2reg)", NULL, options);

    LLVMDisposePassBuilderOptions(options);
    LLVMConsumeError(error);
    return !error;
}

LLVMModuleRef view_make(const struct unit *unit)
{
    LLVMModuleRef copy;

    if (!examines_any(unit))
        return NULL;
    copy = LLVMCloneModule(unit->module);
    prepare(unit, copy);
    if (transform(copy))
        return copy;
    LLVMDisposeModule(copy);
    return NULL;
}
