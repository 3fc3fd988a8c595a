/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* On machines that have no protection keys, or none that this version knows. */
#include "runtime/lib/error.h"
#include "runtime/lib/fault.h"
#include "runtime/pku/bind.h"
#include "runtime/pku/signals.h"

#include <errno.h>
#include <sysexits.h>

int pku_bind(struct far_binding *binding, const struct far_mapping *mapping, const struct far_reloc_header *stream,
             struct far_error *error)
{
    (void)binding, (void)stream;
    return far_fail(error, ENOTSUP, EX_UNAVAILABLE,
                    "service %s cannot be in a protection domain of this process: this version has them on x86-64 only",
                    mapping->service);
}

void pku_code_was_mapped(void) {}

int pku_mapped_again(struct far_pku *pku)
{
    (void)pku;
    return 0;
}

bool pku_signals_own(int number)
{
    (void)number;
    return false;
}

int pku_signals_replace(int number, const struct sigaction *action, struct sigaction *old)
{
    return __sigaction(number, action, old);
}
