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
 * uintptr_t guard_stack_of(const struct __jmp_buf_tag *target);
 *
 * glibc keeps sp as word 13 of a jmp_buf, xored with a secret of the process that it tells nobody. So a jmp_buf of our
 * own is filled in here, where sp is known, and the secret worked out.
 */
#define JUMP_STACK  104                             /* bytes: word 13 */
#define OWN_JUMP    32                              /* where our jmp_buf lies; it has 312 bytes */
#define FRAME       352

    .p2align 4
    .globl guard_stack_of
    .type guard_stack_of, %function
guard_stack_of:
    .cfi_startproc
    hint    #34
    sub     sp, sp, #FRAME
    .cfi_def_cfa_offset FRAME
    stp     x29, x30, [sp]
    .cfi_offset x29, -FRAME
    .cfi_offset x30, -FRAME + 8
    str     x19, [sp, #16]
    .cfi_offset x19, -FRAME + 16
    mov     x29, sp
    mov     x19, x0
    add     x0, sp, #OWN_JUMP
    bl      _setjmp
    ldr     x0, [sp, #OWN_JUMP + JUMP_STACK]
    mov     x1, sp
    eor     x0, x0, x1
    ldr     x1, [x19, #JUMP_STACK]
    eor     x0, x0, x1
    ldr     x19, [sp, #16]
    ldp     x29, x30, [sp]
    add     sp, sp, #FRAME
    .cfi_def_cfa_offset 0
    .cfi_restore x29
    .cfi_restore x30
    .cfi_restore x19
    ret
    .cfi_endproc
    .size guard_stack_of, . - guard_stack_of

    .section .note.GNU-stack, "", %progbits
