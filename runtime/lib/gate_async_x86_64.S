/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Asynchronous and queued calls, x86-64 System V.
 *
 *     void far_async(void);    reached from an import library's NAME_async
 *     void far_queued(void);   and NAME_queued, with the function of that name:
 *
 *         endbr64; lea .Limport(%rip),%r10; mov $index,%r11d; jmp *far_async
 *
 * in      r10   the library's struct far_import
 *         r11d  index of the operation in its table
 *         everything else as the caller left it; the return address is on top of the stack
 * out     rax   struct far_promise *, or NULL and errno; the ticket, or 0 and errno; all callee-saved registers kept, the others lost
 * stack   a struct far_frame (gate.h), and what the C function uses; aligned to 16 bytes at that call
 */
#include "runtime/lib/frame_x86_64.inc"

.macro entry name, call
    .text
    .p2align 4
    .globl \name
    .hidden \call
    .type \name, @function
\name:
    .cfi_startproc
    endbr64
    frame_open

    frame_save_integers
    frame_save_floats
    frame_save_highs
    frame_save_stack rax

    movq    %rsp, %rdi
    movq    %r10, %rsi
    movl    %r11d, %edx
    call    \call
    frame_close
    .cfi_endproc
    .size \name, . - \name
.endm

    entry far_async, far_async_call
    entry far_queued, far_queued_call

#include "runtime/object_end_x86_64.inc"
