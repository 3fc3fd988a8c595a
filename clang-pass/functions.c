/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "clang-pass/functions.h"

#include <stdlib.h>

#include "clang-pass/pass.h"

static int by_address(const void *a, const void *b)
{
    const LLVMValueRef *one = a, *other = b;

    return *one < *other ? -1 : *one > *other;
}

struct functions functions_of(LLVMModuleRef module)
{
    struct functions functions = {0};
    size_t room = 1;

    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f))
        room++;
    functions.list = calloc(room, sizeof *functions.list);
    if (!functions.list)
        abort();
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
        if (unit_defines(f))
            functions.list[functions.count++] = f;
    }
    qsort(functions.list, functions.count, sizeof *functions.list, by_address);
    return functions;
}

size_t functions_find(const struct functions *functions, LLVMValueRef function)
{
    LLVMValueRef *found = bsearch(&function, functions->list, functions->count, sizeof *functions->list, by_address);

    return found ? (size_t)(found - functions->list) : functions->count;
}

void functions_free(struct functions *functions)
{
    free(functions->list);
}
