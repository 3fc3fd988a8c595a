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

/* --- what is copied: the operations, and what they hand pointers to --- */

struct choice {
    struct functions all; /* of the unit */
    bool *kept;
    size_t *waiting; /* kept, but not looked at yet */
    size_t waiting_count;
    size_t *costs; /* instructions, with all that is called inlined; 0: not known yet */
    bool *counting;
};

static void keep(struct choice *choice, LLVMValueRef function)
{
    size_t at = functions_find(&choice->all, function);

    if (at == choice->all.count || choice->kept[at])
        return;
    choice->kept[at] = true;
    choice->waiting[choice->waiting_count++] = at;
}

static bool hands_pointer(LLVMValueRef call)
{
    unsigned count = LLVMGetNumArgOperands(call);

    for (unsigned i = 0; i < count; i++) {
        LLVMValueRef argument = LLVMGetOperand(call, i);

        if (LLVMGetTypeKind(LLVMTypeOf(argument)) == LLVMPointerTypeKind && !LLVMIsConstant(argument))
            return true;
    }
    return false;
}

static void keep_callees(struct choice *choice, LLVMValueRef function)
{
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block; block = LLVMGetNextBasicBlock(block)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
            if (LLVMIsACallInst(i) && hands_pointer(i))
                keep(choice, LLVMGetCalledValue(i));
        }
    }
}

/* Does it hand a pointer to one that is useful? */
static bool leads_on(const struct choice *choice, const bool *useful, LLVMValueRef function)
{
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block; block = LLVMGetNextBasicBlock(block)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
            size_t callee = LLVMIsACallInst(i) && hands_pointer(i) ? functions_find(&choice->all, LLVMGetCalledValue(i))
                                                                   : choice->all.count;

            if (callee < choice->all.count && useful[callee])
                return true;
        }
    }
    return false;
}

/* A string that is only measured is read once. */
static bool copies_strings(LLVMModuleRef module)
{
    return LLVMGetNamedFunction(module, "strcpy") || LLVMGetNamedFunction(module, "stpcpy") ||
           LLVMGetNamedFunction(module, "strcat");
}

/* Leave out what neither reads through its parameters nor leads to what does. */
static void drop_useless(struct choice *choice, const struct unit *unit)
{
    bool *useful = calloc(choice->all.count + 1, sizeof *useful);
    bool strings = copies_strings(unit->module), more = true;

    if (!useful)
        abort();
    for (size_t i = 0; i < choice->all.count; i++)
        useful[i] = choice->kept[i] && function_reads(choice->all.list[i], strings);
    while (more) {
        more = false;
        for (size_t i = 0; i < choice->all.count; i++) {
            if (!choice->kept[i] || useful[i] || !leads_on(choice, useful, choice->all.list[i]))
                continue;
            useful[i] = true;
            more = true;
        }
    }
    for (size_t i = 0; i < choice->all.count; i++)
        choice->kept[i] &= useful[i];
    free(useful);
}

static void choose(struct choice *choice, const struct unit *unit)
{
    for (uint32_t i = 0; i < unit->iface->ops.count; i++) {
        if (is_examined(unit, iface_op(unit->iface, i)))
            keep(choice, unit_operation(unit, iface_op(unit->iface, i)));
    }
    while (choice->waiting_count)
        keep_callees(choice, choice->all.list[choice->waiting[--choice->waiting_count]]);
    drop_useless(choice, unit);
}

/* For pass_clone(). Variables are not copied either: what is in them says nothing. */
static bool is_kept(LLVMValueRef value, void *context)
{
    const struct choice *choice = context;
    size_t at = LLVMIsAFunction(value) ? functions_find(&choice->all, value) : choice->all.count;

    return at < choice->all.count && choice->kept[at];
}

/* --- how much of it is inlined --- */

static size_t cost_of(struct choice *choice, size_t at);

static size_t cost_of_instruction(struct choice *choice, LLVMValueRef instruction)
{
    LLVMValueRef called = LLVMIsACallInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;
    size_t callee = called ? functions_find(&choice->all, called) : choice->all.count, cost;

    if (callee == choice->all.count || !choice->kept[callee])
        return 1;
    cost = cost_of(choice, callee);
    return cost > INLINED_MOST ? 1 : cost;
}

/* More than INLINED_MOST for one that calls itself. */
static size_t cost_of(struct choice *choice, size_t at)
{
    size_t cost = 1;

    if (choice->costs[at])
        return choice->costs[at];
    if (choice->counting[at])
        return INLINED_MOST + 1;
    choice->counting[at] = true;
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(choice->all.list[at]); block;
         block = LLVMGetNextBasicBlock(block)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i))
            cost += cost_of_instruction(choice, i);
    }
    choice->counting[at] = false;
    return choice->costs[at] = cost;
}

/* --- the copy --- */

static void prepare_function(LLVMValueRef function, bool is_operation)
{
    remove_attribute(function, "optnone");
    if (is_operation)
        return;
    LLVMSetVisibility(function, LLVMDefaultVisibility);
    LLVMSetLinkage(function, LLVMInternalLinkage);
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

static void prepare(const struct unit *unit, struct choice *choice, LLVMModuleRef copy)
{
    remove_all_annotations(copy);
    for (size_t i = 0; i < choice->all.count; i++) {
        size_t length;
        LLVMValueRef original = choice->all.list[i];
        const char *name = LLVMGetValueName2(original, &length);
        const struct far_op *op = iface_op_by_name(unit->iface, name);
        bool is_operation = op && unit_operation(unit, op) == original && is_examined(unit, op);

        if (choice->kept[i])
            prepare_function(LLVMGetNamedFunction(copy, name), is_operation);
    }
}

static bool run_passes(LLVMModuleRef copy, const char *passes)
{
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMErrorRef error = LLVMRunPasses(copy, passes, NULL, options);

    LLVMDisposePassBuilderOptions(options);
    LLVMConsumeError(error);
    return !error;
}

/* Is this a call of a function that was copied, and is small enough? The choice is about the originals. */
static bool is_inlined(struct choice *choice, LLVMModuleRef original, LLVMValueRef instruction)
{
    LLVMValueRef called = LLVMIsACallInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;
    size_t length, at;

    if (!called || !LLVMIsAFunction(called) || LLVMIsDeclaration(called) || has_attribute(called, "naked"))
        return false;
    at = functions_find(&choice->all, LLVMGetNamedFunction(original, LLVMGetValueName2(called, &length)));
    return at < choice->all.count && choice->kept[at] && cost_of(choice, at) <= INLINED_MOST;
}

/* From the operation down, so that nothing is inlined that is not wanted. What is inlined comes behind the block. */
static void inline_into(struct choice *choice, LLVMModuleRef original, LLVMValueRef operation)
{
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(operation); block; block = LLVMGetNextBasicBlock(block)) {
        LLVMValueRef i = LLVMGetFirstInstruction(block);

        while (i) {
            if (is_inlined(choice, original, i) && pass_inline(i))
                i = LLVMGetFirstInstruction(block);
            else
                i = LLVMGetNextInstruction(i);
        }
    }
}

/* Variables become values first: so there is less to inline. Those that a callee had the address of follow then. */
static bool transform(struct choice *choice, LLVMModuleRef original, LLVMModuleRef copy)
{
    if (!run_passes(copy, "function(mem2reg)"))
        return false;
    for (LLVMValueRef f = LLVMGetFirstFunction(copy); f; f = LLVMGetNextFunction(f)) {
        if (unit_defines(f) && LLVMGetLinkage(f) != LLVMInternalLinkage)
            inline_into(choice, original, f);
    }
    return run_passes(copy, "globaldce,function(mem2reg)");
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);

    if (!memory)
        abort();
    return memory;
}

LLVMModuleRef view_make(const struct unit *unit)
{
    struct choice choice = {.all = {0}};
    LLVMModuleRef copy;
    bool is_good;

    if (!examines_any(unit))
        return NULL;
    choice.all = functions_of(unit->module);
    choice.kept = allocate(choice.all.count, sizeof *choice.kept);
    choice.waiting = allocate(choice.all.count, sizeof *choice.waiting);
    choice.costs = allocate(choice.all.count, sizeof *choice.costs);
    choice.counting = allocate(choice.all.count, sizeof *choice.counting);
    choose(&choice, unit);
    copy = pass_clone(unit->module, is_kept, &choice); /* where nothing is kept, a module of declarations */
    prepare(unit, &choice, copy);
    is_good = transform(&choice, unit->module, copy);
    functions_free(&choice.all);
    free(choice.kept);
    free(choice.waiting);
    free(choice.costs);
    free(choice.counting);
    if (is_good)
        return copy;
    LLVMDisposeModule(copy);
    return NULL;
}
