/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "counter.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_long value;
static int constructed;
#ifdef GROWN /* in versions that have more variables, or others */
static volatile long step = 7;                         /* a first value */
static volatile long *volatile where = &step;          /* that has to be relocated */
static const char *volatile word = "grown";            /* a constant of the new version */
static int (*volatile twice)(int) = counter_doubled;   /* an operation of it */
static volatile long seen[500];                        /* none */
#endif
#if defined GROWN && GROWN > 1
static volatile long later = 11;
static volatile long *volatile both[2] = {&step, &later};
#endif
#if !defined GROWN || GROWN < 2
static volatile char spare[100]; /* goes in the second grown version */
#endif
#ifdef LIMIT
static volatile int limit = LIMIT;
#endif
#ifdef WIDE_LIMIT
static volatile long limit = 10;
#endif
#ifdef LARGE
static volatile char large[LARGE] = "a variable for which there is no room";
#endif
#ifdef LARGE_ZERO
static volatile char large_zero[LARGE_ZERO];
#endif
#ifdef HOOK
static int plain_function(int n)
{
    return HOOK + n;
}
static int (*volatile hook)(int) = plain_function;
#endif
#ifdef UNKNOWN
int setlogmask(int);
#endif

__attribute__((constructor)) static void construct(void)
{
    constructed++;
}

long counter_next(void)
{
    return atomic_fetch_add(&value, 1) + (constructed - 1) * 1000000000L;
}

int counter_version(void)
{
    return getppid() ? VERSION : -2; /* asks its process, and so is never run in a client's */
}

int counter_slow(int ms)
{
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&pause, NULL);
    return VERSION;
}

int counter_text(const char *text)
{
    return (int)strlen(text) * 100 + counter_version();
}

struct box {
    int uses;
};

struct box *counter_open(void)
{
    return getppid() ? calloc(1, sizeof(struct box)) : NULL;
}

int counter_use(struct box *box)
{
    return getppid() ? ++box->uses : 0;
}

int counter_close(struct box *box)
{
    int uses = box->uses;
    free(box);
    return getppid() ? uses : 0;
}

int counter_branch(void)
{
    return VERSION;
}

#if MINOR > 0
int counter_added(void)
{
    return 7;
}
#endif

#ifdef GROWN
int counter_doubled(int n)
{
    return 2 * n;
}

/* Each call counts on in all of them; what it says is what they were. */
const char *counter_grown(void)
{
    static char text[200];
    int at = snprintf(text, sizeof text, "%s: step %ld, seen %ld, doubled %d", word, (*where)++, seen[499]++, twice(21));
#if GROWN > 1
    snprintf(text + at, sizeof text - (size_t)at, ", later %ld, both %ld", later++, *both[0] + *both[1]);
#else
    (void)at;
#endif
    return getppid() ? text : "";
}
#endif
