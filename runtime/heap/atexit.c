/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Destructors that code registers while it runs: C++'s of static objects, and atexit. The C library's list would run
 * them when the process ends that happened to register them, which may be one client of many. Here they are the
 * segment's and run once, when its host stops, in reverse order.
 */
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

struct destructor {
    struct destructor *next; /* registered before it */
    void (*run)(void *object);
    void *object;
};

static struct destructor *latest;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#pragma weak __cxa_atexit
#pragma weak __cxa_finalize
#pragma weak atexit
int __cxa_atexit(void (*run)(void *object), void *object, void *library);
void __cxa_finalize(void *library);

/* What code passes as the library that it belongs to: its address only. */
extern void *__dso_handle;
__attribute__((weak, visibility("hidden"))) void *__dso_handle = NULL;

int __cxa_atexit(void (*run)(void *object), void *object, void *library)
{
    struct destructor *destructor = malloc(sizeof *destructor);

    (void)library;
    if (!destructor)
        return -1;
    *destructor = (struct destructor){.run = run, .object = object};
    pthread_mutex_lock(&lock);
    destructor->next = latest;
    __atomic_store_n(&latest, destructor, __ATOMIC_RELEASE); /* one store: whoever dies here leaves a sound list */
    pthread_mutex_unlock(&lock);
    return 0;
}

static void call_plain(void *function)
{
    ((void (*)(void))function)();
}

int atexit(void (*function)(void))
{
    return __cxa_atexit(call_plain, (void *)function, NULL);
}

static struct destructor *take_latest(void)
{
    struct destructor *taken;

    pthread_mutex_lock(&lock);
    taken = latest;
    if (taken)
        __atomic_store_n(&latest, taken->next, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&lock);
    return taken;
}

/* A destructor may register others: they are run, too. */
__attribute__((destructor)) static void run_destructors(void)
{
    for (struct destructor *taken = take_latest(); taken; taken = take_latest()) {
        void (*run)(void *object) = taken->run;
        void *object = taken->object;

        free(taken);
        run(object);
    }
}

/* All of a segment is one library: its destructors run when the host stops. */
void __cxa_finalize(void *library)
{
    if (!library)
        run_destructors();
}
