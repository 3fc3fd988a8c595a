/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Registers of an interrupted thread, aarch64. */
#include "runtime/lib/fault.h"

#include <ucontext.h>

/* Vector parameters have one width: 128 bits. */
void fault_prepare(void) {}

uint64_t fault_pc(const void *context)
{
    const ucontext_t *interrupted = context;
    return interrupted->uc_mcontext.pc;
}

/* x16: no parameter travels in it, and a veneer may use it between a call and its function. */
void fault_resume(void *context, void (*entry)(void), uint64_t address)
{
    ucontext_t *interrupted = context;
    interrupted->uc_mcontext.regs[16] = address;
    interrupted->uc_mcontext.pc = (uint64_t)(uintptr_t)entry;
}
