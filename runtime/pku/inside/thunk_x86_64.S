/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Thunks of domains, x86-64 System V: what a service in a domain calls when it calls a function of its caller's. The same for
 * all domains: which function a number means is in the domain's own memory (call_back.c). As runtime/host/thunk_x86_64.S, which has the contract.
 */
#include "runtime/lib/frame_x86_64.inc"
#include "runtime/pku/layout.h"

    .text
    .p2align 6
    .type thunk_entry, @function
thunk_entry:
    .cfi_startproc
    frame_open
    frame_save_integers
    frame_save_floats
    frame_save_highs
    frame_save_stack rax
    movq    %rsp, %rdi
    movl    %r11d, %esi
    call    far_pku_thunk_called
    frame_load_results
    frame_load_highs
    frame_close
    .cfi_endproc
    .size thunk_entry, . - thunk_entry

    .p2align 4
    .globl far_pku_thunks
    .hidden far_pku_thunks
    .type far_pku_thunks, @function
far_pku_thunks:
    .cfi_startproc
    .set number, 0
    .rept PKU_THUNKS
    endbr64
    .byte 0x41, 0xbb                                /* movl $number, %r11d */
    .long number
    jmp     thunk_entry
    .p2align 4, 0xcc
    .set number, number + 1
    .endr
    .cfi_endproc
    .size far_pku_thunks, . - far_pku_thunks
    .hidden far_pku_thunk_called

#include "runtime/object_end_x86_64.inc"
