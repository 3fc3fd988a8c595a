/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A call to a pending address goes on here, x86-64 System V.
 *
 *     void far_link_on_fault(void);   reached from the SIGSEGV handler (fault.c), which returns to it
 *
 * in      r11   the pending address that was called (fault_x86_64.c puts it there)
 *         everything else as the caller of the operation left it; the return address is on top of the stack
 * out     jumps to the operation's stub with all parameters as they came: rdi rsi rdx rcx r8 r9, rax (how many vector
 *         registers a variadic call uses), r10 (static chain), xmm0 … xmm7 at the width that the machine has, since an
 *         operation that branches may have vectors for parameters. r11 and flags are lost, as after any PLT.
 *         If it cannot be linked: returns to the caller with rax and xmm0 as far_link_pending says.
 * stack   as for any function; no return address is changed, so a shadow stack agrees
 *
 *     far_pending_jump   what each slot of a linked range holds, FAR_STUB_SIZE bytes: a jump through the word one
 *                        FAR_PENDING_SPAN above the slot, the same bytes whatever the slot
 */
#include "runtime/lib/pending.h"

#define SPAN 0x10000 /* FAR_PENDING_SPAN: pending.c asserts it */

/* The frame. Vectors first: 64 bytes each at most. */
#define VECTORS  0
#define INTEGERS 512
#define RESULT   576
#define FRAME    592 /* a multiple of 16 */


    .text
    .p2align 4
    .globl far_link_on_fault
    .hidden far_link_on_fault
    .hidden far_link_pending
    .hidden far_link_vectors
    .type far_link_on_fault, @function
far_link_on_fault:
    .cfi_startproc
    endbr64
    pushq   %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq    %rsp, %rbp
    .cfi_def_cfa_register %rbp
    subq    $FRAME, %rsp                            /* rsp was 8 below a multiple of 16 at entry: now it is one */

    movq    %rdi, INTEGERS(%rsp)
    movq    %rsi, INTEGERS+8(%rsp)
    movq    %rdx, INTEGERS+16(%rsp)
    movq    %rcx, INTEGERS+24(%rsp)
    movq    %r8, INTEGERS+32(%rsp)
    movq    %r9, INTEGERS+40(%rsp)
    movq    %rax, INTEGERS+48(%rsp)
    movq    %r10, INTEGERS+56(%rsp)
    cmpb    $1, far_link_vectors(%rip)
    jb      .Lsave_xmm
    je      .Lsave_ymm
    .set at, VECTORS
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7
    vmovups %zmm\number, at(%rsp)
    .set at, at + 64
    .endr
    jmp     .Llink
.Lsave_ymm:
    .set at, VECTORS
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7
    vmovups %ymm\number, at(%rsp)
    .set at, at + 64
    .endr
    jmp     .Llink
.Lsave_xmm:
    .set at, VECTORS
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7
    movups  %xmm\number, at(%rsp)
    .set at, at + 64
    .endr

.Llink:
    movq    %r11, %rdi
    leaq    RESULT(%rsp), %rsi
    call    far_link_pending
    testq   %rax, %rax
    jz      .Lfailed
    movq    %rax, %r11

    cmpb    $1, far_link_vectors(%rip)
    jb      .Lrestore_xmm
    je      .Lrestore_ymm
    .set at, VECTORS
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7
    vmovups at(%rsp), %zmm\number
    .set at, at + 64
    .endr
    jmp     .Lgo
.Lrestore_ymm:
    .set at, VECTORS
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7
    vmovups at(%rsp), %ymm\number
    .set at, at + 64
    .endr
    jmp     .Lgo
.Lrestore_xmm:
    .set at, VECTORS
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7
    movups  at(%rsp), %xmm\number
    .set at, at + 64
    .endr

.Lgo:
    movq    INTEGERS(%rsp), %rdi
    movq    INTEGERS+8(%rsp), %rsi
    movq    INTEGERS+16(%rsp), %rdx
    movq    INTEGERS+24(%rsp), %rcx
    movq    INTEGERS+32(%rsp), %r8
    movq    INTEGERS+40(%rsp), %r9
    movq    INTEGERS+48(%rsp), %rax
    movq    INTEGERS+56(%rsp), %r10
    .cfi_remember_state
    leave
    .cfi_def_cfa %rsp, 8
    jmpq    *%r11                                   /* a stub starts with endbr64 */

.Lfailed:
    .cfi_restore_state
    movq    RESULT+FAR_LINK_RESULT(%rsp), %rax
    movsd   RESULT+FAR_LINK_FLOAT_RESULT(%rsp), %xmm0
    leave
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size far_link_on_fault, . - far_link_on_fault

    .section .rodata
    .p2align 4
    .globl far_pending_jump
    .hidden far_pending_jump
    .type far_pending_jump, @object
far_pending_jump:
    endbr64
    jmpq    *(SPAN - 10)(%rip)                      /* ends 10 bytes into the slot */
    .fill   6, 1, 0xcc
    .size far_pending_jump, . - far_pending_jump

#include "runtime/object_end_x86_64.inc"
