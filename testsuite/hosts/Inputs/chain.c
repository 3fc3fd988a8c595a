/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Version N has 4 × N variables: one with a first value, one without, one that points at the first, and one large. */
#include <farcall/annotate.h>
far_service(chain, 1, VERSION);
far_op far_fails(-1) long chain_count(int variable);
far_op far_fails(-1) int chain_version(void);

#define VARIABLES(n)                                                                        \
    __attribute__((used, retain)) static volatile long valued_##n = 1000 * n, zero_##n;     \
    __attribute__((used, retain)) static volatile long *volatile pointer_##n = &valued_##n; \
    __attribute__((used, retain)) static volatile char large_##n[5000];
/* large keeps the number of times, as far as it goes; its first byte stays 0. */
#define COUNT(n)           \
    case n:                \
        large_##n[4999]++; \
        *pointer_##n += 1; \
        zero_##n += 10;    \
        return *pointer_##n + zero_##n + large_##n[0] + (large_##n[4999] - valued_##n % 1000);

#define TO_1(X) X(1)
#define TO_2(X) TO_1(X) X(2)
#define TO_3(X) TO_2(X) X(3)
#define TO_4(X) TO_3(X) X(4)
#define TO_5(X) TO_4(X) X(5)
#define TO_6(X) TO_5(X) X(6)
#define TO_7(X) TO_6(X) X(7)
#define TO_8(X) TO_7(X) X(8)
#define TO_9(X) TO_8(X) X(9)
#define TO_(n)  TO_##n
#define TO(n)   TO_(n)

TO(VERSION)(VARIABLES)

    /* The k-th time (from 1) it is 1000 × variable + 11 × k. */
    long chain_count(int variable)
{
    switch (variable) {
        TO(VERSION)(COUNT) default : return -2;
    }
}

int chain_version(void)
{
    return VERSION;
}
