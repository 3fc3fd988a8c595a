/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Condition variables of segments. glibc's keep account of who waits: a waiter that is killed never leaves, and whoever
 * signals later waits for it. So here a condition variable is a count of signals, on which waiters sleep: nothing to
 * undo when one of them dies. A signal wakes all, since the one that it woke might have died before it did anything;
 * POSIX lets waiters wake for no reason, and asks them to look again.
 *
 * Zeros are PTHREAD_COND_INITIALIZER. Always shared between processes.
 */
#include "runtime/lib/hostfuncs.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct signals {
    uint32_t count;
    uint32_t clock; /* of pthread_cond_timedwait(): CLOCK_REALTIME, which is 0, or CLOCK_MONOTONIC */
};
_Static_assert(sizeof(struct signals) <= sizeof(pthread_cond_t), "lies in a pthread_cond_t");
_Static_assert(CLOCK_REALTIME == 0, "zeros are a condition variable of the real time");

static struct signals *signals_of(pthread_cond_t *condition)
{
    return (struct signals *)(void *)condition;
}

/* ETIMEDOUT, or 0 for any other end: the caller looks again. until: NULL waits for ever. */
static int sleep_while(struct signals *signals, uint32_t count, clockid_t clock, const struct timespec *until)
{
    int operation = FUTEX_WAIT_BITSET | (clock == CLOCK_REALTIME ? FUTEX_CLOCK_REALTIME : 0);
    long result = syscall(SYS_futex, &signals->count, operation, count, until, NULL, FUTEX_BITSET_MATCH_ANY);
    return result < 0 && errno == ETIMEDOUT ? ETIMEDOUT : 0;
}

static int wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock, const struct timespec *until)
{
    struct signals *signals = signals_of(condition);
    uint32_t count = __atomic_load_n(&signals->count, __ATOMIC_ACQUIRE);
    int saved = errno;
    if (until && (until->tv_nsec < 0 || until->tv_nsec >= 1000000000))
        return EINVAL;
    int failed = far_host_pthread_mutex_unlock(mutex);
    if (failed)
        return failed;
    int result = until && until->tv_sec < 0 ? ETIMEDOUT : sleep_while(signals, count, clock, until);
    failed = far_host_pthread_mutex_lock(mutex);
    errno = saved;
    return failed ? failed : result;
}

static int wake_all(pthread_cond_t *condition)
{
    struct signals *signals = signals_of(condition);
    int saved = errno;
    __atomic_fetch_add(&signals->count, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &signals->count, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    errno = saved;
    return 0;
}

int far_host_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
    clockid_t clock = CLOCK_REALTIME;
    if (attributes)
        pthread_condattr_getclock(attributes, &clock);
    memset(condition, 0, sizeof *condition);
    signals_of(condition)->clock = (uint32_t)clock;
    return 0;
}

int far_host_pthread_cond_destroy(pthread_cond_t *condition)
{
    (void)condition;
    return 0;
}

int far_host_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    return wait_until(condition, mutex, CLOCK_REALTIME, NULL);
}

int far_host_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
    return wait_until(condition, mutex, (clockid_t)signals_of(condition)->clock, until);
}

int far_host_pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock,
                                    const struct timespec *until)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return EINVAL;
    return wait_until(condition, mutex, clock, until);
}

int far_host_pthread_cond_signal(pthread_cond_t *condition)
{
    return wake_all(condition);
}

int far_host_pthread_cond_broadcast(pthread_cond_t *condition)
{
    return wake_all(condition);
}
