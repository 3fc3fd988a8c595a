/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* x86-64, System V ABI. Included by abi.h. */
#ifndef FARCALL_ABI_X86_64_H
#define FARCALL_ABI_X86_64_H

#define FAR_ABI_MACHINE  62 /* EM_X86_64 */
#define FAR_ABI_INTEGERS 6  /* rdi rsi rdx rcx r8 r9 */
#define FAR_ABI_FLOATS   8  /* xmm0 … xmm7 */

#define FAR_ABI_FLOAT_RESULTS 2 /* xmm0 xmm1 */

/* .eh_frame of stubs: alignments 1 and -8, return address in column 16; CFA is rsp + 8, the return address lies below. */
#define FAR_ABI_STUB_CIE 1, 0x78, 16, 0x0c, 7, 8, 0x90, 1

#define FAR_FRAME_INTEGER      0
#define FAR_FRAME_FLOATS       48
#define FAR_FRAME_RESULT       112
#define FAR_FRAME_FLOAT_RESULT 128
#define FAR_FRAME_STACK        144
#define FAR_FRAME_HIDDEN       152 /* not used */
/* Vector registers above their low halves, and the x87's: only for operations whose values are there. */
#define FAR_FRAME_FLOAT_HIGHS        160
#define FAR_FRAME_FLOAT_RESULT_HIGHS 224
#define FAR_FRAME_X87                240
#define FAR_FRAME_X87_COUNT          272
#define FAR_FRAME_SIZE               288 /* a multiple of 16 */

/* struct far_registers */
#define FAR_REGISTERS_INTEGER            0
#define FAR_REGISTERS_FLOATS             48
#define FAR_REGISTERS_FLOAT_HIGHS        112
#define FAR_REGISTERS_STACK              176
#define FAR_REGISTERS_RESULT             184
#define FAR_REGISTERS_FLOAT_RESULT       200
#define FAR_REGISTERS_HIDDEN             232 /* not used */
#define FAR_REGISTERS_FLOAT_RESULT_HIGHS 240
#define FAR_REGISTERS_X87                272
#define FAR_REGISTERS_X87_COUNT          304

#ifndef __ASSEMBLER__

static inline void far_pause(void)
{
    __builtin_ia32_pause();
}

static inline long early_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#endif
#endif
