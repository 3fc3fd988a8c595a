/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "held.h"

#include <unistd.h>

static volatile int never;

/* Code that could call getpid() belongs to one process. */
static int held(void)
{
    return never ? (int)getpid() : 0;
}

int held_null(void)
{
    return held();
}

int held_in(const unsigned char *bytes, size_t size)
{
    return size ? held() + bytes[0] + bytes[size - 1] : 0;
}

int held_inout(unsigned char *bytes, size_t size)
{
    if (size) {
        bytes[0]++;
        bytes[size - 1]++;
    }
    return held();
}

long held_list(const struct cell *first)
{
    return held() + first->value;
}

long held_walk(const struct cell *first)
{
    long sum = held();
    for (; first; first = first->next)
        sum += first->value;
    return sum;
}

long held_parts(const struct part *parts, int count)
{
    long sum = held();
    for (int i = 0; i < count; i++)
        sum += ((const struct page *)(const void *)parts[i].bytes)->value;
    return sum;
}

long held_follow(const void *first)
{
    long sum = held();
    for (const struct page *page = first; page; page = page->next)
        sum += page->value;
    return sum;
}
