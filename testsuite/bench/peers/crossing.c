/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "crossing.h"

int crossing_null(void)
{
    return 0;
}

int crossing_in(const unsigned char *bytes, size_t size)
{
    return size ? bytes[0] + bytes[size - 1] : 0;
}

int crossing_inout(unsigned char *bytes, size_t size)
{
    if (size) {
        bytes[0]++;
        bytes[size - 1]++;
    }
    return 0;
}
