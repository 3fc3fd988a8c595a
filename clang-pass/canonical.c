/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * &operation is the address of its stub, everywhere. Every use of an operation other than as the callee of a direct
 * call becomes a reference to the undefined symbol far_stub.<operation>, which farld turns into a STUB command.
 *
 * LLVM-C can replace all uses of a value, constants included, but not some of them. So: remember the uses that must
 * stay (calls, aliases, labels as values), replace all, put the remembered ones back.
 */
#include <stdio.h>
#include <stdlib.h>

#include "clang-pass/pass.h"
#include "runtime/segment.h"

struct kept_uses {
    LLVMValueRef *values;
    size_t count;
    size_t capacity;
};

static void keep(struct kept_uses *kept, LLVMValueRef value)
{
    if (kept->count == kept->capacity) {
        kept->capacity = kept->capacity ? 2 * kept->capacity : 16;
        kept->values = realloc(kept->values, kept->capacity * sizeof(LLVMValueRef));
        if (!kept->values)
            abort();
    }
    kept->values[kept->count++] = value;
}

static bool is_call(LLVMValueRef value)
{
    return LLVMIsACallInst(value) || LLVMIsAInvokeInst(value);
}

/* The callee is a call's last operand. */
static unsigned callee_operand(LLVMValueRef call)
{
    return (unsigned)LLVMGetNumOperands(call) - 1;
}

static LLVMValueRef stub_declaration(LLVMModuleRef module, LLVMValueRef operation, const char *name)
{
    char symbol[300];
    LLVMValueRef stub;

    snprintf(symbol, sizeof symbol, FAR_STUB_SYMBOL_PREFIX "%s", name);
    stub = LLVMGetNamedFunction(module, symbol);
    return stub ? stub : LLVMAddFunction(module, symbol, LLVMGlobalGetValueType(operation));
}

/*
 * `&&label` in the operation's own body names the operation too. A stand-in takes its uses while the operation's are
 * replaced; afterwards they get a fresh blockaddress.
 */
struct label_use {
    LLVMValueRef stand_in;
    LLVMBasicBlockRef block;
};

static LLVMValueRef set_label_aside(LLVMModuleRef module, LLVMValueRef label)
{
    LLVMTypeRef byte = LLVMInt8TypeInContext(LLVMGetModuleContext(module));
    LLVMValueRef stand_in = LLVMAddGlobal(module, byte, "far_label");

    LLVMReplaceAllUsesWith(label, stand_in);
    return stand_in;
}

static void put_label_back(LLVMValueRef operation, struct label_use label)
{
    LLVMReplaceAllUsesWith(label.stand_in, LLVMBlockAddress(operation, label.block));
    LLVMDeleteGlobal(label.stand_in);
}

/* Sort the uses of an operation: calls and aliases stay as they are, labels step aside. */
static void collect_kept_uses(LLVMValueRef operation, struct kept_uses *calls, struct kept_uses *aliases,
                              struct kept_uses *labels)
{
    for (LLVMUseRef use = LLVMGetFirstUse(operation); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);

        if (is_call(user) && LLVMGetOperand(user, callee_operand(user)) == operation)
            keep(calls, user);
        else if (LLVMIsAGlobalAlias(user))
            keep(aliases, user);
        else if (LLVMIsABlockAddress(user))
            keep(labels, user);
    }
}

static void replace_uses(LLVMModuleRef module, LLVMValueRef operation, LLVMValueRef stub)
{
    struct kept_uses calls = {0}, aliases = {0}, labels = {0};
    struct label_use *aside;

    collect_kept_uses(operation, &calls, &aliases, &labels);
    aside = calloc(labels.count + 1, sizeof *aside);
    if (!aside)
        abort();
    for (size_t i = 0; i < labels.count; i++) {
        aside[i].block = LLVMValueAsBasicBlock(LLVMGetOperand(labels.values[i], 1));
        aside[i].stand_in = set_label_aside(module, labels.values[i]);
    }
    LLVMReplaceAllUsesWith(operation, stub);
    for (size_t i = 0; i < calls.count; i++)
        LLVMSetOperand(calls.values[i], callee_operand(calls.values[i]), operation);
    for (size_t i = 0; i < aliases.count; i++)
        LLVMAliasSetAliasee(aliases.values[i], operation);
    for (size_t i = 0; i < labels.count; i++)
        put_label_back(operation, aside[i]);
    free(aside);
    free(labels.values);
    free(aliases.values);
    free(calls.values);
}

static bool address_is_taken(LLVMValueRef operation)
{
    for (LLVMUseRef use = LLVMGetFirstUse(operation); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);
        int operands;

        if (LLVMIsAGlobalAlias(user) || LLVMIsABlockAddress(user))
            continue;
        if (!is_call(user))
            return true;
        operands = LLVMGetNumOperands(user);
        for (int i = 0; i < operands - 1; i++) {
            if (LLVMGetOperand(user, (unsigned)i) == operation)
                return true;
        }
    }
    return false;
}

void make_addresses_canonical(const struct unit *unit)
{
    for (uint32_t i = 0; i < unit->iface->ops.count; i++) {
        const struct far_op *op = iface_op(unit->iface, i);
        LLVMValueRef operation = unit_operation(unit, op);
        const char *name = iface_string(unit->iface, op->name);

        if (operation && address_is_taken(operation))
            replace_uses(unit->module, operation, stub_declaration(unit->module, operation, name));
    }
}
