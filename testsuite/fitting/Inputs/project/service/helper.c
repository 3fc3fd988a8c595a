/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "private.h"
int helped(int by)
{
    return by * 2;
}
