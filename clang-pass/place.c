/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clang-pass/pass.h"
#include "runtime/segment.h"

void place_operations(const struct unit *unit)
{
    for (uint32_t i = 0; i < unit->iface->ops.count; i++) {
        const struct far_op *op = iface_op(unit->iface, i);
        LLVMValueRef function = unit_operation(unit, op);
        char section[300];

        if (!function || !unit_defines(function))
            continue;
        LLVMSetVisibility(function, LLVMDefaultVisibility); /* -fvisibility=hidden is no reason to lose an operation */
        snprintf(section, sizeof section, ".text.far.op.%s", iface_string(unit->iface, op->name));
        LLVMSetSection(function, section);
    }
}

/* Append to llvm.compiler.used: kept through optimisation, left to the linker. */
static void keep_through_optimisation(LLVMModuleRef module, LLVMValueRef kept)
{
    static const char name[] = "llvm.compiler.used";
    LLVMValueRef old = LLVMGetNamedGlobal(module, name);
    LLVMValueRef values = old ? LLVMGetInitializer(old) : NULL;
    unsigned count = values ? (unsigned)LLVMGetNumOperands(values) : 0;
    LLVMValueRef *members = calloc(count + 1, sizeof(LLVMValueRef));
    LLVMTypeRef pointer = LLVMPointerTypeInContext(LLVMGetModuleContext(module), 0);
    LLVMValueRef all;

    if (!members)
        abort();
    for (unsigned i = 0; i < count; i++)
        members[i] = LLVMGetOperand(values, i);
    members[count] = kept;
    if (old)
        LLVMDeleteGlobal(old);
    all = LLVMAddGlobal(module, LLVMArrayType2(pointer, count + 1), name);
    LLVMSetLinkage(all, LLVMAppendingLinkage);
    LLVMSetSection(all, "llvm.metadata");
    LLVMSetInitializer(all, LLVMConstArray2(pointer, members, count + 1));
    free(members);
}

/* !exclude makes the section SHF_EXCLUDE: farld collects it from the objects, every other linker leaves it out. */
void embed_bytes(const struct unit *unit, const char *name, const char *section, const void *bytes, size_t size)
{
    LLVMValueRef value = LLVMConstStringInContext2(unit->context, bytes, size, /*DontNullTerminate*/ 1);
    LLVMValueRef global = LLVMAddGlobal(unit->module, LLVMTypeOf(value), name);
    unsigned exclude = LLVMGetMDKindIDInContext(unit->context, "exclude", strlen("exclude"));

    LLVMSetInitializer(global, value);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetAlignment(global, 8);
    LLVMSetSection(global, section);
    LLVMGlobalSetMetadata(global, exclude, LLVMMDNodeInContext2(unit->context, NULL, 0));
    keep_through_optimisation(unit->module, global);
}

void embed_record(const struct unit *unit)
{
    embed_bytes(unit, "far_interface_record", FAR_SECTION_IFACE, unit->iface, unit->iface->size);
}
