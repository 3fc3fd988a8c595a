/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Asynchronous calls, x86-64 System V.
 *
 *     void far_async(void);   reached from an import library's NAME_async:
 *
 *         endbr64; lea .Limport(%rip),%r10; mov $index,%r11d; jmp *far_async
 *
 * in      r10   the library's struct far_import
 *         r11d  index of the operation in its table
 *         everything else as the caller of NAME_async left it; the return address is on top of the stack
 * out     rax   struct far_promise *, or NULL and errno; all callee-saved registers kept, the others lost
 * stack   a struct far_frame (gate.h), and what far_async_call uses; aligned to 16 bytes at that call
 */
#include "runtime/lib/gate.h"

    .text
    .p2align 4
    .globl far_async
    .hidden far_async_call
    .type far_async, @function
far_async:
    .cfi_startproc
    endbr64
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
    movq    %r10, %rsi
    movl    %r11d, %edx
    call    far_async_call
    leave
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size far_async, . - far_async

#include "runtime/object_end_x86_64.inc"
