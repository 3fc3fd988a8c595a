/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "counter.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef OTHER /* than the version before has by this name */
static atomic_int value;
#else
static atomic_long value;
#endif
static int constructed;
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

struct box *counter_open_slow(int ms)
{
    counter_slow(ms);
    return counter_open();
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
