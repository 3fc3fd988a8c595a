/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/hostfuncs.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * glibc keeps what a mutex is in one word; robust and process-shared are bits of it that pthread_mutex_init sets and
 * does nothing else for. So a mutex that was initialised by zeros can be made both by one atomic store, before its
 * first use. testsuite/unit/gate_mutex.c compares with what pthread_mutex_init makes of these attributes.
 */
#define KIND_ROBUST   16
#define KIND_SHARED   128
#define KIND_ELISION  256 /* has no robust variant either */
#define KIND_TYPE     3
#define KIND_ADAPTIVE PTHREAD_MUTEX_ADAPTIVE_NP /* spins, and has no robust variant */

/* Robust mutexes do not use this word: here it says that the one who initialised it wants to hear of a dead owner. */
#define SPINS_TELL 0x4652

static void make_shared(pthread_mutex_t *mutex)
{
    int kind = __atomic_load_n(&mutex->__data.__kind, __ATOMIC_RELAXED);
    while ((kind & (KIND_ROBUST | KIND_SHARED)) != (KIND_ROBUST | KIND_SHARED)) {
        int type = (kind & KIND_TYPE) == KIND_ADAPTIVE ? PTHREAD_MUTEX_NORMAL : kind & KIND_TYPE;
        int wanted = (kind & ~(KIND_TYPE | KIND_ELISION)) | type | KIND_ROBUST | KIND_SHARED;
        if (__atomic_compare_exchange_n(&mutex->__data.__kind, &kind, wanted, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
            break;
    }
}

#define OWNER_CHECK_NS 200000000

/* Without robust lists (qemu-user has none) the kernel does not mark what a dead thread of this process had locked. */
static bool has_robust_lists(void)
{
    static int known; /* 0: not asked yet */
    int answer = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (!answer) {
        void *head;
        size_t size;
        int saved = errno;
        answer = syscall(SYS_get_robust_list, 0, &head, &size) == 0 ? 1 : -1;
        errno = saved;
        __atomic_store_n(&known, answer, __ATOMIC_RELAXED);
    }
    return answer > 0;
}

/* What the kernel would have done. Whoever waits next gets EOWNERDEAD. */
static void mark_if_owner_died(pthread_mutex_t *mutex)
{
    int word = __atomic_load_n(&mutex->__data.__lock, __ATOMIC_RELAXED);
    int owner = word & FUTEX_TID_MASK, marked = (word & (int)FUTEX_WAITERS) | FUTEX_OWNER_DIED, saved = errno;
    if (owner && !(word & FUTEX_OWNER_DIED) && kill(owner, 0) < 0 && errno == ESRCH &&
        __atomic_compare_exchange_n(&mutex->__data.__lock, &word, marked, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        syscall(SYS_futex, &mutex->__data.__lock, FUTEX_WAKE, 1, NULL, NULL, 0);
    errno = saved;
}

static int lock_watching_owner(pthread_mutex_t *mutex)
{
    int result = pthread_mutex_trylock(mutex);
    while (result == EBUSY || result == ETIMEDOUT) {
        struct timespec until;
        if (result == ETIMEDOUT)
            mark_if_owner_died(mutex);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += OWNER_CHECK_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        result = pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &until);
    }
    return result;
}

static int lock_mutex(pthread_mutex_t *mutex)
{
    return has_robust_lists() ? pthread_mutex_lock(mutex) : lock_watching_owner(mutex);
}

/* What was guarded may be half done; code that never asked to know goes on with it. */
static int after_locking(pthread_mutex_t *mutex, int result)
{
    if (result != EOWNERDEAD || mutex->__data.__spins == SPINS_TELL)
        return result;
    pthread_mutex_consistent(mutex);
    return 0;
}

int far_host_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    int robust = PTHREAD_MUTEX_STALLED;
    int failed = pthread_mutex_init(mutex, attributes);
    if (failed)
        return failed;
    if (attributes)
        pthread_mutexattr_getrobust(attributes, &robust);
    make_shared(mutex);
    mutex->__data.__spins = robust == PTHREAD_MUTEX_ROBUST ? SPINS_TELL : 0;
    return 0;
}

int far_host_pthread_mutex_destroy(pthread_mutex_t *mutex)
{
    return pthread_mutex_destroy(mutex);
}

int far_host_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    make_shared(mutex);
    return after_locking(mutex, lock_mutex(mutex));
}

int far_host_pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    make_shared(mutex);
    if (!has_robust_lists())
        mark_if_owner_died(mutex);
    return after_locking(mutex, pthread_mutex_trylock(mutex));
}

int far_host_pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until)
{
    make_shared(mutex);
    return after_locking(mutex, pthread_mutex_timedlock(mutex, until));
}

int far_host_pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *until)
{
    make_shared(mutex);
    return after_locking(mutex, pthread_mutex_clocklock(mutex, clock, until));
}

int far_host_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    return pthread_mutex_unlock(mutex);
}

/*
 * The segment's lock is one for all processes that run its code, of whatever machine: a mutex of which only what is the
 * same on all of them is used, and behind it a word that says that a process without robust lists uses it too. While
 * that word is 0 the kernel sees to dead owners.
 */
struct segment_lock {
    pthread_mutex_t mutex;
    uint8_t unused[FAR_SEGMENT_LOCK_SIZE - sizeof(pthread_mutex_t) - sizeof(uint32_t)];
    uint32_t watch_owner;
};
_Static_assert(sizeof(struct segment_lock) == FAR_SEGMENT_LOCK_SIZE, "the segment's lock");
_Static_assert(_Alignof(struct segment_lock) <= 8, "the segment's lock");
_Static_assert(offsetof(pthread_mutex_t, __data.__lock) == 0 && offsetof(pthread_mutex_t, __data.__count) == 4 &&
                   offsetof(pthread_mutex_t, __data.__owner) == 8 && offsetof(pthread_mutex_t, __data.__nusers) == 12 &&
                   offsetof(pthread_mutex_t, __data.__kind) == 16 && offsetof(pthread_mutex_t, __data.__list) == 24,
               "the same on all machines");

int far_host_far_segment_lock(void *memory)
{
    struct segment_lock *lock = memory;
    make_shared(&lock->mutex);
    if (!has_robust_lists() && !__atomic_load_n(&lock->watch_owner, __ATOMIC_RELAXED))
        __atomic_store_n(&lock->watch_owner, 1, __ATOMIC_SEQ_CST);
    int result = __atomic_load_n(&lock->watch_owner, __ATOMIC_RELAXED) ? lock_watching_owner(&lock->mutex)
                                                                       : pthread_mutex_lock(&lock->mutex);
    if (result == EOWNERDEAD)
        pthread_mutex_consistent(&lock->mutex);
    return result;
}

int far_host_far_segment_unlock(void *lock)
{
    return pthread_mutex_unlock(lock);
}

int far_host_far_cancelled(void)
{
    return 0;
}

int far_host_far_was_granted(const void *address, size_t size, enum far_access access)
{
    (void)address;
    (void)size;
    (void)access;
    return 1;
}
