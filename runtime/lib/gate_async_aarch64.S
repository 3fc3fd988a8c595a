/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Asynchronous calls, aarch64 (AAPCS64).
 *
 *     void far_async(void);   reached from an import library's NAME_async:
 *
 *         bti c; adrp x17, .Limport; add x17, x17, :lo12:.Limport; mov w9, #index; ldr x16, …far_async; br x16
 *
 * in      x17   the library's struct far_import
 *         w9    index of the operation in its table
 *         everything else as the caller of NAME_async left it; x30 is the return address
 * out     x0    struct far_promise *, or NULL and errno; all callee-saved registers kept, x18 untouched, the others lost
 * stack   x29 and x30, a struct far_frame (gate.h), and what far_async_call uses
 */
#include "runtime/lib/gate.h"

    .text
    .p2align 4
    .globl far_async
    .hidden far_async_call
    .type far_async, @function
far_async:
    .cfi_startproc
    hint    #34                                     // bti c: a br through x16 or x17 may land here
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
    add     x10, x29, #16                           // above the saved x29 and x30: the caller's stack arguments
    str     x10, [sp, #FAR_FRAME_STACK]

    mov     x0, sp
    mov     x1, x17
    mov     w2, w9
    bl      far_async_call
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
    .size far_async, . - far_async

#include "runtime/object_end_aarch64.inc"
