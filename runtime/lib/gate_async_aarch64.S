/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Asynchronous and queued calls, aarch64 (AAPCS64).
 *
 *     void far_async(void);    reached from an import library's NAME_async
 *     void far_queued(void);   and NAME_queued, with the function of that name:
 *
 *         bti c; adrp x17, .Limport; add x17, x17, :lo12:.Limport; mov w9, #index; ldr x16, …far_async; br x16
 *
 * in      x17   the library's struct far_import
 *         w9    index of the operation in its table
 *         everything else as the caller left it; x30 is the return address
 * out     x0    struct far_promise *, or NULL and errno; the ticket, or 0 and errno; all callee-saved registers kept, x18 untouched, the others lost
 * stack   x29 and x30, a struct far_frame (gate.h), and what the C function uses
 */
#include "runtime/lib/frame_aarch64.inc"

.macro entry name, call
    .text
    .p2align 4
    .globl \name
    .hidden \call
    .type \name, @function
\name:
    .cfi_startproc
    hint    #34                                     // bti c: a br through x16 or x17 may land here
    frame_open

    frame_save_integers
    frame_save_floats
    frame_save_highs x10
    frame_save_stack x10

    mov     x0, sp
    mov     x1, x17
    mov     w2, w9
    bl      \call
    frame_close
    .cfi_endproc
    .size \name, . - \name
.endm

    entry far_async, far_async_call
    entry far_queued, far_queued_call

#include "runtime/object_end_aarch64.inc"
