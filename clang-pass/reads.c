/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Does a function read memory that its parameters lead to? Only such functions are worth copying in a search for double
 * fetches. This follows pointers through the front end's variables and stops at the first read; where it would take long,
 * the answer is yes.
 */
#include <string.h>

#include "clang-pass/fetch.h"

#define STEPS_MOST 200

struct pursuit {
    LLVMValueRef waiting[STEPS_MOST];
    size_t waiting_count, steps;
    bool strings; /* do strings matter? */
    bool reads;
};

static void follow(struct pursuit *pursuit, LLVMValueRef pointer)
{
    if (pursuit->steps++ == STEPS_MOST || pursuit->waiting_count == STEPS_MOST)
        pursuit->reads = true;
    else
        pursuit->waiting[pursuit->waiting_count++] = pointer;
}

/* A variable that the pointer is kept in: whoever loads it has the pointer. */
static void follow_variable(struct pursuit *pursuit, LLVMValueRef variable)
{
    for (LLVMUseRef use = LLVMGetFirstUse(variable); use && !pursuit->reads; use = LLVMGetNextUse(use)) {
        if (LLVMIsALoadInst(LLVMGetUser(use)))
            follow(pursuit, LLVMGetUser(use));
    }
}

static bool call_reads(const struct pursuit *pursuit, LLVMValueRef call, LLVMValueRef pointer)
{
    static const char *const strings[] = {"strlen", "strcpy", "stpcpy", "strcat"};
    const char *name = call_name(call);

    if (!strcmp(name, "memcpy") || !strcmp(name, "memmove"))
        return LLVMGetOperand(call, 1) == pointer;
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        if (!strcmp(name, strings[i]))
            return pursuit->strings;
    }
    return false;
}

static void follow_user(struct pursuit *pursuit, LLVMValueRef user, LLVMValueRef pointer)
{
    if (LLVMIsALoadInst(user))
        pursuit->reads = true;
    else if (LLVMIsAStoreInst(user) && LLVMGetOperand(user, 0) == pointer)
        follow_variable(pursuit, LLVMGetOperand(user, 1));
    else if (LLVMIsACallInst(user) && !strncmp(call_name(user), "llvm.ptr.annotation.", 20))
        follow(pursuit, user);
    else if (LLVMIsACallInst(user))
        pursuit->reads |= call_reads(pursuit, user, pointer);
    else if (LLVMGetTypeKind(LLVMTypeOf(user)) == LLVMPointerTypeKind) /* part of it, or one of several */
        follow(pursuit, user);
}

bool function_reads(LLVMValueRef function, bool strings)
{
    struct pursuit pursuit = {.strings = strings};
    unsigned count = LLVMCountParams(function);

    for (unsigned i = 0; i < count; i++) {
        if (LLVMGetTypeKind(LLVMTypeOf(LLVMGetParam(function, i))) == LLVMPointerTypeKind)
            follow(&pursuit, LLVMGetParam(function, i));
    }
    while (pursuit.waiting_count && !pursuit.reads) {
        LLVMValueRef pointer = pursuit.waiting[--pursuit.waiting_count];

        for (LLVMUseRef use = LLVMGetFirstUse(pointer); use && !pursuit.reads; use = LLVMGetNextUse(use))
            follow_user(&pursuit, LLVMGetUser(use), pointer);
    }
    return pursuit.reads;
}
