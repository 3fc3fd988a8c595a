/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A unit test is a program: CHECK prints what failed and counts it; main returns check_result(). */
#ifndef FARCALL_CHECK_H
#define FARCALL_CHECK_H

#include <stdio.h>

static int check_failures;

#define CHECK(condition)                                                            \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
            check_failures++;                                                       \
        }                                                                           \
    } while (0)

static inline int check_result(void)
{
    if (check_failures)
        fprintf(stderr, "%d checks failed\n", check_failures);
    return check_failures != 0;
}

#endif
