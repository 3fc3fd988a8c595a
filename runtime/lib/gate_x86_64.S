/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The process gate's entry, x86-64 System V.
 *
 *     void far_gate_process(void);   reached from a trap stub:
 *
 *         caller:    call kv_put                      its arguments in registers and on its stack, as for any call
 *         stub:      endbr64; mov $slot,%r11d; jmp slot 0
 *         slot 0:    lea linkage(%rip),%r10; jmp *(%r10)      first word of the linkage header: this function
 *
 * in      r10   address of the segment's linkage header; FAR_LINKAGE_BINDING holds our struct far_binding
 *         r11d  slot number
 *         everything else as the caller of the operation left it; the return address is on top of the stack
 * out     rax, rdx, xmm0, xmm1 as the operation's result; all callee-saved registers kept; flags, r10, r11 and the other
 *         caller-saved registers lost, as after any call
 * stack   a struct far_frame (gate.h), and what far_process_call uses; aligned to 16 bytes at that call
 *
 * No register goes to the other domain from here: far_process_call sends what the interface record names, nothing else.
 * The SSE registers are written down only for operations that have floating-point parameters: one byte a slot says so.
 */
#include "runtime/lib/gate.h"
#include "runtime/segment.h"

    .text
    .p2align 6
    .globl far_gate_process
    .hidden far_process_call
    .type far_gate_process, @function
far_gate_process:
    .cfi_startproc
    endbr64
    pushq   %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq    %rsp, %rbp
    .cfi_def_cfa_register %rbp
    subq    $FAR_FRAME_SIZE, %rsp

    movq    %rdi, FAR_FRAME_INTEGER(%rsp)
    movq    %rsi, FAR_FRAME_INTEGER+8(%rsp)
    movq    %rdx, FAR_FRAME_INTEGER+16(%rsp)
    movq    %rcx, FAR_FRAME_INTEGER+24(%rsp)
    movq    %r8, FAR_FRAME_INTEGER+32(%rsp)
    movq    %r9, FAR_FRAME_INTEGER+40(%rsp)
    leaq    16(%rbp), %rax                          /* above the saved rbp and the return address */
    movq    %rax, FAR_FRAME_STACK(%rsp)

    movq    FAR_LINKAGE_BINDING(%r10), %rsi
    movl    %r11d, %edx
    cmpl    FAR_BINDING_SLOT_COUNT(%rsi), %edx
    jae     .Lcall                                  /* far_process_call refuses it */
    movq    FAR_BINDING_SLOT_FLAGS(%rsi), %rax
    testb   $FAR_SLOT_HAS_FLOATS, (%rax,%rdx)
    jnz     .Lsave_floats

.Lcall:
    movq    %rsp, %rdi
    call    far_process_call
    movq    FAR_FRAME_RESULT(%rsp), %rax
    movq    FAR_FRAME_RESULT+8(%rsp), %rdx
    movsd   FAR_FRAME_FLOAT_RESULT(%rsp), %xmm0
    movsd   FAR_FRAME_FLOAT_RESULT+8(%rsp), %xmm1
    .cfi_remember_state
    leave
    .cfi_def_cfa %rsp, 8
    ret

.Lsave_floats:
    .cfi_restore_state
    movsd   %xmm0, FAR_FRAME_FLOATS(%rsp)
    movsd   %xmm1, FAR_FRAME_FLOATS+8(%rsp)
    movsd   %xmm2, FAR_FRAME_FLOATS+16(%rsp)
    movsd   %xmm3, FAR_FRAME_FLOATS+24(%rsp)
    movsd   %xmm4, FAR_FRAME_FLOATS+32(%rsp)
    movsd   %xmm5, FAR_FRAME_FLOATS+40(%rsp)
    movsd   %xmm6, FAR_FRAME_FLOATS+48(%rsp)
    movsd   %xmm7, FAR_FRAME_FLOATS+56(%rsp)
    jmp     .Lcall
    .cfi_endproc
    .size far_gate_process, . - far_gate_process

#include "runtime/object_end_x86_64.inc"
