/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* As thrower.cpp, in C: an exception of nobody's language, and a cleanup on its way. */
#include <stdio.h>
#include <stdlib.h>
#include <unwind.h>

static void clean_up(int *marker)
{
    if (*marker)
        fputs("thrower: cleaned up\n", stderr);
}

void throw_it(void);
void throw_it(void)
{
    __attribute__((cleanup(clean_up))) int marker = 1;
    struct _Unwind_Exception *exception = calloc(1, sizeof *exception);
    _Unwind_RaiseException(exception);
    marker = 0; /* only where nobody catches it */
}
