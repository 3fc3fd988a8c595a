/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "counter.h"
#include "squares.h"

#include <stdio.h>

int main(void)
{
    struct counter_step step = {.by = 5};
    int first = counter_add(&step);
    printf("%d %d %d\n", first, counter_add(&step), square(7));
    return 0;
}
