/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Thunks, x86-64 System V: what a service calls when it calls a function of a client's. They are made here, all of them,
 * so that nothing that is executed is ever written.
 *
 *     void far_thunks(void);    FAR_THUNKS_MAX thunks of FAR_THUNK_SIZE bytes each; number i is called as any C function
 *
 *         thunk:     endbr64; mov $i,%r11d; jmp entry
 *
 * in      r11d  number of the thunk
 *         everything else as the caller of a function leaves it; the return address is on top of the stack
 * out     rax, rdx, xmm0, xmm1 as the client's function returned; all callee-saved registers kept
 * stack   a struct far_frame (runtime/lib/gate.h), and what far_thunk_called uses; aligned to 16 bytes at that call
 */
#include "runtime/host/thunk.h"
#include "runtime/lib/gate.h"

    .text
    .p2align 6
    .type thunk_entry, @function
thunk_entry:
    .cfi_startproc
    pushq   %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq    %rsp, %rbp
    .cfi_def_cfa_register %rbp
    subq    $FAR_FRAME_SIZE, %rsp

    movq    %rdi, FAR_FRAME_INTEGER(%rsp)
    movq    %rsi, FAR_FRAME_INTEGER+8(%rsp)
    movq    %rdx, FAR_FRAME_INTEGER+16(%rsp)
    movq    %rcx, FAR_FRAME_INTEGER+24(%rsp)
    movq    %r8, FAR_FRAME_INTEGER+32(%rsp)
    movq    %r9, FAR_FRAME_INTEGER+40(%rsp)
    movsd   %xmm0, FAR_FRAME_FLOATS(%rsp)
    movsd   %xmm1, FAR_FRAME_FLOATS+8(%rsp)
    movsd   %xmm2, FAR_FRAME_FLOATS+16(%rsp)
    movsd   %xmm3, FAR_FRAME_FLOATS+24(%rsp)
    movsd   %xmm4, FAR_FRAME_FLOATS+32(%rsp)
    movsd   %xmm5, FAR_FRAME_FLOATS+40(%rsp)
    movsd   %xmm6, FAR_FRAME_FLOATS+48(%rsp)
    movsd   %xmm7, FAR_FRAME_FLOATS+56(%rsp)
    leaq    16(%rbp), %rax                          /* above the saved rbp and the return address */
    movq    %rax, FAR_FRAME_STACK(%rsp)

    movq    %rsp, %rdi
    movl    %r11d, %esi
    call    far_thunk_called
    movq    FAR_FRAME_RESULT(%rsp), %rax
    movq    FAR_FRAME_RESULT+8(%rsp), %rdx
    movsd   FAR_FRAME_FLOAT_RESULT(%rsp), %xmm0
    movsd   FAR_FRAME_FLOAT_RESULT+8(%rsp), %xmm1
    leave
    .cfi_def_cfa %rsp, 8
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
    endbr64
    .byte 0x41, 0xbb                                /* movl $number, %r11d */
    .long number
    jmp     thunk_entry
    .p2align 4, 0xcc
    .set number, number + 1
    .endr
    .cfi_endproc
    .size far_thunks, . - far_thunks

#include "runtime/object_end_x86_64.inc"
