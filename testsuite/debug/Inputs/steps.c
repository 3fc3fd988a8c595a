/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "dbg.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    if (getenv("WAIT"))
        getchar();
    int twice = dbg_twice(4);
    int more = dbg_twice(5);
    int pid = dbg_pid(1);
    pid = dbg_pid(2);
    printf("%d %d %d\n", twice, more, pid > 0);
    return 0;
}
