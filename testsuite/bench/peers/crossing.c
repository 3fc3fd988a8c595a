/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "crossing.h"

#include <unistd.h>

static volatile int never;

/* Code that could call getpid() belongs to one process. */
static int held(void)
{
    return never ? (int)getpid() : 0;
}

int crossing_null(void)
{
    return 0;
}

int crossing_in(const unsigned char *bytes, size_t size)
{
    return size ? bytes[0] + bytes[size - 1] : 0;
}

int crossing_inout(unsigned char *bytes, size_t size)
{
    if (size) {
        bytes[0]++;
        bytes[size - 1]++;
    }
    return 0;
}

int crossing_held_in(const unsigned char *bytes, size_t size)
{
    return held() + crossing_in(bytes, size);
}

int crossing_held_inout(unsigned char *bytes, size_t size)
{
    return held() + crossing_inout(bytes, size);
}

int crossing_held_null(void)
{
    return held();
}

long crossing_list(const struct cell *first)
{
    return held() + first->value;
}

long crossing_walk(const struct cell *first)
{
    long sum = held();
    for (; first; first = first->next)
        sum += first->value;
    return sum;
}
