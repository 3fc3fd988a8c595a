/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "once.h"
#include <stdio.h>

int main(void)
{
    int count = once_count();
    printf("begun %d, completed %d, wrong %d, count %d\n", once_begun(), once_completed(), once_wrong(), count);
    return 0;
}
