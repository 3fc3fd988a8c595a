/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Thunks, aarch64 (AAPCS64): what a service calls when it calls a function of a client's. They are made here, all of them, so
 * that nothing that is executed is ever written.
 *
 *     void far_thunks(void);    FAR_THUNKS_MAX thunks of FAR_THUNK_SIZE bytes each; number i is called as any C function
 *
 *         thunk:     bti c; mov w16, #i; b entry
 *
 * in      w16   number of the thunk
 *         everything else as the caller of a function leaves it; x30 is the return address
 * out     x0, x1, v0 … v3 as the client's function returned; all callee-saved registers kept
 * stack   x29 and x30, a struct far_frame (runtime/lib/gate.h), and what far_thunk_called uses
 */
#include "runtime/host/thunk.h"
#include "runtime/lib/gate.h"

    .text
    .p2align 6
    .type thunk_entry, @function
thunk_entry:
    .cfi_startproc
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
    stp     d0, d1, [sp, #FAR_FRAME_FLOATS]
    stp     d2, d3, [sp, #FAR_FRAME_FLOATS+16]
    stp     d4, d5, [sp, #FAR_FRAME_FLOATS+32]
    stp     d6, d7, [sp, #FAR_FRAME_FLOATS+48]
    str     x8, [sp, #FAR_FRAME_HIDDEN]
    add     x9, x29, #16                            // above the saved x29 and x30: the caller's stack arguments
    str     x9, [sp, #FAR_FRAME_STACK]

    mov     x0, sp
    mov     w1, w16
    bl      far_thunk_called
    ldp     x0, x1, [sp, #FAR_FRAME_RESULT]
    ldp     d0, d1, [sp, #FAR_FRAME_FLOAT_RESULT]
    ldp     d2, d3, [sp, #FAR_FRAME_FLOAT_RESULT+16]
    mov     sp, x29
    .cfi_def_cfa_register sp
    ldp     x29, x30, [sp], #16
    .cfi_def_cfa_offset 0
    .cfi_restore x29
    .cfi_restore x30
    hint    #29                                     // autiasp
    .cfi_negate_ra_state
    ret
    .cfi_endproc
    .size thunk_entry, . - thunk_entry

    .p2align 4
    .globl far_thunks
    .type far_thunks, @function
far_thunks:
    .cfi_startproc
    .set number, 0
    .rept FAR_THUNKS_MAX
    hint    #34                                     // bti c
    mov     w16, #number
    b       thunk_entry
    nop
    .set number, number + 1
    .endr
    .cfi_endproc
    .size far_thunks, . - far_thunks

#include "runtime/object_end_aarch64.inc"
