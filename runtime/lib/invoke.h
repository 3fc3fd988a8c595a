/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Calling a function whose parameters are known as data only: operations in a host, a client's functions in callbacks. */
#ifndef FARCALL_INVOKE_H
#define FARCALL_INVOKE_H

#include "runtime/lib/abi.h"

#include <stddef.h>
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

/* The same with what is above the low halves, and in the x87: plain values never are. */
struct far_registers {
    uint64_t integer[FAR_ABI_INTEGERS];
    uint64_t floats[FAR_ABI_FLOATS];
    uint64_t float_highs[FAR_ABI_FLOATS];
    const uint64_t *stack;
    struct invoked result;
    uint64_t float_result_highs[4]; /* as more_floating */
    unsigned char x87[FAR_X87_RESULTS][FAR_X87_SIZE];
    uint64_t x87_count; /* given: how many of them there are */
};

/* invoke_MACHINE.S: far_invoke() with all of that. */
void far_invoke_whole(uint64_t function, struct far_registers *registers, uint64_t count);

#define FAR_REGISTERS_AT(member, offset) \
    _Static_assert(offsetof(struct far_registers, member) == FAR_REGISTERS_##offset, "shared with invoke_MACHINE.S")
FAR_REGISTERS_AT(integer, INTEGER);
FAR_REGISTERS_AT(floats, FLOATS);
FAR_REGISTERS_AT(float_highs, FLOAT_HIGHS);
FAR_REGISTERS_AT(stack, STACK);
FAR_REGISTERS_AT(result.integer, RESULT);
FAR_REGISTERS_AT(result.floating, FLOAT_RESULT);
FAR_REGISTERS_AT(result.hidden, HIDDEN);
FAR_REGISTERS_AT(float_result_highs, FLOAT_RESULT_HIGHS);
FAR_REGISTERS_AT(x87, X87);
FAR_REGISTERS_AT(x87_count, X87_COUNT);
#undef FAR_REGISTERS_AT

#endif
