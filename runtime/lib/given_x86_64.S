/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Thunks, x86-64 System V: what a program calls when it calls a function that a service has given it. All of them are made
 * here, so that nothing that is executed is ever written.
 *
 *     void far_given_thunks(void);    FAR_GIVEN_THUNKS_MAX of FAR_GIVEN_THUNK_SIZE bytes; number i is called as any C function
 *
 *         thunk:     endbr64; mov $i,%r11d; jmp entry
 *
 * in      r11d  number of the thunk
 *         everything else as the caller of a function leaves it; the return address is on top of the stack
 * out     rax, rdx, xmm0, xmm1 as the service's function returned; all callee-saved registers kept
 * stack   a struct far_frame (runtime/lib/gate.h), and what far_given_called uses; aligned to 16 bytes at that call
 */
#include "runtime/lib/frame_x86_64.inc"
#include "runtime/lib/given.h"

    .text
    .p2align 6
    .type given_entry, @function
given_entry:
    .cfi_startproc
    frame_open

    frame_save_integers
    frame_save_floats
    frame_save_highs
    frame_save_stack rax

    movq    %rsp, %rdi
    movl    %r11d, %esi
    call    far_given_called
    frame_load_results
    frame_load_highs
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
    endbr64
    .byte 0x41, 0xbb                                /* movl $number, %r11d */
    .long number
    jmp     given_entry
    .p2align 4, 0xcc
    .set number, number + 1
    .endr
    .cfi_endproc
    .size far_given_thunks, . - far_given_thunks

#include "runtime/object_end_x86_64.inc"
