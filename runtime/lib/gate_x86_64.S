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
 * out     rax, rdx, xmm0, xmm1, st(0), st(1) as the operation's result; all callee-saved registers kept; flags, r10, r11 and the other
 *         caller-saved registers lost, as after any call
 * stack   a struct far_frame (gate.h), and what far_process_call uses; aligned to 16 bytes at that call
 *
 * No register goes to the other domain from here: far_process_call sends what the interface record names, nothing else.
 * The SSE registers are written down only for operations that have floating-point parameters, and whole only for those that
 * have something there: one byte a slot says so.
 */
#include "runtime/lib/frame_x86_64.inc"
#include "runtime/segment.h"

    .text
    .p2align 6
    .globl far_gate_process
    .hidden far_process_call
    .type far_gate_process, @function
far_gate_process:
    .cfi_startproc
    endbr64
    frame_open

    frame_save_integers
    frame_save_stack rax

    movq    FAR_LINKAGE_BINDING(%r10), %rsi
    movl    %r11d, %edx
    cmpl    FAR_BINDING_SLOT_COUNT(%rsi), %edx
    jae     .Lcall                                  /* far_process_call refuses it */
    movq    FAR_BINDING_SLOT_FLAGS(%rsi), %rax
    cmpb    $FAR_SLOT_HAS_FLOATS, (%rax,%rdx)
    jae     .Lsave_floats

.Lcall:
    movq    %rsp, %rdi
    call    far_process_call
    frame_load_results
    .cfi_remember_state
    frame_close

.Lsave_floats:
    .cfi_restore_state
    frame_save_floats
    je      .Lcall                                  /* not more than floats: the flags are still those of the comparison */
    frame_save_highs
    movq    %rsp, %rdi
    call    far_process_call
    frame_load_results
    frame_load_highs
    frame_close
    .cfi_endproc
    .size far_gate_process, . - far_gate_process

#include "runtime/object_end_x86_64.inc"
