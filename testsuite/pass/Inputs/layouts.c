/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "layouts.h"
int layouts_take(const struct gap *g)
{
    return g->c;
}
