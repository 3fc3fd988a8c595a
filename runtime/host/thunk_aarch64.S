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
#include "runtime/lib/frame_aarch64.inc"

    .text
    .p2align 6
    .type thunk_entry, @function
thunk_entry:
    .cfi_startproc
    frame_open

    frame_save_integers
    frame_save_floats
    frame_save_hidden
    frame_save_highs x9
    frame_save_stack x9

    mov     x0, sp
    mov     w1, w16
    bl      far_thunk_called
    frame_load_results
    frame_load_highs x9
    frame_close
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
