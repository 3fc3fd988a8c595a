/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A place to come back to on the domain's own stack, x86-64 System V. A jmp_buf is larger than what is put there; masks of signals
 * are nothing that a domain has.
 *
 *     int far_pku_setjmp(jmp_buf)         in rdi; out 0, or what the jump says
 *     void far_pku_longjmp(jmp_buf, int)  in rdi, esi; 0 is 1 there
 *
 *     buffer: rbx rbp r12 r13 r14 r15, the stack behind the return address, the return address
 */
    .text
    .p2align 4
    .globl far_pku_setjmp, far_pku__setjmp, far_pku___sigsetjmp
    .hidden far_pku_setjmp, far_pku__setjmp, far_pku___sigsetjmp
    .type far_pku_setjmp, @function
far_pku_setjmp:
far_pku__setjmp:
far_pku___sigsetjmp:
    endbr64
    movq    %rbx, (%rdi)
    movq    %rbp, 8(%rdi)
    movq    %r12, 16(%rdi)
    movq    %r13, 24(%rdi)
    movq    %r14, 32(%rdi)
    movq    %r15, 40(%rdi)
    leaq    8(%rsp), %rax
    movq    %rax, 48(%rdi)
    movq    (%rsp), %rax
    movq    %rax, 56(%rdi)
    xorl    %eax, %eax
    ret
    .size far_pku_setjmp, . - far_pku_setjmp

    .p2align 4
    .globl far_pku_longjmp, far_pku__longjmp, far_pku_siglongjmp, far_pku___longjmp_chk
    .hidden far_pku_longjmp, far_pku__longjmp, far_pku_siglongjmp, far_pku___longjmp_chk
    .type far_pku_longjmp, @function
far_pku_longjmp:
far_pku__longjmp:
far_pku_siglongjmp:
far_pku___longjmp_chk:
    endbr64
    movl    %esi, %eax
    cmpl    $1, %eax
    adcl    $0, %eax                                /* 0 becomes 1 */
    movq    (%rdi), %rbx
    movq    8(%rdi), %rbp
    movq    16(%rdi), %r12
    movq    24(%rdi), %r13
    movq    32(%rdi), %r14
    movq    40(%rdi), %r15
    movq    48(%rdi), %rsp
    jmpq    *56(%rdi)
    .size far_pku_longjmp, . - far_pku_longjmp

#include "runtime/object_end_x86_64.inc"
