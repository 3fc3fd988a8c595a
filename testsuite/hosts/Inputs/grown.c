/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* -DGROWN=1, 2: versions with more variables, and one that has gone. Each of the others is one thing that does not fit, or that is kept. */
#include "grown.h"
#include <stdatomic.h>
#include <unistd.h>

#define KEPT __attribute__((used, retain)) static

#ifndef GROWN
#define GROWN 0
#endif
#ifndef LIMIT
#define LIMIT 10
#endif
#ifndef LIMIT_TYPE
#define LIMIT_TYPE int
#endif

static atomic_long value;
static volatile int constructed;
KEPT volatile LIMIT_TYPE limit = LIMIT;
#if GROWN < 2
KEPT volatile char spare[100], begun[100] = "a variable that goes";
#endif
#if GROWN > 0
KEPT volatile long step = 7;                       /* a first value */
KEPT volatile long *volatile where = &step;        /* one that has to be relocated */
KEPT volatile const char *volatile word = "grown"; /* that is a constant of the new version */
KEPT int (*volatile twice)(int) = grown_doubled;   /* that is an operation of it */
KEPT volatile long seen[500];                      /* none */
#endif
#if GROWN > 1
KEPT volatile long later = 11;
KEPT volatile long *volatile both[2] = {&step, &later};
KEPT volatile char more[4000];
#endif
#ifdef LARGE
KEPT volatile char large[LARGE] = "a variable for which there is no room";
#endif
#ifdef LARGE_ZERO
KEPT volatile char large_zero[LARGE_ZERO];
#endif
#ifdef HOOK
static int plain_function(int n)
{
    return HOOK * n;
}
KEPT int (*volatile hook)(int) = plain_function;
#endif
#ifdef CONSTRUCTOR
__attribute__((constructor)) static void construct_more(void)
{
    constructed += CONSTRUCTOR;
}
#endif

__attribute__((constructor)) static void construct(void)
{
    constructed++;
}

long grown_next(void)
{
    return getppid() ? atomic_fetch_add(&value, 1) + (constructed - 1) * 1000000000L : -2;
}

int grown_version(void)
{
    return getppid() ? VERSION : -2;
}

#if MINOR > 0
int grown_doubled(int n)
{
    return 2 * n;
}

/* Each look at a number counts it on. */
long grown_look(int which)
{
    switch (which) {
    case 0:
        return limit;
#if GROWN > 0
    case 1:
        return (*where)++;
    case 2:
        return seen[499]++;
    case 3:
        return twice(21);
    case 4:
        return word[0];
#endif
#if GROWN > 1
    case 5:
        return later++;
    case 6:
        return *both[0] + *both[1];
#endif
    default:
        return -1;
    }
}
#endif
