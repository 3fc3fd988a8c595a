/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "notes.h"

#include <errno.h>
#include <unistd.h>

static long notes[8192];
static long count;
static int begun, is_open;

long notes_add(long note)
{
    if (note < 0) {
        errno = EDOM;
        return -1;
    }
    notes[count % 8192] = note;
    return ++count;
}

double notes_sum(const char *digits, const void *bytes, size_t n, short a, double b, float c, unsigned char d, int e,
                 int f, int g, long h)
{
    double sum = a + b + (double)c + d + e + f + g + (double)h;
    for (; *digits; digits++)
        sum += *digits - '0';
    for (size_t i = 0; i < n && bytes; i++)
        sum += ((const unsigned char *)bytes)[i];
    return sum;
}

static int wait_at_gate(int what)
{
    __atomic_add_fetch(&begun, 1, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&is_open, __ATOMIC_SEQ_CST))
        usleep(1000);
    return what;
}

int notes_wait(int what)
{
    return wait_at_gate(what);
}

int notes_wait_again(int what)
{
    return wait_at_gate(what);
}

void notes_nothing(void) {}

#ifdef NOTES_CHANGED
int notes_change(long what)
#else
int notes_change(int what)
#endif
{
    return (int)what;
}

long notes_count(void)
{
    return count;
}

int notes_in_order(void)
{
    for (long i = 1; i < count; i++)
        if (notes[i] <= notes[i - 1])
            return 0;
    return 1;
}

int notes_begun(void)
{
    return __atomic_load_n(&begun, __ATOMIC_SEQ_CST);
}

void notes_open(int open)
{
    __atomic_store_n(&is_open, open, __ATOMIC_SEQ_CST);
}
