/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The pku gate, x86-64 System V: from the caller's protection key to a domain's and back, on the same thread.
 *
 *     void far_pku_enter(uint32_t rights, uint64_t slot, uint64_t context);
 *
 *         C code ─► far_pku_enter ═ wrpkru, check ═► the domain's function ─► far_pku_leave ═ wrpkru, check ═► C code
 *                                                    a fault: the kernel ─► far_pku_on_fault ─┘
 *                                                    far_pku_ask ─► far_pku_leave, and later: far_pku_enter ─► behind it
 *
 * in      edi rights of the domain, rsi slot, rdx context. far_pku_state: rights, vectors, signal_stack, selector
 * out     far_pku_state: result (rax), float_result (xmm0), error (errno), signal (0, or what ended it); running 0
 * keeps   what a function keeps; also MXCSR, the x87 control word, flags, and the bases of fs and gs
 * stack   the caller's for what is kept, the domain's own from then on
 *
 * Whoever attacks jumps anywhere, with any register. What must hold, whatever he does:
 *
 *  - There are three places that write PKRU here, and behind each is a check that what was written is what this place may
 *    write, before anything else happens that he could want. So a jump to such a place gets nowhere but where the gate goes.
 *  - Behind far_pku_site_enter nothing is read but the control page of the one key that was opened, and what that page
 *    says: the caller's memory cannot be read by then, nor can the caller write there. The page's own word must be the
 *    rights that were written.
 *  - A domain is entered only with a ticket in its area, which its caller writes and the gate takes away: no domain enters another.
 *  - Behind far_pku_site_leave no register counts but what comes back as a result. The thread's stack and fs come from
 *    far_pku_state at its fixed address, which no domain can write, and only while a domain is running (docs/pku.md:
 *    only one thread at a time is).
 *  - A check that fails touches no memory before PKRU is something known (.Lfail): with rights that do not allow it
 *    to write to the stack for signals, the kernel would end the process.
 *  - far_pku_site_set, by which the caller's own code opens a domain's memory to itself for a while, works only while the
 *    state says so, and then no thread is in a domain.
 *  - far_pku_on_fault writes no PKRU. It begins by reading far_pku_state: only the kernel gives the right to that.
 *  - Registers that hold neither arguments nor results are cleared, both ways.
 */
#include "runtime/pku/layout.h"

    .text

/* Clears zmm16 … zmm31 and masks, ymm0 … ymm15 whole but for the low words of xmm0 … \kept. `vectors`: a 32-bit operand. */
.macro clear_high vectors
    cmpl    $1, \vectors
    jb      1f
    je      2f
    .irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    vpxorq  %zmm\n, %zmm\n, %zmm\n
    .endr
    .irp n, 0,1,2,3,4,5,6,7
    kxorw   %k\n, %k\n, %k\n
    .endr
2:  vzeroupper
1:
.endm

.macro clear_xmm from:vararg
    .irp n, \from
    xorps   %xmm\n, %xmm\n
    .endr
.endm

/* Zeros in the x87's registers too, and its stack empty. Waits for no exception that was left behind. */
.macro clear_x87 control
    fninit
    .rept 8
    fldz
    .endr
    fninit
    fldcw   \control
.endm

    .p2align 6
    .globl far_pku_enter
    .hidden far_pku_enter
    .type far_pku_enter, @function
far_pku_enter:
    .cfi_startproc
    endbr64
    pushq   %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq    %rsp, %rbp
    .cfi_def_cfa_register %rbp
    pushq   %rbx
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    pushfq
    subq    $16, %rsp
    stmxcsr (%rsp)
    fnstcw  8(%rsp)
    clear_x87 8(%rsp)

    leaq    far_pku_state(%rip), %r8
    movq    %rsp, PKU_STATE_STACK(%r8)
    rdfsbase %rax
    movq    %rax, PKU_STATE_FS(%r8)
    rdgsbase %rax
    movq    %rax, PKU_STATE_GS(%r8)
    movl    $0, PKU_STATE_SIGNAL(%r8)
    movl    $1, PKU_STATE_RUNNING(%r8)
    movq    PKU_STATE_SELECTOR(%r8), %r9
    movb    $1, (%r9)                               /* no system calls from here on */

    movq    %rsi, %r12
    movq    %rdx, %rbx
    movl    %edi, %eax
    xorl    %ecx, %ecx
    xorl    %edx, %edx
    .globl far_pku_site_enter
    .hidden far_pku_site_enter
far_pku_site_enter:
    wrpkru
    movl    %eax, %r13d                             /* r13: the lower bit of each key that is wholly open */
    shrl    $1, %r13d
    orl     %eax, %r13d
    notl    %r13d
    andl    $PKU_RIGHTS_NONE, %r13d
    jz      .Lfail
    testb   $1, %r13b                               /* the caller's own memory */
    jnz     .Lfail
    leal    -1(%r13), %r14d
    testl   %r13d, %r14d                            /* more than one */
    jnz     .Lfail
    bsfl    %r13d, %r13d
    shlq    $11, %r13                               /* twice the key, times half a page */
    leaq    far_pku_control(%rip), %r14
    addq    %r13, %r14
    cmpl    PKU_CONTROL_RIGHTS(%r14), %eax
    jne     .Lfail
    movl    PKU_CONTROL_SLOT_COUNT(%r14), %ecx
    cmpq    %rcx, %r12
    jae     .Lfail
    movq    PKU_CONTROL_ENTRIES(%r14), %r11
    movq    (%r11,%r12,8), %r11
    testq   %r12, %r12                              /* PKU_SLOT_GO_ON has none */
    jz      .Lhas_entry
    testq   %r11, %r11
    jz      .Lfail
.Lhas_entry:
    movl    PKU_CONTROL_CONTEXT_COUNT(%r14), %ecx
    cmpq    %rcx, %rbx
    jae     .Lfail
    shlq    $PKU_PLACE_SHIFT, %rbx
    leaq    PKU_CONTROL_CONTEXTS(%r14,%rbx), %rbx
    movq    PKU_PLACE_AREA(%rbx), %rbp
    xorl    %ecx, %ecx
    xchgq   PKU_ARGUMENT_TICKET(%rbp), %rcx         /* not from another domain, with arguments that were somebody's */
    cmpq    $1, %rcx
    jne     .Lfail
    movq    PKU_PLACE_STACK(%rbx), %rsp
    movq    PKU_PLACE_THREAD(%rbx), %rax
    wrfsbase %rax
    xorl    %ecx, %ecx
    wrgsbase %rcx
    movl    $0, PKU_THREAD_ERRNO(%rax)

    clear_high PKU_CONTROL_VECTORS(%r14)
    clear_xmm 8, 9, 10, 11, 12, 13, 14, 15
    testq   %r12, %r12
    jz      .Lgo_on
    movq    PKU_ARGUMENT_FLOATS(%rbp), %xmm0
    movq    PKU_ARGUMENT_FLOATS+8(%rbp), %xmm1
    movq    PKU_ARGUMENT_FLOATS+16(%rbp), %xmm2
    movq    PKU_ARGUMENT_FLOATS+24(%rbp), %xmm3
    movq    PKU_ARGUMENT_FLOATS+32(%rbp), %xmm4
    movq    PKU_ARGUMENT_FLOATS+40(%rbp), %xmm5
    movq    PKU_ARGUMENT_FLOATS+48(%rbp), %xmm6
    movq    PKU_ARGUMENT_FLOATS+56(%rbp), %xmm7

    movq    PKU_ARGUMENT_COUNT(%rbp), %rcx          /* another thread of the caller may write here: read once */
    cmpq    $PKU_STACK_WORDS, %rcx
    ja      .Lfail
    leaq    1(%rcx), %rax
    andq    $-2, %rax
    shlq    $3, %rax
    subq    %rax, %rsp
.Lnext_word:
    testq   %rcx, %rcx
    jz      .Lregisters
    decq    %rcx
    movq    PKU_ARGUMENT_STACK(%rbp,%rcx,8), %rax
    movq    %rax, (%rsp,%rcx,8)
    jmp     .Lnext_word

.Lregisters:
    movq    PKU_ARGUMENT_INTEGERS(%rbp), %rdi
    movq    PKU_ARGUMENT_INTEGERS+8(%rbp), %rsi
    movq    PKU_ARGUMENT_INTEGERS+16(%rbp), %rdx
    movq    PKU_ARGUMENT_INTEGERS+24(%rbp), %rcx
    movq    PKU_ARGUMENT_INTEGERS+32(%rbp), %r8
    movq    PKU_ARGUMENT_INTEGERS+40(%rbp), %r9
    movl    $8, %eax                                /* as for a variadic function: harmless to any other */
    xorl    %r10d, %r10d
    xorl    %ebx, %ebx
    xorl    %ebp, %ebp
    xorl    %r12d, %r12d
    xorl    %r13d, %r13d
    xorl    %r14d, %r14d
    xorl    %r15d, %r15d
    call    *%r11
    jmp     far_pku_leave

/* Behind far_pku_ask(), whose caller expects of registers only what a function keeps. */
.Lgo_on:
    clear_xmm 0, 1, 2, 3, 4, 5, 6, 7
    xorl    %edx, %edx
    xorl    %esi, %esi
    xorl    %edi, %edi
    xorl    %r8d, %r8d
    xorl    %r9d, %r9d
    xorl    %r10d, %r10d
    xorl    %r11d, %r11d
    movq    %fs:PKU_THREAD_ASKING, %rsp
    ldmxcsr (%rsp)
    fldcw   8(%rsp)
    movl    16(%rsp), %ecx
    movl    %ecx, %fs:PKU_THREAD_ERRNO
    addq    $24, %rsp
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbx
    popq    %rbp
    ret

    .globl far_pku_ask
    .hidden far_pku_ask
    .type far_pku_ask, @function
far_pku_ask:
    pushq   %rbp
    pushq   %rbx
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    subq    $24, %rsp
    stmxcsr (%rsp)
    fnstcw  8(%rsp)
    movl    %fs:PKU_THREAD_ERRNO, %ecx
    movl    %ecx, 16(%rsp)
    movq    %rsp, %fs:PKU_THREAD_ASKING

    .globl far_pku_leave
    .hidden far_pku_leave
    .type far_pku_leave, @function
far_pku_leave:
    movq    %rax, %r8
    movl    %fs:PKU_THREAD_ERRNO, %r9d
    movl    %fs:PKU_THREAD_LEAVING, %eax            /* what he says: it is checked when it is known */
    jmp     .Lleave

.Lfail:                                             /* whatever PKRU is: to rights that are known */
    movl    $PKU_RIGHTS_AT_START, %eax
.Lleave:
    xorl    %ecx, %ecx
    xorl    %edx, %edx
    .globl far_pku_site_leave
    .hidden far_pku_site_leave
far_pku_site_leave:
    wrpkru
    testb   $3, %al                                 /* key 0, or there is nothing to read */
    jnz     .Lfail
    leaq    far_pku_state(%rip), %r10
    cmpl    PKU_STATE_RIGHTS(%r10), %eax
    jne     .Lfailed
    cmpl    $1, PKU_STATE_RUNNING(%r10)
    jne     .Lno
    movq    PKU_STATE_STACK(%r10), %rsp
    ldmxcsr (%rsp)
    clear_x87 8(%rsp)
    addq    $16, %rsp
    popfq
    movq    PKU_STATE_FS(%r10), %rax
    wrfsbase %rax
    movq    PKU_STATE_GS(%r10), %rax
    wrgsbase %rax
    movq    PKU_STATE_SELECTOR(%r10), %rax
    movb    $0, (%rax)                              /* system calls again */
    movq    %r8, PKU_STATE_RESULT(%r10)
    movq    %xmm0, PKU_STATE_FLOAT_RESULT(%r10)
    movl    %r9d, PKU_STATE_ERROR(%r10)
    clear_high PKU_STATE_VECTORS(%r10)
    clear_xmm 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movl    $0, PKU_STATE_RUNNING(%r10)
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbx
    popq    %rbp
    .cfi_def_cfa %rsp, 8
    xorl    %r8d, %r8d
    xorl    %r9d, %r9d
    xorl    %r11d, %r11d
    xorl    %esi, %esi
    xorl    %edi, %edi
    ret
    .cfi_endproc

.Lfailed:
    cmpl    $PKU_RIGHTS_AT_START, %eax
    jne     .Lfail
    cmpl    $1, PKU_STATE_RUNNING(%r10)
    jne     .Lno
    movl    $4, PKU_STATE_SIGNAL(%r10)              /* SIGILL */
    movl    PKU_STATE_RIGHTS(%r10), %eax
    xorl    %r8d, %r8d
    xorl    %r9d, %r9d
    jmp     .Lleave
.Lno:                                               /* the caller's own fault, with its own rights */
    ud2
    .size far_pku_enter, . - far_pku_enter

/*
 * void far_pku_set_rights(uint32_t rights): of this thread, outside of domains. Code in a domain that jumps here finds
 * that nobody is opening anything: who does has made sure that no thread is in a domain.
 */
    .p2align 4
    .globl far_pku_set_rights
    .hidden far_pku_set_rights
    .type far_pku_set_rights, @function
far_pku_set_rights:
    .cfi_startproc
    endbr64
    movl    %edi, %eax
    xorl    %ecx, %ecx
    xorl    %edx, %edx
    .globl far_pku_site_set
    .hidden far_pku_site_set
far_pku_site_set:
    wrpkru
    testb   $3, %al                                 /* key 0, or there is nothing to read */
    jnz     .Lfail
    leaq    far_pku_state(%rip), %r10
    cmpl    $1, PKU_STATE_OPENING(%r10)
    jne     .Lfail
    cmpl    PKU_STATE_OPENED(%r10), %eax
    jne     .Lfail
    ret
    .cfi_endproc
    .size far_pku_set_rights, . - far_pku_set_rights

/*
 * void far_pku_on_fault(int number, void *info, void *context): what the kernel calls, with the rights that it gives to
 * handlers, key 0 alone. The stack, when a domain ran, is the one for signals, which has the domain's key: not to be
 * touched, and nothing of it is needed. That it is this one says whose fault it was: no other thread has it.
 */
    .p2align 4
    .globl far_pku_on_fault
    .hidden far_pku_on_fault
    .type far_pku_on_fault, @function
far_pku_on_fault:
    .cfi_startproc
    endbr64
    leaq    far_pku_state(%rip), %rax
    cmpl    $1, PKU_STATE_RUNNING(%rax)
    jne     .Lother
    movq    %rsp, %rcx
    subq    PKU_STATE_SIGNAL_STACK(%rax), %rcx
    cmpq    $PKU_SIGNAL_STACK, %rcx
    jae     .Lother
    movl    %edi, PKU_STATE_SIGNAL(%rax)
    movl    PKU_STATE_RIGHTS(%rax), %eax
    xorl    %r8d, %r8d
    xorl    %r9d, %r9d
    jmp     .Lleave
.Lother:
    jmp     far_pku_other_fault
    .cfi_endproc
    .size far_pku_on_fault, . - far_pku_on_fault

/*
 * What stands in place of an `xrstor 64(%rsp)` of the dynamic linker, which loads parameter registers before it enters a
 * function for the first time (neutralise.c). The same, and a check behind it: PKRU is not to be among what is loaded.
 * far_pku_restore_back says where each goes on.
 */
    .p2align 5
    .globl far_pku_restore_begin
    .hidden far_pku_restore_begin
far_pku_restore_begin:
    .set place, 0
    .rept 4
    .p2align 5
    xrstor  64(%rsp)
    testl   $0x200, %eax
    jnz     .Lfail
    jmp     *far_pku_restore_back+place(%rip)
    .set place, place + 8
    .endr
    .globl far_pku_restore_end
    .hidden far_pku_restore_end
far_pku_restore_end:
    .hidden far_pku_state
    .hidden far_pku_control
    .hidden far_pku_other_fault
    .hidden far_pku_restore_back

#include "runtime/object_end_x86_64.inc"
