/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/debug.h"

#include "runtime/lib/binding.h"

#define FOR_DEBUGGERS __attribute__((visibility("default"), used))

FOR_DEBUGGERS struct far_debug far_debug = {.version = FAR_DEBUG_VERSION};

/* Nothing but a place to stop at. */
FOR_DEBUGGERS __attribute__((noinline)) void far_debug_bound(void)
{
    __asm__ volatile("" ::: "memory");
}

void debug_add(struct far_debug_service *entry, const struct far_mapped *mapped)
{
    *entry = (struct far_debug_service){far_debug.first, mapped->service, mapped->base, mapped->level};
    __atomic_store_n(&far_debug.first, entry, __ATOMIC_RELEASE);
    far_debug_bound();
    if (process_settings()->perf)
        perf_write(mapped);
}
