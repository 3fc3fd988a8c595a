/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * void guard_call(void (*body)(void *), void *argument);
 *
 * Calls body(argument). The frame names guard_personality, so that an exception that nobody below has caught is caught
 * here; it does not come back into this function (guard.c).
 *
 * in      rdi body   rsi argument
 * stack   rbp
 */
    .text
    .p2align 4
    .globl guard_call
    .type guard_call, @function
guard_call:
    .cfi_startproc
    .cfi_personality 0x1b, guard_personality        /* pc-relative, signed, 4 bytes */
    endbr64
    pushq   %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq    %rsp, %rbp
    .cfi_def_cfa_register %rbp
    movq    %rdi, %rax
    movq    %rsi, %rdi
    call    *%rax
    popq    %rbp
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size guard_call, . - guard_call

/*
 * int guard_NAME(struct __jmp_buf_tag *target, …);
 *
 * Marks the jmp_buf, then becomes NAME itself: what it saves is our caller's.
 *
 * in, out  as NAME
 */
    .macro marking name
    .p2align 4
    .globl guard_\name
    .type guard_\name, @function
guard_\name:
    .cfi_startproc
    endbr64
    pushq   %rdi
    .cfi_adjust_cfa_offset 8
    pushq   %rsi
    .cfi_adjust_cfa_offset 8
    subq    $8, %rsp
    .cfi_adjust_cfa_offset 8
    call    guard_mark
    addq    $8, %rsp
    .cfi_adjust_cfa_offset -8
    popq    %rsi
    .cfi_adjust_cfa_offset -8
    popq    %rdi
    .cfi_adjust_cfa_offset -8
    jmp     \name@PLT
    .cfi_endproc
    .size guard_\name, . - guard_\name
    .endm

    marking _setjmp
    marking setjmp
    marking __sigsetjmp

#include "runtime/object_end_x86_64.inc"
