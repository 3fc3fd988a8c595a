/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * void far_invoke(uint64_t function, const uint64_t integer[6], const uint64_t floats[8], const uint64_t *stack,
 *                 uint64_t count, struct invoked *result);
 *
 * Calls `function` by the System V ABI with all its registers given: six integers, the low halves of eight SSE registers,
 * `count` words on the stack, the first of them lowest. Stores rax, rdx and the low halves of xmm0 and xmm1
 * in *result.
 *
 * in      rdi function   rsi integer   rdx floats   rcx stack   r8 count   r9 result
 * keeps   callee-saved registers; rbx holds result during the call
 * stack   rbp, rbx, and the arguments, padded so that rsp is a multiple of 16 at the call
 */
#include "runtime/lib/abi.h"

    .text
    .p2align 4
    .globl far_invoke
    .type far_invoke, @function
far_invoke:
    .cfi_startproc
    endbr64
    pushq   %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq    %rsp, %rbp
    .cfi_def_cfa_register %rbp
    pushq   %rbx
    .cfi_offset %rbx, -24
    subq    $8, %rsp                    /* rsp is a multiple of 16 here */
    movq    %r9, %rbx
    movq    %rdi, %r11
    movq    %rsi, %r10

    leaq    1(%r8), %rax                /* room for the stack words, an even number of them */
    andq    $-2, %rax
    shlq    $3, %rax
    subq    %rax, %rsp
.Lnext_word:
    testq   %r8, %r8
    jz      .Lregisters
    decq    %r8
    movq    (%rcx,%r8,8), %rax
    movq    %rax, (%rsp,%r8,8)
    jmp     .Lnext_word

.Lregisters:
    movsd   (%rdx), %xmm0
    movsd   8(%rdx), %xmm1
    movsd   16(%rdx), %xmm2
    movsd   24(%rdx), %xmm3
    movsd   32(%rdx), %xmm4
    movsd   40(%rdx), %xmm5
    movsd   48(%rdx), %xmm6
    movsd   56(%rdx), %xmm7
    movq    (%r10), %rdi
    movq    8(%r10), %rsi
    movq    16(%r10), %rdx
    movq    24(%r10), %rcx
    movq    32(%r10), %r8
    movq    40(%r10), %r9
    movl    $8, %eax                    /* as for a variadic function: harmless to any other */
    call    *%r11

    movq    %rax, (%rbx)
    movq    %rdx, 8(%rbx)
    movsd   %xmm0, 16(%rbx)
    movsd   %xmm1, 24(%rbx)
    movq    -8(%rbp), %rbx
    leave
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size far_invoke, . - far_invoke

/*
 * void far_invoke_whole(uint64_t function, struct far_registers *registers, uint64_t count);
 *
 * The same with whole vector registers, and with as many results from the x87 as registers->result.x87_count says.
 *
 * in      rdi function   rsi registers   rdx count
 * keeps   callee-saved registers; rbx holds registers during the call
 * stack   as far_invoke
 */
    .p2align 4
    .globl far_invoke_whole
    .type far_invoke_whole, @function
far_invoke_whole:
    .cfi_startproc
    endbr64
    pushq   %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq    %rsp, %rbp
    .cfi_def_cfa_register %rbp
    pushq   %rbx
    .cfi_offset %rbx, -24
    subq    $8, %rsp
    movq    %rsi, %rbx
    movq    %rdi, %r11
    movq    FAR_REGISTERS_STACK(%rbx), %rcx

    leaq    1(%rdx), %rax
    andq    $-2, %rax
    shlq    $3, %rax
    subq    %rax, %rsp
.Lnext_whole_word:
    testq   %rdx, %rdx
    jz      .Lwhole_registers
    decq    %rdx
    movq    (%rcx,%rdx,8), %rax
    movq    %rax, (%rsp,%rdx,8)
    jmp     .Lnext_whole_word

.Lwhole_registers:
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7
    movsd   FAR_REGISTERS_FLOATS+8*\number(%rbx), %xmm\number
    movhps  FAR_REGISTERS_FLOAT_HIGHS+8*\number(%rbx), %xmm\number
    .endr
    movq    FAR_REGISTERS_INTEGER(%rbx), %rdi
    movq    FAR_REGISTERS_INTEGER+8(%rbx), %rsi
    movq    FAR_REGISTERS_INTEGER+16(%rbx), %rdx
    movq    FAR_REGISTERS_INTEGER+24(%rbx), %rcx
    movq    FAR_REGISTERS_INTEGER+32(%rbx), %r8
    movq    FAR_REGISTERS_INTEGER+40(%rbx), %r9
    movl    $8, %eax
    call    *%r11

    movq    %rax, FAR_REGISTERS_RESULT(%rbx)
    movq    %rdx, FAR_REGISTERS_RESULT+8(%rbx)
    movsd   %xmm0, FAR_REGISTERS_FLOAT_RESULT(%rbx)
    movsd   %xmm1, FAR_REGISTERS_FLOAT_RESULT+8(%rbx)
    movhps  %xmm0, FAR_REGISTERS_FLOAT_RESULT_HIGHS(%rbx)
    movhps  %xmm1, FAR_REGISTERS_FLOAT_RESULT_HIGHS+8(%rbx)
    cmpq    $1, FAR_REGISTERS_X87_COUNT(%rbx)
    jb      .Lno_x87
    fstpt   FAR_REGISTERS_X87(%rbx)                 /* keeps the flags */
    je      .Lno_x87
    fstpt   FAR_REGISTERS_X87+16(%rbx)
.Lno_x87:
    movq    -8(%rbp), %rbx
    leave
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size far_invoke_whole, . - far_invoke_whole

#include "runtime/object_end_x86_64.inc"
