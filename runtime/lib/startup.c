/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * libfarcall.so's constructor. A process may call a service that it was never bound to through a pointer that somebody gave
 * it, so it has the SIGSEGV handler from its start on, whatever it is linked against. Without the handler such a call is a fault,
 * and everything else works.
 */
#include "runtime/lib/binding.h"
#include "runtime/lib/fault.h"

__attribute__((constructor)) static void start(void)
{
    sigset_t saved;
    process_lock(&saved);
    fault_install();
    process_unlock(&saved);
}
