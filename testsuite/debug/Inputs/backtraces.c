/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* backtrace(3) in a C program, from a callback: no unwinder is loaded until then. */
#include "dbg.h"

#include <execinfo.h>
#include <farcall/farcall.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int look(void *user, int value)
{
    void *frame[64];
    int count = backtrace(frame, 64), service = 0, found = 0;
    char **names = backtrace_symbols(frame, count);
    for (int i = 0; i < count; i++) {
        service += far_service_of(frame[i]) != NULL;
        found |= names && strstr(names[i], "(main+") != NULL;
    }
    printf("frames in the service: %d\n", service);
    printf("main: %s\n", found ? "found" : "lost");
    free(names);
    (void)user;
    return value;
}

int main(void)
{
    return dbg_each(1, look, NULL) != 1;
}
