/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Registers of an interrupted thread, x86-64; how wide a vector register is. */
#include "runtime/lib/fault.h"

#include <ucontext.h>

/* For link_on_fault_x86_64.S: 0 xmm, 1 ymm, 2 zmm. */
uint8_t far_link_vectors __attribute__((visibility("hidden")));

/* What both the machine and the kernel know of. */
void fault_prepare(void)
{
    __builtin_cpu_init();
    far_link_vectors = __builtin_cpu_supports("avx512f") ? 2 : __builtin_cpu_supports("avx") ? 1 : 0;
}

uint64_t fault_pc(const void *context)
{
    const ucontext_t *interrupted = context;
    return (uint64_t)interrupted->uc_mcontext.gregs[REG_RIP];
}

/* r11: no parameter travels in it, and a PLT may use it between a call and its function. */
void fault_resume(void *context, void (*entry)(void), uint64_t address)
{
    ucontext_t *interrupted = context;
    interrupted->uc_mcontext.gregs[REG_R11] = (greg_t)address;
    interrupted->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)entry;
}
