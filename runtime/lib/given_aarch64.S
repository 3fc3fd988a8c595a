/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Thunks, aarch64 (AAPCS64): what a program calls when it calls a function that a service has given it. All of them are made
 * here, so that nothing that is executed is ever written.
 *
 *     void far_given_thunks(void);    FAR_GIVEN_THUNKS_MAX of FAR_GIVEN_THUNK_SIZE bytes; number i is called as any C function
 *
 *         thunk:     bti c; mov w16, #i; b entry
 *
 * in      w16   number of the thunk
 *         everything else as the caller of a function leaves it; x30 is the return address
 * out     x0, x1, v0 … v3 as the service's function returned; all callee-saved registers kept
 * stack   x29 and x30, a struct far_frame (runtime/lib/gate.h), and what far_given_called uses
 */
#include "runtime/lib/frame_aarch64.inc"
#include "runtime/lib/given.h"

    .text
    .p2align 6
    .type given_entry, @function
given_entry:
    .cfi_startproc
    frame_open

    frame_save_integers
    frame_save_floats
    frame_save_highs x9
    frame_save_hidden
    frame_save_stack x9

    mov     x0, sp
    mov     w1, w16
    bl      far_given_called
    frame_load_results
    frame_load_highs x9
    frame_close
    .cfi_endproc
    .size given_entry, . - given_entry

    .p2align 4
    .globl far_given_thunks
    .hidden far_given_thunks
    .type far_given_thunks, @function
far_given_thunks:
    .cfi_startproc
    .set number, 0
    .rept FAR_GIVEN_THUNKS_MAX
    hint    #34                                     // bti c
    mov     w16, #number
    b       given_entry
    nop
    .set number, number + 1
    .endr
    .cfi_endproc
    .size far_given_thunks, . - far_given_thunks

#include "runtime/object_end_aarch64.inc"
