/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What runs once: pthread_once, and the guards of C++'s function-local statics. Once means once a node, in whichever
 * process comes first; if that one dies on the way, the next one runs it from the start.
 *
 * A control is one word and a guard two, too small for a lock that outlives its owner. So the locks lie beside them,
 * one of a table by the control's address. They are recursive: what runs inside may have controls of its own.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOCK_COUNT 64 /* a power of two */
#define DONE       2  /* of a pthread_once_t, as in glibc */

/* Bound to libfarcall's own functions, which make every mutex of a segment robust. */
#define RECURSIVE PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP
#define EIGHT     RECURSIVE, RECURSIVE, RECURSIVE, RECURSIVE, RECURSIVE, RECURSIVE, RECURSIVE, RECURSIVE
static pthread_mutex_t locks[LOCK_COUNT] = {EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT};

static pthread_mutex_t *lock_of(const void *control)
{
    uint64_t mixed = (uint64_t)(uintptr_t)control * 0x9e3779b97f4a7c15ull;

    return &locks[mixed >> 58];
}
_Static_assert(LOCK_COUNT == 1 << (64 - 58), "the upper bits of a product choose the lock");

/* Weak: code that brings its own keeps it. */
#pragma weak pthread_once
int pthread_once(pthread_once_t *control, void (*routine)(void))
{
    if (__atomic_load_n(control, __ATOMIC_ACQUIRE) == DONE)
        return 0;
    pthread_mutex_lock(lock_of(control));
    if (*control != DONE) {
        routine();
        __atomic_store_n(control, DONE, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(lock_of(control));
    return 0;
}

/*
 * The Itanium C++ ABI's guards, 3.3.3: the first byte says that the object is there. Its lock is held from acquire to
 * release or abort.
 */
#pragma weak __cxa_guard_acquire
#pragma weak __cxa_guard_release
#pragma weak __cxa_guard_abort
int __cxa_guard_acquire(uint64_t *guard);
void __cxa_guard_release(uint64_t *guard);
void __cxa_guard_abort(uint64_t *guard);

static bool is_there(uint64_t *guard)
{
    return __atomic_load_n((uint8_t *)guard, __ATOMIC_ACQUIRE) != 0;
}

int __cxa_guard_acquire(uint64_t *guard)
{
    if (is_there(guard))
        return 0;
    pthread_mutex_lock(lock_of(guard));
    if (!is_there(guard))
        return 1;
    pthread_mutex_unlock(lock_of(guard));
    return 0;
}

void __cxa_guard_release(uint64_t *guard)
{
    __atomic_store_n((uint8_t *)guard, 1, __ATOMIC_RELEASE);
    pthread_mutex_unlock(lock_of(guard));
}

void __cxa_guard_abort(uint64_t *guard)
{
    pthread_mutex_unlock(lock_of(guard));
}
