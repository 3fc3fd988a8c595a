/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What the assembly of a gate shares with C: the frame in which a call's registers are written down, and the first
 * words of a binding. Drift is made fatal by the assertions at the end.
 */
#ifndef FARCALL_GATE_H
#define FARCALL_GATE_H

#define FAR_FRAME_INTEGER      0
#define FAR_FRAME_FLOATS       48
#define FAR_FRAME_RESULT       112
#define FAR_FRAME_FLOAT_RESULT 120
#define FAR_FRAME_STACK        128
#define FAR_FRAME_SIZE         144 /* a multiple of 16 */

#define FAR_BINDING_SLOT_FLAGS 0
#define FAR_BINDING_SLOT_COUNT 8
#define FAR_SLOT_HAS_FLOATS    1 /* slot_flags: some parameter travels in an SSE register */

#ifndef __ASSEMBLER__

#include "runtime/lib/binding.h"

#include <stddef.h>
#include <stdint.h>

/* A call as it arrived (System V ABI, x86-64), and what it is to return. */
struct far_frame {
    uint64_t integer[6];   /* rdi rsi rdx rcx r8 r9 */
    uint64_t floats[8];    /* low halves of xmm0 … xmm7; written only for operations with FAR_SLOT_HAS_FLOATS */
    uint64_t result;       /* rax */
    uint64_t float_result; /* low half of xmm0 */
    const uint64_t *stack; /* the caller's stack arguments */
    uint64_t unused;
};

/* The process gate's entry: reached by trap stubs alone, with the slot in r11d and the linkage header in r10. */
void far_gate_process(void);
/* Its other half. Fills in result and float_result; errno is the operation's. */
void far_process_call(struct far_frame *frame, struct far_binding *binding, uint32_t slot);

_Static_assert(offsetof(struct far_frame, integer) == FAR_FRAME_INTEGER, "shared with gate_x86_64.S");
_Static_assert(offsetof(struct far_frame, floats) == FAR_FRAME_FLOATS, "shared with gate_x86_64.S");
_Static_assert(offsetof(struct far_frame, result) == FAR_FRAME_RESULT, "shared with gate_x86_64.S");
_Static_assert(offsetof(struct far_frame, float_result) == FAR_FRAME_FLOAT_RESULT, "shared with gate_x86_64.S");
_Static_assert(offsetof(struct far_frame, stack) == FAR_FRAME_STACK, "shared with gate_x86_64.S");
_Static_assert(sizeof(struct far_frame) == FAR_FRAME_SIZE, "shared with gate_x86_64.S");
_Static_assert(offsetof(struct far_binding, slot_flags) == FAR_BINDING_SLOT_FLAGS, "shared with gate_x86_64.S");
_Static_assert(offsetof(struct far_binding, slot_count) == FAR_BINDING_SLOT_COUNT, "shared with gate_x86_64.S");

#endif /* !__ASSEMBLER__ */
#endif
