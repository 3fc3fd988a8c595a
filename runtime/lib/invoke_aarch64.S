/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * void far_invoke(uint64_t function, const uint64_t integer[8], const uint64_t floats[8], const uint64_t *stack,
 *                 uint64_t count, struct invoked *result);
 *
 * Calls `function` by AAPCS64 with all its registers given: eight integers, the low halves of eight vector registers,
 * `count` words on the stack, the first of them lowest. Stores x0 and the low half of v0 in *result.
 *
 * in      x0 function   x1 integer   x2 floats   x3 stack   x4 count   x5 result
 * keeps   callee-saved registers; x19 holds result during the call
 * stack   x29, x30, x19, and the arguments, padded so that sp is a multiple of 16
 */
#include "runtime/lib/abi.h"

    .text
    .p2align 4
    .globl far_invoke
    .type far_invoke, @function
far_invoke:
    .cfi_startproc
    hint    #25                         // paciasp, which is a landing place for calls too
    .cfi_negate_ra_state
    stp     x29, x30, [sp, #-32]!
    .cfi_def_cfa_offset 32
    .cfi_offset x29, -32
    .cfi_offset x30, -24
    mov     x29, sp
    .cfi_def_cfa_register x29
    str     x19, [sp, #16]
    .cfi_offset x19, -16
    mov     x19, x5
    mov     x16, x0
    mov     x17, x1

    add     x9, x4, #1                  // room for the stack words, an even number of them
    and     x9, x9, #-2
    sub     sp, sp, x9, lsl #3
.Lnext_word:
    cbz     x4, .Lregisters
    sub     x4, x4, #1
    ldr     x9, [x3, x4, lsl #3]
    str     x9, [sp, x4, lsl #3]
    b       .Lnext_word

.Lregisters:
    ldp     d0, d1, [x2]
    ldp     d2, d3, [x2, #16]
    ldp     d4, d5, [x2, #32]
    ldp     d6, d7, [x2, #48]
    ldp     x0, x1, [x17]
    ldp     x2, x3, [x17, #16]
    ldp     x4, x5, [x17, #32]
    ldp     x6, x7, [x17, #48]
    ldr     x8, [x19, #48]
    blr     x16

    stp     x0, x1, [x19]
    stp     d0, d1, [x19, #16]
    stp     d2, d3, [x19, #32]
    mov     sp, x29
    .cfi_def_cfa_register sp
    ldr     x19, [sp, #16]
    .cfi_restore x19
    ldp     x29, x30, [sp], #32
    .cfi_def_cfa_offset 0
    .cfi_restore x29
    .cfi_restore x30
    hint    #29                         // autiasp
    .cfi_negate_ra_state
    ret
    .cfi_endproc
    .size far_invoke, . - far_invoke

/*
 * void far_invoke_whole(uint64_t function, struct far_registers *registers, uint64_t count);
 *
 * The same with whole vector registers.
 *
 * in      x0 function   x1 registers   x2 count
 * keeps   callee-saved registers; x19 holds registers during the call
 * stack   as far_invoke
 */
    .p2align 4
    .globl far_invoke_whole
    .type far_invoke_whole, @function
far_invoke_whole:
    .cfi_startproc
    hint    #25                         // paciasp, which is a landing place for calls too
    .cfi_negate_ra_state
    stp     x29, x30, [sp, #-32]!
    .cfi_def_cfa_offset 32
    .cfi_offset x29, -32
    .cfi_offset x30, -24
    mov     x29, sp
    .cfi_def_cfa_register x29
    str     x19, [sp, #16]
    .cfi_offset x19, -16
    mov     x19, x1
    mov     x16, x0
    ldr     x3, [x19, #FAR_REGISTERS_STACK]

    add     x9, x2, #1
    and     x9, x9, #-2
    sub     sp, sp, x9, lsl #3
.Lnext_whole_word:
    cbz     x2, .Lwhole_registers
    sub     x2, x2, #1
    ldr     x9, [x3, x2, lsl #3]
    str     x9, [sp, x2, lsl #3]
    b       .Lnext_whole_word

.Lwhole_registers:
    ldp     d0, d1, [x19, #FAR_REGISTERS_FLOATS]
    ldp     d2, d3, [x19, #FAR_REGISTERS_FLOATS+16]
    ldp     d4, d5, [x19, #FAR_REGISTERS_FLOATS+32]
    ldp     d6, d7, [x19, #FAR_REGISTERS_FLOATS+48]
    add     x9, x19, #FAR_REGISTERS_FLOAT_HIGHS
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7
    ld1     {v\number\().d}[1], [x9], #8
    .endr
    ldp     x0, x1, [x19, #FAR_REGISTERS_INTEGER]
    ldp     x2, x3, [x19, #FAR_REGISTERS_INTEGER+16]
    ldp     x4, x5, [x19, #FAR_REGISTERS_INTEGER+32]
    ldp     x6, x7, [x19, #FAR_REGISTERS_INTEGER+48]
    ldr     x8, [x19, #FAR_REGISTERS_HIDDEN]
    blr     x16

    stp     x0, x1, [x19, #FAR_REGISTERS_RESULT]
    stp     d0, d1, [x19, #FAR_REGISTERS_FLOAT_RESULT]
    stp     d2, d3, [x19, #FAR_REGISTERS_FLOAT_RESULT+16]
    add     x9, x19, #FAR_REGISTERS_FLOAT_RESULT_HIGHS
    .irp number, 0, 1, 2, 3
    st1     {v\number\().d}[1], [x9], #8
    .endr
    mov     sp, x29
    .cfi_def_cfa_register sp
    ldr     x19, [sp, #16]
    .cfi_restore x19
    ldp     x29, x30, [sp], #32
    .cfi_def_cfa_offset 0
    .cfi_restore x29
    .cfi_restore x30
    hint    #29                         // autiasp
    .cfi_negate_ra_state
    ret
    .cfi_endproc
    .size far_invoke_whole, . - far_invoke_whole

#include "runtime/object_end_aarch64.inc"
