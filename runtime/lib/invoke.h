/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Calling a function whose parameters are known as data only: operations in a host, a client's functions in callbacks. */
#ifndef FARCALL_INVOKE_H
#define FARCALL_INVOKE_H

#include "runtime/lib/abi.h"

#include <stdint.h>

/* What a function returned. */
struct invoked {
    uint64_t integer;
    uint64_t floating;
};

/* invoke_MACHINE.S: call `function` with all registers that carry parameters, and `count` stack words. */
void far_invoke(uint64_t function, const uint64_t integer[FAR_ABI_INTEGERS], const uint64_t floats[FAR_ABI_FLOATS],
                const uint64_t *stack, uint64_t count, struct invoked *result);

#endif
