/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What segments call instead of the C library's function of that name, in every domain: hostsyms.def's FAR_HOST_OWN.
 * Their memory is shared by processes that may be killed at any time.
 */
#ifndef FARCALL_HOSTFUNCS_H
#define FARCALL_HOSTFUNCS_H

#include <farcall/farcall.h>
#include <pthread.h>
#include <time.h>

/*
 * A mutex in a segment is process-shared and robust, whatever it was initialised as: PTHREAD_MUTEX_INITIALIZER, static
 * zero, or pthread_mutex_init with any attributes. If its owner dies inside, the next to lock it gets it and 0, unless
 * it was initialised robust on purpose: then EOWNERDEAD, as POSIX says.
 */
int far_host_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int far_host_pthread_mutex_destroy(pthread_mutex_t *mutex);
int far_host_pthread_mutex_lock(pthread_mutex_t *mutex);
int far_host_pthread_mutex_trylock(pthread_mutex_t *mutex);
int far_host_pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until);
int far_host_pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *until);
int far_host_pthread_mutex_unlock(pthread_mutex_t *mutex);

/*
 * A condition variable in a segment is process-shared, whatever it was initialised as, and a waiter that dies leaves
 * nothing behind. Used with mutexes of the segment only.
 */
int far_host_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes);
int far_host_pthread_cond_destroy(pthread_cond_t *condition);
int far_host_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int far_host_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until);
int far_host_pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock,
                                    const struct timespec *until);
int far_host_pthread_cond_signal(pthread_cond_t *condition);
int far_host_pthread_cond_broadcast(pthread_cond_t *condition);

/*
 * The segment's own lock, for its heap: FAR_SEGMENT_LOCK_SIZE bytes, zero to begin with, aligned to 8. Returns 0, or
 * EOWNERDEAD: locked, but whoever had it died inside, so what it guards must be rebuilt.
 */
#define FAR_SEGMENT_LOCK_SIZE 64
int far_host_far_segment_lock(void *lock);
int far_host_far_segment_unlock(void *lock);

/* far_cancelled(): no client has its own thread's call cancelled. A host has another (runtime/host/cancel.c). */
int far_host_far_cancelled(void);

/* far_was_granted(): who runs is the caller himself. A host has another (runtime/host/grant.c). */
int far_host_far_was_granted(const void *address, size_t size, enum far_access access);

/* The address for a name of hostsyms.def; NULL for any other. */
void *far_host_function(const char *name);
/* far_host_<name> if hostsyms.def has it as FAR_HOST_OWN; NULL for any other. */
void *far_host_own_function(const char *name);

/* A function that says that `service` called `name`, which is not neutral code, and aborts. */
void *far_refused_function(const char *service, const char *name);

#endif
