/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The functions that a module defines, by number. */
#ifndef FARCALL_PASS_FUNCTIONS_H
#define FARCALL_PASS_FUNCTIONS_H

#include <llvm-c/Core.h>
#include <stddef.h>

struct functions {
    LLVMValueRef *list; /* by address, so that one can be found; an order that means nothing to anybody else */
    size_t count;
};

struct functions functions_of(LLVMModuleRef module);
/* count if it is none of them. */
size_t functions_find(const struct functions *functions, LLVMValueRef function);
void functions_free(struct functions *functions);

#endif
