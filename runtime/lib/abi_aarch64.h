/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* aarch64, the Procedure Call Standard for the Arm 64-bit Architecture (AAPCS64) as Linux uses it. Included by abi.h. */
#ifndef FARCALL_ABI_AARCH64_H
#define FARCALL_ABI_AARCH64_H

#define FAR_ABI_MACHINE  183 /* EM_AARCH64 */
#define FAR_ABI_INTEGERS 8   /* x0 … x7 */
#define FAR_ABI_FLOATS   8   /* v0 … v7 */

#define FAR_ABI_FLOAT_RESULTS 4 /* v0 … v3 */

/* .eh_frame of stubs: alignments 4 and -8, return address in x30; CFA is sp. */
#define FAR_ABI_STUB_CIE 4, 0x78, 30, 0x0c, 31, 0

#define FAR_FRAME_INTEGER      0
#define FAR_FRAME_FLOATS       64
#define FAR_FRAME_RESULT       128
#define FAR_FRAME_FLOAT_RESULT 144
#define FAR_FRAME_STACK        176
#define FAR_FRAME_HIDDEN       184 /* x8 */
/* Vector registers above their low halves: only for operations whose values are there. There is no x87. */
#define FAR_FRAME_FLOAT_HIGHS        192
#define FAR_FRAME_FLOAT_RESULT_HIGHS 256
#define FAR_FRAME_X87                288
#define FAR_FRAME_X87_COUNT          320
#define FAR_FRAME_SIZE               336 /* a multiple of 16 */

/* struct far_registers */
#define FAR_REGISTERS_INTEGER            0
#define FAR_REGISTERS_FLOATS             64
#define FAR_REGISTERS_FLOAT_HIGHS        128
#define FAR_REGISTERS_STACK              192
#define FAR_REGISTERS_RESULT             200
#define FAR_REGISTERS_FLOAT_RESULT       216
#define FAR_REGISTERS_HIDDEN             248 /* x8 */
#define FAR_REGISTERS_FLOAT_RESULT_HIGHS 256
#define FAR_REGISTERS_X87                288
#define FAR_REGISTERS_X87_COUNT          320

#ifndef __ASSEMBLER__

/* `yield` is nothing on most cores; `isb` waits about as long as the pause of x86. */
static inline void far_pause(void)
{
    __asm__ volatile("isb" ::: "memory");
}

static inline long early_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
    return x0;
}

#endif
#endif
