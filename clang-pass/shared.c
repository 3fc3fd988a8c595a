/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Two machines' segments may run over the same data (farld --like), so each variable, and each constant that a variable
 * points at, must be able to lie at the same address in both, whichever was linked first.
 *
 * Alignment: compilers align variables more than they must, each machine's in its own way: x86-64's arrays of 16 bytes to
 * 16 where aarch64's are at 8. Every variable gets the strictest of their habits.
 *
 * Names: a string literal has none, and the linker puts it wherever it finds the same text. One that a variable points at
 * gets a name made of its text; with that and its alignment the linker leaves it alone.
 */
#include <llvm-c/Target.h>
#include <stdio.h>

#include "clang-pass/pass.h"

#define NESTING_MOST 64 /* of structures and expressions in an initial value */

static unsigned strictest_alignment(unsigned long long size)
{
    return size >= 32 ? 32 : size >= 16 ? 16 : 8;
}

/* FNV-1a */
static unsigned long long hash_of(const char *text, size_t size)
{
    unsigned long long hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    return hash;
}

static void name_string(LLVMValueRef global)
{
    size_t size;
    const char *text = LLVMGetAsString(LLVMGetInitializer(global), &size);
    char name[64];
    int length = snprintf(name, sizeof name, "far_string.%016llx", hash_of(text, size));

    LLVMSetLinkage(global, LLVMInternalLinkage);
    LLVMSetUnnamedAddress(global, LLVMNoUnnamedAddr);
    LLVMSetAlignment(global, 8);
    LLVMSetValueName2(global, name, (size_t)length);
}

/* String literals anywhere in the initial value of a variable. */
static void name_strings_in(LLVMValueRef value, int nesting)
{
    if (LLVMIsAGlobalVariable(value)) {
        if (LLVMIsGlobalConstant(value) && LLVMGetLinkage(value) == LLVMPrivateLinkage &&
            LLVMIsAConstantDataSequential(LLVMGetInitializer(value)) && LLVMIsConstantString(LLVMGetInitializer(value)))
            name_string(value);
    } else if (nesting < NESTING_MOST && LLVMIsAConstant(value) && LLVMIsAUser(value) && !LLVMIsAGlobalValue(value)) {
        for (int i = 0; i < LLVMGetNumOperands(value); i++)
            name_strings_in(LLVMGetOperand(value, (unsigned)i), nesting + 1);
    }
}

static void align(const struct unit *unit, LLVMValueRef global)
{
    LLVMTargetDataRef layout = LLVMGetModuleDataLayout(unit->module);
    unsigned alignment = strictest_alignment(LLVMABISizeOfType(layout, LLVMGlobalGetValueType(global)));

    if (LLVMGetAlignment(global) < alignment)
        LLVMSetAlignment(global, alignment);
}

/* A section that the source names may be an array of its own, made of what lies side by side in it. */
static bool is_placed_by_source(LLVMValueRef global)
{
    const char *section = LLVMGetSection(global);

    return section && *section;
}

void make_data_shareable(const struct unit *unit)
{
    for (LLVMValueRef global = LLVMGetFirstGlobal(unit->module); global; global = LLVMGetNextGlobal(global)) {
        if (!unit_defines(global) || LLVMIsThreadLocal(global) || LLVMGetLinkage(global) == LLVMAppendingLinkage)
            continue;
        if (LLVMGetLinkage(global) != LLVMPrivateLinkage && !is_placed_by_source(global))
            align(unit, global);
        if (!LLVMIsGlobalConstant(global))
            name_strings_in(LLVMGetInitializer(global), 0);
    }
}
