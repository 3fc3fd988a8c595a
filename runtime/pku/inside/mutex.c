/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Mutexes of a segment, for code in a domain: the same words in the same memory as glibc's robust, process-shared ones, which
 * the host and other clients lock by runtime/lib/hostfuncs.c. What waits is asked for outside.
 *
 * The word: 0, or the owner's thread, with FUTEX_WAITERS if somebody may sleep on it, FUTEX_OWNER_DIED if the owner did. Who
 * has locked it has it in the list of its thread, which the kernel reads when the thread dies; `pending` is what is about to
 * be put there or taken out.
 */
#include "runtime/pku/inside/inside.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stddef.h>

#define KIND_TYPE      3
#define KIND_ROBUST    16
#define KIND_PROTOCOLS 96 /* priority inheritance and ceilings: the kernel's own locks */
#define KIND_SHARED    128
#define KIND_ELISION   256
#define SPINS_TELL     0x4652 /* as in hostfuncs.c */

#define LIST_MOST 2048 /* mutexes, as many as the kernel looks at */

#define OWNER_INCONSISTENT   0x7fffffff
#define OWNER_NOTRECOVERABLE 0x7ffffffe

/* In a pthread_mutexattr_t. */
#define ATTRIBUTE_ROBUST   0x40000000u
#define ATTRIBUTE_SHARED   0x80000000u
#define ATTRIBUTE_PROTOCOL 0x30000000u

/* Where the list of locked mutexes leads to in each. */
static void **link_of(pthread_mutex_t *mutex)
{
    return (void **)(void *)&mutex->__data.__list.__next;
}
_Static_assert(offsetof(pthread_mutex_t, __data.__list.__next) == -PKU_ROBUST_TO_WORD, "as the list says");
_Static_assert(offsetof(pthread_mutex_t, __data.__lock) == 0, "as the list says");

static void enlist(struct pku_thread *thread, pthread_mutex_t *mutex)
{
    *link_of(mutex) = thread->robust.first;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    thread->robust.first = (void *)link_of(mutex);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    thread->robust.pending = NULL;
}

/* It may be in no list of this call's: an operation may have returned with it, and lists that were left then can lead anywhere. */
static void strike_out(struct pku_thread *thread, pthread_mutex_t *mutex)
{
    void **at = &thread->robust.first;
    for (unsigned i = 0; i < LIST_MOST && *at != (void *)&thread->robust && *at != (void *)link_of(mutex); i++)
        at = *at;
    if (*at == (void *)link_of(mutex))
        *at = *link_of(mutex);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static void make_shared(pthread_mutex_t *mutex)
{
    int kind = __atomic_load_n(&mutex->__data.__kind, __ATOMIC_RELAXED);
    while ((kind & (KIND_ROBUST | KIND_SHARED)) != (KIND_ROBUST | KIND_SHARED)) {
        int type = (kind & KIND_TYPE) == PTHREAD_MUTEX_ADAPTIVE_NP ? PTHREAD_MUTEX_NORMAL : kind & KIND_TYPE;
        int wanted = (kind & ~(KIND_TYPE | KIND_ELISION)) | type | KIND_ROBUST | KIND_SHARED;
        if (__atomic_compare_exchange_n(&mutex->__data.__kind, &kind, wanted, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
            break;
    }
    if (kind & KIND_PROTOCOLS)
        pku_end("it locks a mutex with a priority protocol");
}

static uint32_t *word_of(pthread_mutex_t *mutex)
{
    return (uint32_t *)(void *)&mutex->__data.__lock;
}

/* Until when to wait. clock FOR_EVER: there is no end. */
#define FOR_EVER UINT64_MAX
struct until {
    uint64_t clock;
    const struct timespec *time;
};

int64_t pku_sleep_while(uint32_t *word, uint32_t value, uint64_t clock, const struct timespec *until)
{
    struct pku_arguments *area = pku_self()->area;
    area->word[2] = until ? clock : FOR_EVER;
    area->word[3] = until ? (uint64_t)until->tv_sec : 0;
    area->word[4] = until ? (uint64_t)until->tv_nsec : 0;
    return pku_ask(PKU_ASKED_WAIT, (uint64_t)(uintptr_t)word, value);
}

enum taken { TAKEN, TAKEN_OF_THE_DEAD, TAKEN_TOO_LATE };

static enum taken take(pthread_mutex_t *mutex, uint32_t own, const struct until *until)
{
    uint32_t *word = word_of(mutex), now = __atomic_load_n(word, __ATOMIC_RELAXED), others = 0;
    for (;;) {
        if (now & FUTEX_OWNER_DIED) {
            if (__atomic_compare_exchange_n(word, &now, own | others | (now & FUTEX_WAITERS), false, __ATOMIC_ACQUIRE,
                                            __ATOMIC_RELAXED))
                return TAKEN_OF_THE_DEAD;
            continue;
        }
        if (now == 0) {
            if (__atomic_compare_exchange_n(word, &now, own | others, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
                return TAKEN;
            continue;
        }
        if (!(now & FUTEX_WAITERS) &&
            !__atomic_compare_exchange_n(word, &now, now | FUTEX_WAITERS, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            continue;
        others = FUTEX_WAITERS; /* who slept does not know who else does */
        if (pku_sleep_while(word, now | FUTEX_WAITERS, until->clock, until->time) == -ETIMEDOUT)
            return TAKEN_TOO_LATE;
        now = __atomic_load_n(word, __ATOMIC_RELAXED);
    }
}

static void give_back(struct pku_thread *thread, pthread_mutex_t *mutex, int owner)
{
    thread->robust.pending = (void *)link_of(mutex);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    strike_out(thread, mutex);
    mutex->__data.__owner = owner;
    mutex->__data.__nusers--;
    if (__atomic_exchange_n(word_of(mutex), 0, __ATOMIC_RELEASE) & FUTEX_WAITERS)
        pku_ask(PKU_ASKED_WAKE, (uint64_t)(uintptr_t)word_of(mutex), 1);
    thread->robust.pending = NULL;
}

static int have(struct pku_thread *thread, pthread_mutex_t *mutex, uint32_t own, enum taken taken)
{
    mutex->__data.__count = 1;
    enlist(thread, mutex);
    if (taken == TAKEN_OF_THE_DEAD) {
        mutex->__data.__owner = OWNER_INCONSISTENT; /* its dead owner counts as a user still */
        return EOWNERDEAD;
    }
    mutex->__data.__nusers++;
    if (mutex->__data.__owner == OWNER_NOTRECOVERABLE) {
        give_back(thread, mutex, OWNER_NOTRECOVERABLE);
        return ENOTRECOVERABLE;
    }
    mutex->__data.__owner = (int)own;
    return 0;
}

static bool is_mine(pthread_mutex_t *mutex, uint32_t own)
{
    return (__atomic_load_n(word_of(mutex), __ATOMIC_RELAXED) & FUTEX_TID_MASK) == own;
}

/* -1: it is not mine, or waits for itself. */
static int lock_again(pthread_mutex_t *mutex, uint32_t own)
{
    int type = mutex->__data.__kind & KIND_TYPE;
    if (!is_mine(mutex, own) || type == PTHREAD_MUTEX_NORMAL)
        return -1;
    if (type == PTHREAD_MUTEX_ERRORCHECK)
        return EDEADLK;
    if (mutex->__data.__count == UINT32_MAX)
        return EAGAIN;
    mutex->__data.__count++;
    return 0;
}

static int lock(pthread_mutex_t *mutex, const struct until *until)
{
    struct pku_thread *thread = pku_self();
    uint32_t own = thread->area->thread;
    make_shared(mutex);
    int again = lock_again(mutex, own);
    if (again >= 0)
        return again;
    if (until->time && (until->time->tv_nsec < 0 || until->time->tv_nsec >= 1000000000))
        return EINVAL;
    thread->robust.pending = (void *)link_of(mutex);
    enum taken taken = take(mutex, own, until);
    if (taken != TAKEN_TOO_LATE)
        return have(thread, mutex, own, taken);
    thread->robust.pending = NULL;
    return ETIMEDOUT;
}

int far_pku_pthread_mutex_consistent(pthread_mutex_t *mutex)
{
    if (mutex->__data.__owner != OWNER_INCONSISTENT)
        return EINVAL;
    mutex->__data.__owner = (int)pku_self()->area->thread;
    return 0;
}

static int after_locking(pthread_mutex_t *mutex, int result)
{
    if (result != EOWNERDEAD || mutex->__data.__spins == SPINS_TELL)
        return result;
    return far_pku_pthread_mutex_consistent(mutex);
}

int far_pku_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    const struct until never = {FOR_EVER, NULL};
    return after_locking(mutex, lock(mutex, &never));
}

int far_pku_pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *time)
{
    const struct until until = {(uint64_t)clock, time};
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return EINVAL;
    return after_locking(mutex, lock(mutex, &until));
}

int far_pku_pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *time)
{
    return far_pku_pthread_mutex_clocklock(mutex, CLOCK_REALTIME, time);
}

int far_pku_pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    struct pku_thread *thread = pku_self();
    uint32_t own = thread->area->thread, now;
    make_shared(mutex);
    int again = lock_again(mutex, own);
    if (again >= 0)
        return again == EDEADLK ? EBUSY : again;
    thread->robust.pending = (void *)link_of(mutex);
    do {
        now = __atomic_load_n(word_of(mutex), __ATOMIC_RELAXED);
        if (now != 0 && !(now & FUTEX_OWNER_DIED)) {
            thread->robust.pending = NULL;
            return EBUSY;
        }
    } while (!__atomic_compare_exchange_n(word_of(mutex), &now, own | (now & FUTEX_WAITERS), false, __ATOMIC_ACQUIRE,
                                          __ATOMIC_RELAXED));
    return after_locking(mutex, have(thread, mutex, own, now & FUTEX_OWNER_DIED ? TAKEN_OF_THE_DEAD : TAKEN));
}

int far_pku_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    struct pku_thread *thread = pku_self();
    uint32_t own = thread->area->thread;
    if (!is_mine(mutex, own))
        return EPERM;
    if ((mutex->__data.__kind & KIND_TYPE) == PTHREAD_MUTEX_RECURSIVE && mutex->__data.__count > 1) {
        mutex->__data.__count--;
        return 0;
    }
    give_back(thread, mutex, mutex->__data.__owner == OWNER_INCONSISTENT ? OWNER_NOTRECOVERABLE : 0);
    return 0;
}

int far_pku_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    unsigned asked = attributes ? *(const unsigned *)(const void *)attributes : 0;
    if (asked & ATTRIBUTE_PROTOCOL)
        return ENOTSUP;
    far_pku_memset(mutex, 0, sizeof *mutex);
    mutex->__data.__kind = (int)(asked & KIND_TYPE);
    make_shared(mutex);
    mutex->__data.__spins = asked & ATTRIBUTE_ROBUST ? SPINS_TELL : 0;
    return 0;
}

int far_pku_pthread_mutex_destroy(pthread_mutex_t *mutex)
{
    return *word_of(mutex) & FUTEX_TID_MASK ? EBUSY : 0;
}

int far_pku_far_segment_lock(void *memory)
{
    const struct until never = {FOR_EVER, NULL};
    pthread_mutex_t *mutex = memory;
    int result = lock(mutex, &never);
    if (result == EOWNERDEAD)
        far_pku_pthread_mutex_consistent(mutex);
    return result;
}

int far_pku_far_segment_unlock(void *memory)
{
    return far_pku_pthread_mutex_unlock(memory);
}

int far_pku_far_cancelled(void)
{
    return 0;
}

/* --- attributes: a word in both --- */

static unsigned *bits(void *attributes)
{
    return attributes;
}

int far_pku_pthread_mutexattr_init(pthread_mutexattr_t *attributes)
{
    *bits(attributes) = PTHREAD_MUTEX_NORMAL;
    return 0;
}

int far_pku_pthread_mutexattr_destroy(pthread_mutexattr_t *attributes)
{
    (void)attributes;
    return 0;
}

int far_pku_pthread_mutexattr_settype(pthread_mutexattr_t *attributes, int type)
{
    if (type < PTHREAD_MUTEX_NORMAL || type > PTHREAD_MUTEX_ADAPTIVE_NP)
        return EINVAL;
    *bits(attributes) = (*bits(attributes) & ~(unsigned)KIND_TYPE) | (unsigned)type;
    return 0;
}

int far_pku_pthread_mutexattr_setpshared(pthread_mutexattr_t *attributes, int shared)
{
    *bits(attributes) = (*bits(attributes) & ~ATTRIBUTE_SHARED) | (shared ? ATTRIBUTE_SHARED : 0);
    return shared == PTHREAD_PROCESS_PRIVATE || shared == PTHREAD_PROCESS_SHARED ? 0 : EINVAL;
}

int far_pku_pthread_mutexattr_setrobust(pthread_mutexattr_t *attributes, int robust)
{
    *bits(attributes) = (*bits(attributes) & ~ATTRIBUTE_ROBUST) | (robust ? ATTRIBUTE_ROBUST : 0);
    return robust == PTHREAD_MUTEX_STALLED || robust == PTHREAD_MUTEX_ROBUST ? 0 : EINVAL;
}
