/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "steps.h"
int stepped(int value, int by)
{
    return value + by;
}
