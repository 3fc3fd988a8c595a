/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The process gate's entry, aarch64 (AAPCS64).
 *
 *     void far_gate_process(void);   reached from a trap stub:
 *
 *         caller:    bl kv_put                        its arguments in registers and on its stack, as for any call
 *         stub:      bti c; mov w16, #slot; b slot 0
 *         slot 0:    adrp x17, linkage; ldr x9, [x17]; br x9      first word of the linkage header: this function
 *
 * in      x17   address of the segment's linkage header; FAR_LINKAGE_BINDING holds our struct far_binding
 *         w16   slot number
 *         everything else as the caller of the operation left it; x30 is the return address
 * out     x0, x1, v0 … v3 as the operation's result; all callee-saved registers kept, x18 untouched; the caller-saved registers
 *         and flags lost, as after any call
 * stack   x29 and x30, a struct far_frame (gate.h), and what far_process_call uses
 *
 * No register goes to the other domain from here: far_process_call sends what the interface record names, nothing else.
 * The floating-point registers are written down only for operations that have such parameters: one byte a slot says so.
 *
 * The way here is `br x9`, which with branch target identification must land on `bti j`. The return address is signed
 * with pointer authentication, as compiled functions of this library do.
 */
#include "runtime/lib/gate.h"
#include "runtime/segment.h"

    .text
    .p2align 6
    .globl far_gate_process
    .hidden far_process_call
    .type far_gate_process, @function
far_gate_process:
    .cfi_startproc
    hint    #36                                     // bti j
    hint    #25                                     // paciasp
    .cfi_negate_ra_state
    stp     x29, x30, [sp, #-16]!
    .cfi_def_cfa_offset 16
    .cfi_offset x29, -16
    .cfi_offset x30, -8
    mov     x29, sp
    .cfi_def_cfa_register x29
    sub     sp, sp, #FAR_FRAME_SIZE

    stp     x0, x1, [sp, #FAR_FRAME_INTEGER]
    stp     x2, x3, [sp, #FAR_FRAME_INTEGER+16]
    stp     x4, x5, [sp, #FAR_FRAME_INTEGER+32]
    stp     x6, x7, [sp, #FAR_FRAME_INTEGER+48]
    add     x9, x29, #16                            // above the saved x29 and x30: the caller's stack arguments
    str     x9, [sp, #FAR_FRAME_STACK]

    ldr     x1, [x17, #FAR_LINKAGE_BINDING]
    mov     w2, w16
    ldr     w9, [x1, #FAR_BINDING_SLOT_COUNT]
    cmp     w2, w9
    b.hs    .Lcall                                  // far_process_call refuses it
    ldr     x9, [x1, #FAR_BINDING_SLOT_FLAGS]
    ldrb    w9, [x9, x2]
    tst     w9, #FAR_SLOT_HAS_FLOATS
    b.ne    .Lsave_floats

.Lcall:
    mov     x0, sp
    bl      far_process_call
    ldp     x0, x1, [sp, #FAR_FRAME_RESULT]
    ldp     d0, d1, [sp, #FAR_FRAME_FLOAT_RESULT]
    ldp     d2, d3, [sp, #FAR_FRAME_FLOAT_RESULT+16]
    mov     sp, x29
    .cfi_remember_state
    .cfi_def_cfa_register sp
    ldp     x29, x30, [sp], #16
    .cfi_def_cfa_offset 0
    .cfi_restore x29
    .cfi_restore x30
    hint    #29                                     // autiasp
    .cfi_negate_ra_state
    ret

.Lsave_floats:
    .cfi_restore_state
    stp     d0, d1, [sp, #FAR_FRAME_FLOATS]
    stp     d2, d3, [sp, #FAR_FRAME_FLOATS+16]
    stp     d4, d5, [sp, #FAR_FRAME_FLOATS+32]
    stp     d6, d7, [sp, #FAR_FRAME_FLOATS+48]
    str     x8, [sp, #FAR_FRAME_HIDDEN]
    b       .Lcall
    .cfi_endproc
    .size far_gate_process, . - far_gate_process

#include "runtime/object_end_aarch64.inc"
