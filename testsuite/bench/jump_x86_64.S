/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What a trusted stub is, written by hand: one branch to a function of the same library. On pages of its own, as stubs
 * are: a branch to another page costs what it costs, whoever writes it.
 */
    .section .text.jump, "ax", @progbits
    .p2align 16
    .globl jump_kv_null
    .type jump_kv_null, @function
jump_kv_null:
    endbr64
    jmp     prefixed_kv_null
    .size jump_kv_null, . - jump_kv_null
    .section .note.GNU-stack, "", @progbits
