/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The pku gate's entry for trap stubs, x86-64 System V. As far_gate_process (runtime/lib/gate_x86_64.S), whose contract this
 * has, but the floating-point registers are always written down, and what follows is far_pku_call.
 *
 * in      r10   address of a linkage header (struct far_pku's copy); r11d slot number; the rest as the caller left it
 * out     rax, rdx, xmm0, xmm1, st(0), st(1) as the operation's result; callee-saved registers kept
 * stack   a struct far_frame, aligned to 16 bytes
 */
#include "runtime/lib/frame_x86_64.inc"
#include "runtime/segment.h"

    .text
    .p2align 6
    .globl far_gate_pku
    .hidden far_gate_pku
    .hidden far_pku_call
    .type far_gate_pku, @function
far_gate_pku:
    .cfi_startproc
    endbr64
    frame_open
    frame_save_integers
    frame_save_floats
    frame_save_highs
    frame_save_stack rax
    movq    %rsp, %rdi
    movq    FAR_LINKAGE_BINDING(%r10), %rsi
    movl    %r11d, %edx
    call    far_pku_call
    frame_load_results
    frame_load_highs
    frame_close
    .cfi_endproc
    .size far_gate_pku, . - far_gate_pku

#include "runtime/object_end_x86_64.inc"
