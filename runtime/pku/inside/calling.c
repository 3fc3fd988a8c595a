/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What of this machine's calling convention values.c asks for: plans say where everything goes. No addresses: constants here
 * are not relocated. */
#include "runtime/format/calling.h"

const struct far_calling *calling_of(uint32_t machine)
{
    static const struct far_calling x86_64 = {.integers = 6, .floats = 8, .hidden_is_first = true};
    (void)machine;
    return &x86_64;
}
