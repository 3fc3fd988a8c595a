/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * void guard_call(void (*body)(void *), void *argument);
 *
 * Calls body(argument). The frame names guard_personality, so that an exception that nobody below has caught is caught
 * here; it does not come back into this function (guard.c).
 *
 * in      x0 body   x1 argument
 * stack   x29, x30
 */
    .text
    .p2align 4
    .globl guard_call
    .type guard_call, %function
guard_call:
    .cfi_startproc
    .cfi_personality 0x1b, guard_personality        /* pc-relative, signed, 4 bytes */
    hint    #34                                     /* bti c */
    stp     x29, x30, [sp, #-16]!
    .cfi_def_cfa_offset 16
    .cfi_offset x29, -16
    .cfi_offset x30, -8
    mov     x29, sp
    mov     x2, x0
    mov     x0, x1
    blr     x2
    ldp     x29, x30, [sp], #16
    .cfi_restore x29
    .cfi_restore x30
    .cfi_def_cfa_offset 0
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
    .type guard_\name, %function
guard_\name:
    .cfi_startproc
    hint    #34
    stp     x29, x30, [sp, #-32]!
    .cfi_def_cfa_offset 32
    .cfi_offset x29, -32
    .cfi_offset x30, -24
    mov     x29, sp
    stp     x0, x1, [sp, #16]
    bl      guard_mark
    ldp     x0, x1, [sp, #16]
    ldp     x29, x30, [sp], #32
    .cfi_restore x29
    .cfi_restore x30
    .cfi_def_cfa_offset 0
    b       \name
    .cfi_endproc
    .size guard_\name, . - guard_\name
    .endm

    marking _setjmp
    marking setjmp
    marking __sigsetjmp

#include "runtime/object_end_aarch64.inc"
