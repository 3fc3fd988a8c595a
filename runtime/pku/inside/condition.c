/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Condition variables of a segment, for code in a domain: the same words as runtime/lib/hostcond.c's, which says why. */
#include "runtime/pku/inside/inside.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>

struct signals {
    uint32_t count;
    uint32_t clock;
};

static struct signals *signals_of(pthread_cond_t *condition)
{
    return (struct signals *)(void *)condition;
}

static int wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, uint64_t clock, const struct timespec *until)
{
    struct signals *signals = signals_of(condition);
    uint32_t count = __atomic_load_n(&signals->count, __ATOMIC_ACQUIRE);
    if (until && (until->tv_nsec < 0 || until->tv_nsec >= 1000000000))
        return EINVAL;
    int failed = far_pku_pthread_mutex_unlock(mutex);
    if (failed)
        return failed;
    bool past = until && until->tv_sec < 0;
    int64_t slept = past ? -ETIMEDOUT : pku_sleep_while(&signals->count, count, clock, until);
    failed = far_pku_pthread_mutex_lock(mutex);
    return failed ? failed : slept == -ETIMEDOUT ? ETIMEDOUT : 0;
}

static int wake_all(pthread_cond_t *condition)
{
    struct signals *signals = signals_of(condition);
    __atomic_fetch_add(&signals->count, 1, __ATOMIC_RELEASE);
    pku_ask(PKU_ASKED_WAKE, (uint64_t)(uintptr_t)&signals->count, INT_MAX);
    return 0;
}

/* glibc's: the clock is the second bit. */
static uint32_t clock_of(const pthread_condattr_t *attributes)
{
    return attributes ? *(const uint32_t *)(const void *)attributes >> 1 & 1 : CLOCK_REALTIME;
}

int far_pku_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
    far_pku_memset(condition, 0, sizeof *condition);
    signals_of(condition)->clock = clock_of(attributes);
    return 0;
}

int far_pku_pthread_cond_destroy(pthread_cond_t *condition)
{
    (void)condition;
    return 0;
}

int far_pku_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    return wait_until(condition, mutex, CLOCK_REALTIME, NULL);
}

int far_pku_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
    return wait_until(condition, mutex, signals_of(condition)->clock, until);
}

int far_pku_pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock,
                                   const struct timespec *until)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return EINVAL;
    return wait_until(condition, mutex, (uint64_t)clock, until);
}

int far_pku_pthread_cond_signal(pthread_cond_t *condition)
{
    return wake_all(condition);
}

int far_pku_pthread_cond_broadcast(pthread_cond_t *condition)
{
    return wake_all(condition);
}

int far_pku_pthread_condattr_init(pthread_condattr_t *attributes)
{
    *(uint32_t *)(void *)attributes = 0;
    return 0;
}

int far_pku_pthread_condattr_destroy(pthread_condattr_t *attributes)
{
    (void)attributes;
    return 0;
}

int far_pku_pthread_condattr_setclock(pthread_condattr_t *attributes, clockid_t clock)
{
    uint32_t *word = (uint32_t *)(void *)attributes;
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return EINVAL;
    *word = (*word & ~2u) | (uint32_t)clock << 1;
    return 0;
}

int far_pku_pthread_condattr_setpshared(pthread_condattr_t *attributes, int shared)
{
    (void)attributes;
    return shared == PTHREAD_PROCESS_PRIVATE || shared == PTHREAD_PROCESS_SHARED ? 0 : EINVAL;
}
