/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The process gate's entry, aarch64 (AAPCS64).
 *
 *     void far_gate_process(void);   reached from a trap stub:
 *
 *         caller:    bl kv_put                        its arguments in registers and on its stack, as for any call
 *         stub:      bti c; mov w16, #slot; b slot 0
 *         slot 0:    adrp x17, linkage; ldr x9, [x17]; br x9      first word of the linkage header: this function
 *
 * in      x17   address of the segment's linkage header; FAR_LINKAGE_BINDING holds our struct far_binding
 *         w16   slot number
 *         everything else as the caller of the operation left it; x30 is the return address
 * out     x0, x1, v0 … v3 as the operation's result; all callee-saved registers kept, x18 untouched; the caller-saved registers
 *         and flags lost, as after any call
 * stack   x29 and x30, a struct far_frame (gate.h), and what far_process_call uses
 *
 * No register goes to the other domain from here: far_process_call sends what the interface record names, nothing else.
 * The floating-point registers are written down only for operations that have such parameters, and whole only for those that
 * have something there: one byte a slot says so.
 *
 * The way here is `br x9`, which with branch target identification must land on `bti j`. The return address is signed
 * with pointer authentication, as compiled functions of this library do.
 */
#include "runtime/lib/frame_aarch64.inc"
#include "runtime/segment.h"

    .text
    .p2align 6
    .globl far_gate_process
    .hidden far_process_call
    .type far_gate_process, @function
far_gate_process:
    .cfi_startproc
    hint    #36                                     // bti j
    frame_open

    frame_save_integers
    frame_save_stack x9

    ldr     x1, [x17, #FAR_LINKAGE_BINDING]
    mov     w2, w16
    ldr     w9, [x1, #FAR_BINDING_SLOT_COUNT]
    cmp     w2, w9
    b.hs    .Lcall                                  // far_process_call refuses it
    ldr     x9, [x1, #FAR_BINDING_SLOT_FLAGS]
    ldrb    w9, [x9, x2]
    cmp     w9, #FAR_SLOT_HAS_FLOATS
    b.hs    .Lsave_floats

.Lcall:
    mov     x0, sp
    bl      far_process_call
    frame_load_results
    .cfi_remember_state
    frame_close

.Lsave_floats:
    .cfi_restore_state
    frame_save_floats
    frame_save_hidden
    b.eq    .Lcall                                  // not more than floats: the flags are still those of the comparison
    frame_save_highs x9
    mov     x0, sp
    bl      far_process_call
    frame_load_results
    frame_load_highs x9
    frame_close
    .cfi_endproc
    .size far_gate_process, . - far_gate_process

#include "runtime/object_end_aarch64.inc"
