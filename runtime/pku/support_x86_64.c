/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/pku/support.h"

#include <cpuid.h>
#include <stdbool.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

#define LEAF_7_ECX_PKU       (1u << 3)
#define LEAF_7_ECX_OSPKE     (1u << 4)
#define HWCAP2_HAS_FSGSBASE  (1u << 1)
#define SET_SYSCALL_DISPATCH 59 /* PR_SET_SYSCALL_USER_DISPATCH, Linux 5.11 */

static uint32_t leaf_7_ecx(void)
{
    unsigned a, b, c = 0, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) ? c : 0;
}

const char *pku_missing(void)
{
    uint32_t features = leaf_7_ecx();
    if (!(features & LEAF_7_ECX_PKU))
        return "this processor has no protection keys";
    if (!(features & LEAF_7_ECX_OSPKE))
        return "this kernel does not use the processor's protection keys";
    if (!(getauxval(AT_HWCAP2) & HWCAP2_HAS_FSGSBASE))
        return "this kernel does not let programs set the base of fs";
    if (sysconf(_SC_PAGESIZE) != 4096)
        return "pages are not of 4096 bytes";
    if (prctl(SET_SYSCALL_DISPATCH, 0UL, 0UL, 0UL, 0UL) != 0)
        return "this kernel cannot keep a thread from making system calls (Linux 5.11 can)";
    return NULL;
}

uint32_t pku_vectors(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") ? 2 : __builtin_cpu_supports("avx") ? 1 : 0;
}

uint32_t pku_rights_now(void)
{
    uint32_t rights, clobbered;
    __asm__ volatile("rdpkru" : "=a"(rights), "=d"(clobbered) : "c"(0));
    return rights;
}
