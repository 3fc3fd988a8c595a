/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Calling a function whose parameters are known as data only: operations in a host, a client's functions in callbacks. */
#ifndef FARCALL_INVOKE_H
#define FARCALL_INVOKE_H

#include "runtime/lib/abi.h"

#include <stdint.h>

/* What a function returned. Of floating-point registers, the low 64 bits. */
struct invoked {
    uint64_t integer;
    uint64_t second_integer;
    uint64_t floating;
    uint64_t more_floating[3]; /* as many as the machine has: FAR_ABI_FLOAT_RESULTS */
    uint64_t hidden;           /* given: where the result goes, if a register of its own says so */
};

/* invoke_MACHINE.S: call `function` with all registers that carry parameters, and `count` stack words. */
void far_invoke(uint64_t function, const uint64_t integer[FAR_ABI_INTEGERS], const uint64_t floats[FAR_ABI_FLOATS],
                const uint64_t *stack, uint64_t count, struct invoked *result);

#endif
