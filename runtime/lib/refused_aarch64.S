/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * far_refused_thunks: REFUSED_THUNKS (hosttable.c) functions of 16 bytes that differ in one number, the index of the name
 * that they stand for. In: nothing. They call void far_refused(unsigned index), which does not return.
 */
    .text
    .p2align 4
    .globl far_refused_thunks
    .hidden far_refused_thunks
    .hidden far_refused
    .type far_refused_thunks, @function
far_refused_thunks:
    .cfi_startproc
    .set index, 0
    .rept 512
    .p2align 4
    hint    #34                                     // bti c
    mov     w0, #index
    b       far_refused_call
    .set index, index + 1
    .endr
    .size far_refused_thunks, . - far_refused_thunks

    .p2align 4
    .type far_refused_call, @function
far_refused_call:
    b       far_refused
    .size far_refused_call, . - far_refused_call
    .cfi_endproc

#include "runtime/object_end_aarch64.inc"
