/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A call to a pending address goes on here, aarch64 (AAPCS64).
 *
 *     void far_link_on_fault(void);   reached from the SIGSEGV handler (fault.c), which returns to it
 *
 * in      x16   the pending address that was called (fault_aarch64.c puts it there)
 *         everything else as the caller of the operation left it; the return address in x30
 * out     jumps to the operation's stub with all parameters as they came: x0 … x7, x8 (where a large result goes), x15
 *         (static chain), q0 … q7. x16, x17 and flags are lost, as after any PLT.
 *         If it cannot be linked: returns to the caller with x0 and d0 as far_link_pending says.
 * stack   as for any function
 *
 *     far_pending_jump   what each slot of a linked range holds, FAR_STUB_SIZE bytes: a jump through the word one
 *                        FAR_PENDING_SPAN above the slot, the same bytes whatever the slot
 */
#include "runtime/lib/pending.h"

#define SPAN 0x10000 /* FAR_PENDING_SPAN: pending.c asserts it */

/* The frame. */
#define LINKS    0   /* x29, x30 */
#define INTEGERS 16  /* x0 … x8, x15 */
#define VECTORS  96  /* q0 … q7 */
#define RESULT   224
#define FRAME    240 /* a multiple of 16 */

    .text
    .p2align 4
    .globl far_link_on_fault
    .hidden far_link_on_fault
    .hidden far_link_pending
    .type far_link_on_fault, @function
far_link_on_fault:
    .cfi_startproc
    hint    #38                                     /* bti jc: reached as the pending address was */
    hint    #25                                     /* paciasp */
    .cfi_negate_ra_state
    stp     x29, x30, [sp, #-FRAME]!
    .cfi_def_cfa_offset FRAME
    .cfi_offset x29, -FRAME
    .cfi_offset x30, -FRAME+8
    mov     x29, sp
    stp     x0, x1, [sp, #INTEGERS]
    stp     x2, x3, [sp, #INTEGERS+16]
    stp     x4, x5, [sp, #INTEGERS+32]
    stp     x6, x7, [sp, #INTEGERS+48]
    stp     x8, x15, [sp, #INTEGERS+64]
    stp     q0, q1, [sp, #VECTORS]
    stp     q2, q3, [sp, #VECTORS+32]
    stp     q4, q5, [sp, #VECTORS+64]
    stp     q6, q7, [sp, #VECTORS+96]

    mov     x0, x16
    add     x1, sp, #RESULT
    bl      far_link_pending
    cbz     x0, .Lfailed
    mov     x16, x0

    ldp     q6, q7, [sp, #VECTORS+96]
    ldp     q4, q5, [sp, #VECTORS+64]
    ldp     q2, q3, [sp, #VECTORS+32]
    ldp     q0, q1, [sp, #VECTORS]
    ldp     x8, x15, [sp, #INTEGERS+64]
    ldp     x6, x7, [sp, #INTEGERS+48]
    ldp     x4, x5, [sp, #INTEGERS+32]
    ldp     x2, x3, [sp, #INTEGERS+16]
    ldp     x0, x1, [sp, #INTEGERS]
    .cfi_remember_state
    ldp     x29, x30, [sp], #FRAME
    .cfi_def_cfa_offset 0
    .cfi_restore x29
    .cfi_restore x30
    hint    #29                                     /* autiasp */
    .cfi_negate_ra_state
    br      x16                                     /* a stub starts with bti c, which lets x16 in */

.Lfailed:
    .cfi_restore_state
    ldr     x0, [sp, #RESULT+FAR_LINK_RESULT]
    ldr     d0, [sp, #RESULT+FAR_LINK_FLOAT_RESULT]
    ldp     x29, x30, [sp], #FRAME
    .cfi_def_cfa_offset 0
    .cfi_restore x29
    .cfi_restore x30
    hint    #29
    .cfi_negate_ra_state
    ret
    .cfi_endproc
    .size far_link_on_fault, . - far_link_on_fault

    .section .rodata
    .p2align 4
    .globl far_pending_jump
    .hidden far_pending_jump
    .type far_pending_jump, @object
far_pending_jump:
    hint    #34                                     /* bti c */
    ldr     x16, . + SPAN - 4
    br      x16
    .inst   0                                       /* udf #0 */
    .size far_pending_jump, . - far_pending_jump

#include "runtime/object_end_aarch64.inc"
