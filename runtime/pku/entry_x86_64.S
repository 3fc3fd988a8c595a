/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The pku gate's entry for trap stubs, x86-64 System V. As far_gate_process (runtime/lib/gate_x86_64.S), whose contract this
 * has, but the floating-point registers are always written down, and what follows is far_pku_call.
 *
 * in      r10   address of a linkage header (struct far_pku's copy); r11d slot number; the rest as the caller left it
 * out     rax, rdx, xmm0, xmm1 as the operation's result; callee-saved registers kept
 * stack   a struct far_frame, aligned to 16 bytes
 */
#include "runtime/lib/gate.h"
#include "runtime/segment.h"

    .text
    .p2align 6
    .globl far_gate_pku
    .hidden far_gate_pku
    .hidden far_pku_call
    .type far_gate_pku, @function
far_gate_pku:
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
    movq    FAR_LINKAGE_BINDING(%r10), %rsi
    movl    %r11d, %edx
    call    far_pku_call
    movq    FAR_FRAME_RESULT(%rsp), %rax
    movq    FAR_FRAME_RESULT+8(%rsp), %rdx
    movsd   FAR_FRAME_FLOAT_RESULT(%rsp), %xmm0
    movsd   FAR_FRAME_FLOAT_RESULT+8(%rsp), %xmm1
    leave
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size far_gate_pku, . - far_gate_pku

#include "runtime/object_end_x86_64.inc"
