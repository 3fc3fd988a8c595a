/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What differs from machine to machine in the runtime, for C and for assembly; abi_MACHINE.h says it:
 *
 *     FAR_ABI_MACHINE    ELF e_machine
 *     FAR_ABI_INTEGERS   registers for integer and pointer parameters
 *     FAR_ABI_FLOATS     registers for floating-point parameters
 *     FAR_ABI_FLOAT_RESULTS   registers for floating-point results; of integers it is two everywhere
 *     FAR_ABI_STUB_CIE   how a stub leaves the stack, for unwinders (unwind.c)
 *     FAR_FRAME_…        where a gate's entry writes a call's registers down (struct far_frame of gate.h)
 *     far_pause()        what a spinning thread does between two looks
 *     early_call()       a system call, without libc
 *
 * Everything else about a machine is in frame_MACHINE.inc and the assembly that includes it (gate_MACHINE.S first), in
 * refused_MACHINE.S and invoke_MACHINE.S, and the stubs' encoding.
 */
#ifndef FARCALL_ABI_H
#define FARCALL_ABI_H

/* x86-64's registers for results of `long double` and its complex numbers: 80 bits each, kept in 16 bytes. */
#define FAR_X87_RESULTS 2
#define FAR_X87_SIZE    16

#if defined(__x86_64__)
#include "runtime/lib/abi_x86_64.h"
#elif defined(__aarch64__)
#include "runtime/lib/abi_aarch64.h"
#else
#error "farcall: this machine is not known yet (runtime/lib/abi.h)"
#endif

#endif
