/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/hostfuncs.h"

#include <errno.h>
#include <stdbool.h>

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
    return after_locking(mutex, pthread_mutex_lock(mutex));
}

int far_host_pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    make_shared(mutex);
    return after_locking(mutex, pthread_mutex_trylock(mutex));
}

int far_host_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    return pthread_mutex_unlock(mutex);
}

_Static_assert(sizeof(pthread_mutex_t) <= FAR_SEGMENT_LOCK_SIZE, "the segment's lock is a mutex");
_Static_assert(_Alignof(pthread_mutex_t) <= 8, "the segment's lock is a mutex");

int far_host_far_segment_lock(void *lock)
{
    pthread_mutex_t *mutex = lock;
    make_shared(mutex);
    int result = pthread_mutex_lock(mutex);
    if (result == EOWNERDEAD)
        pthread_mutex_consistent(mutex);
    return result;
}

int far_host_far_segment_unlock(void *lock)
{
    return pthread_mutex_unlock(lock);
}
