/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "later.h"

#include <errno.h>
#include <farcall/farcall.h>
#include <pthread.h>
#include <string.h>
#include <sys/time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int value, is_open, gave_up, begun, waiting, most;
static long noted;

int later_set(int to)
{
    return value = to;
}

int later_get(void)
{
    return value;
}

int later_gave_up(void)
{
    return __atomic_load_n(&gave_up, __ATOMIC_SEQ_CST);
}

int later_begun(void)
{
    return __atomic_load_n(&begun, __ATOMIC_SEQ_CST);
}

int later_most(void)
{
    return __atomic_load_n(&most, __ATOMIC_SEQ_CST);
}

void later_open(int open)
{
    pthread_mutex_lock(&lock);
    is_open = open;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* 0: it is open; -1: the caller has given up. */
static int wait_for_open(void)
{
    int result = 0;
    __atomic_add_fetch(&begun, 1, __ATOMIC_SEQ_CST);
    pthread_mutex_lock(&lock);
    if (++waiting > most)
        most = waiting;
    while (!is_open && !result) {
        struct timeval now;
        gettimeofday(&now, NULL);
        struct timespec soon = {now.tv_sec, (now.tv_usec + 20000) * 1000};
        soon.tv_sec += soon.tv_nsec / 1000000000;
        soon.tv_nsec %= 1000000000;
        if (far_cancelled())
            result = -1;
        else
            pthread_cond_timedwait(&changed, &lock, &soon);
    }
    waiting--;
    pthread_mutex_unlock(&lock);
    if (result)
        __atomic_add_fetch(&gave_up, 1, __ATOMIC_SEQ_CST);
    return result;
}

void later_hint(int mark)
{
    wait_for_open();
    value = mark;
}

void later_note(const char *text, const void *bytes, size_t n)
{
    wait_for_open();
    noted = (long)strlen(text);
    for (size_t i = 0; i < n; i++)
        noted += ((const unsigned char *)bytes)[i];
}

long later_noted(void)
{
    return noted;
}

long later_add(int a, long b, short c, unsigned char d, int e, int f, int g, long h)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}

double later_mean(double a, float b)
{
    return (a + (double)b) / 2;
}

int later_fill(void *to, size_t n, int with)
{
    wait_for_open();
    memset(to, with, n);
    return (int)n;
}

int later_sum(const struct later_node *list)
{
    int sum = 0;
    for (; list; list = list->next)
        sum += list->value;
    return sum;
}

int later_each(int n, int (*f)(int))
{
    int sum = 0;
    for (int i = 1; i <= n; i++)
        sum += f(i);
    return sum;
}

int later_wait(int what)
{
    return wait_for_open() ? -2 : what;
}

int later_soon(int what)
{
    return wait_for_open() ? -2 : what;
}

int later_now(int what)
{
    return wait_for_open() ? -2 : what;
}

int later_error(int error)
{
    errno = error;
    return error ? -5 : 5;
}

void later_nothing(void)
{
    value++;
}
