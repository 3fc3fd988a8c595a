/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What the assembly of a gate shares with C: the frame in which a call's registers are written down, and the first
 * words of a binding. Drift is made fatal by the assertions at the end.
 */
#ifndef FARCALL_GATE_H
#define FARCALL_GATE_H

#include "runtime/lib/abi.h"

#define FAR_BINDING_SLOT_FLAGS 0
#define FAR_BINDING_SLOT_COUNT 8
#define FAR_SLOT_HAS_FLOATS \
    1 /* slot_flags: some parameter travels in a floating-point register; or the result in memory */
#define FAR_SLOT_WHOLE \
    2 /* and with it: something is above the low half of a vector register, or in the x87; gates compare with 1 */

#ifndef __ASSEMBLER__

#include "runtime/lib/binding.h"

#include <stddef.h>
#include <stdint.h>

/* A call as it arrived, and what it is to return. */
struct far_frame {
    uint64_t integer[FAR_ABI_INTEGERS];
    uint64_t floats[FAR_ABI_FLOATS]; /* the low halves; written only for operations with FAR_SLOT_HAS_FLOATS */
    uint64_t result;
    uint64_t second_result; /* this and more_float_results: only for results by value, otherwise anything */
    uint64_t float_result;
    uint64_t more_float_results[FAR_ABI_FLOAT_RESULTS - 1];
    const uint64_t *stack; /* the caller's stack arguments */
    uint64_t hidden;       /* where the result goes, if a register of its own says so; as `floats` */
    /* From here on only for operations with FAR_SLOT_WHOLE. */
    uint64_t float_highs[FAR_ABI_FLOATS];
    uint64_t float_result_highs[FAR_ABI_FLOAT_RESULTS];
    unsigned char x87[FAR_X87_RESULTS][FAR_X87_SIZE]; /* st(0), st(1) */
    uint64_t x87_count;                               /* how many of them there are; 0 when C is called */
    uint64_t unused;
};

/* The process gate's entry: reached by trap stubs alone, which say the slot and the linkage header (gate_MACHINE.S). */
void far_gate_process(void);
/* Its other half. Fills in result and float_result; errno is the operation's. */
void far_process_call(struct far_frame *frame, struct far_binding *binding, uint32_t slot);

_Static_assert(offsetof(struct far_frame, integer) == FAR_FRAME_INTEGER, "shared with gate_MACHINE.S");
_Static_assert(offsetof(struct far_frame, floats) == FAR_FRAME_FLOATS, "shared with gate_MACHINE.S");
_Static_assert(offsetof(struct far_frame, result) == FAR_FRAME_RESULT, "shared with gate_MACHINE.S");
_Static_assert(offsetof(struct far_frame, second_result) == FAR_FRAME_RESULT + 8, "shared with gate_MACHINE.S");
_Static_assert(offsetof(struct far_frame, more_float_results) == FAR_FRAME_FLOAT_RESULT + 8,
               "shared with gate_MACHINE.S");
_Static_assert(offsetof(struct far_frame, hidden) == FAR_FRAME_HIDDEN, "shared with gate_MACHINE.S");
_Static_assert(offsetof(struct far_frame, float_result) == FAR_FRAME_FLOAT_RESULT, "shared with gate_MACHINE.S");
_Static_assert(offsetof(struct far_frame, stack) == FAR_FRAME_STACK, "shared with gate_MACHINE.S");
_Static_assert(offsetof(struct far_frame, float_highs) == FAR_FRAME_FLOAT_HIGHS, "shared with gate_MACHINE.S");
_Static_assert(offsetof(struct far_frame, float_result_highs) == FAR_FRAME_FLOAT_RESULT_HIGHS,
               "shared with gate_MACHINE.S");
_Static_assert(offsetof(struct far_frame, x87) == FAR_FRAME_X87, "shared with gate_MACHINE.S");
_Static_assert(offsetof(struct far_frame, x87_count) == FAR_FRAME_X87_COUNT, "shared with gate_MACHINE.S");
_Static_assert(sizeof(struct far_frame) == FAR_FRAME_SIZE, "shared with gate_MACHINE.S");
_Static_assert(offsetof(struct far_binding, slot_flags) == FAR_BINDING_SLOT_FLAGS, "shared with gate_MACHINE.S");
_Static_assert(offsetof(struct far_binding, slot_count) == FAR_BINDING_SLOT_COUNT, "shared with gate_MACHINE.S");

#endif /* !__ASSEMBLER__ */
#endif
