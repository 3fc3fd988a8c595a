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
 * uintptr_t guard_stack_of(const struct __jmp_buf_tag *target);
 *
 * glibc keeps rsp as the seventh word of a jmp_buf, mangled: xored with the thread control block's pointer guard, then
 * rotated left by 17 bits.
 */
    .p2align 4
    .globl guard_stack_of
    .type guard_stack_of, @function
guard_stack_of:
    .cfi_startproc
    endbr64
    movq    48(%rdi), %rax
    rorq    $17, %rax
    xorq    %fs:0x30, %rax
    ret
    .cfi_endproc
    .size guard_stack_of, . - guard_stack_of

    .section .note.GNU-stack, "", @progbits
    .section .note.gnu.property, "a"
    .p2align 3
    .long   4, 16, 5
    .asciz  "GNU"
    .long   0xc0000002, 4, 3, 0
