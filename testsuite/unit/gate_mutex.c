/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Mutexes of segments: shared and robust whatever they were initialised as, and what a dead owner leaves behind. */
#include "runtime/lib/hostfuncs.h"
#include "testsuite/unit/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void *shared_page(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        abort();
    return page;
}

/* What our one atomic store makes of zeros is what glibc makes of the two attributes. */
static void check_layout(int type)
{
    pthread_mutex_t theirs, *ours = shared_page();
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, type);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    memset(&theirs, 0, sizeof theirs);
    CHECK(pthread_mutex_init(&theirs, &attributes) == 0);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_PRIVATE);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_STALLED);
    CHECK(far_host_pthread_mutex_init(ours, &attributes) == 0);
    CHECK(memcmp(&theirs, ours, sizeof theirs) == 0);
    munmap(ours, 4096);
}

static void die_holding(int (*lock)(void *), void *mutex)
{
    pid_t child = fork();
    if (child == 0) {
        lock(mutex);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static int lock_mutex(void *mutex)
{
    return far_host_pthread_mutex_lock(mutex);
}

static void check_static(void)
{
    pthread_mutex_t *mutex = shared_page(); /* zeros: PTHREAD_MUTEX_INITIALIZER */
    die_holding(lock_mutex, mutex);
    CHECK(far_host_pthread_mutex_lock(mutex) == 0); /* EOWNERDEAD is not for those who never asked */
    CHECK(far_host_pthread_mutex_unlock(mutex) == 0);
    die_holding(lock_mutex, mutex);
    CHECK(far_host_pthread_mutex_trylock(mutex) == 0);
    CHECK(far_host_pthread_mutex_unlock(mutex) == 0);
    CHECK(far_host_pthread_mutex_destroy(mutex) == 0);
    munmap(mutex, 4096);
}

static void check_robust_on_purpose(void)
{
    pthread_mutex_t *mutex = shared_page();
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    CHECK(far_host_pthread_mutex_init(mutex, &attributes) == 0);
    die_holding(lock_mutex, mutex);
    CHECK(far_host_pthread_mutex_lock(mutex) == EOWNERDEAD);
    CHECK(pthread_mutex_consistent(mutex) == 0);
    CHECK(far_host_pthread_mutex_unlock(mutex) == 0);
    CHECK(far_host_pthread_mutex_lock(mutex) == 0);
    CHECK(far_host_pthread_mutex_unlock(mutex) == 0); /* a held one is on the thread's list, and must stay mapped */
    munmap(mutex, 4096);
}

static void check_recursive(void)
{
    static const pthread_mutex_t initial = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
    pthread_mutex_t *mutex = shared_page();
    memcpy(mutex, &initial, sizeof initial);
    CHECK(far_host_pthread_mutex_lock(mutex) == 0 && far_host_pthread_mutex_lock(mutex) == 0);
    CHECK(far_host_pthread_mutex_unlock(mutex) == 0 && far_host_pthread_mutex_unlock(mutex) == 0);
    CHECK(far_host_pthread_mutex_unlock(mutex) == EPERM);
    munmap(mutex, 4096);
}

static void check_segment_lock(void)
{
    void *lock = shared_page();
    CHECK(far_host_far_segment_lock(lock) == 0);
    CHECK(far_host_far_segment_unlock(lock) == 0);
    die_holding(far_host_far_segment_lock, lock);
    CHECK(far_host_far_segment_lock(lock) == EOWNERDEAD); /* locked all the same */
    CHECK(far_host_far_segment_unlock(lock) == 0);
    CHECK(far_host_far_segment_lock(lock) == 0);
    CHECK(far_host_far_segment_unlock(lock) == 0);
    munmap(lock, 4096);
}

#define USERS  4
#define ROUNDS 5000

/* Processes that all use it first at the same time: one conversion, no lost lock. */
static void check_first_use(void)
{
    struct {
        pthread_mutex_t mutex;
        long counter;
    } *shared = shared_page();
    for (int i = 0; i < USERS; i++)
        if (fork() == 0) {
            for (int j = 0; j < ROUNDS; j++) {
                far_host_pthread_mutex_lock(&shared->mutex);
                shared->counter++;
                far_host_pthread_mutex_unlock(&shared->mutex);
            }
            _exit(0);
        }
    while (wait(NULL) > 0)
        ;
    CHECK(shared->counter == USERS * ROUNDS);
    munmap(shared, 4096);
}

static void check_names(void)
{
    CHECK(far_host_function("memcpy") != NULL);
    CHECK(far_host_function("pthread_mutex_lock") == (void *)far_host_pthread_mutex_lock);
    CHECK(far_host_own_function("memcpy") == NULL);
    CHECK(far_host_function("open") == NULL);
    CHECK(far_refused_function("kv", "open") == far_refused_function("kv", "open"));
    CHECK(far_refused_function("kv", "open") != far_refused_function("kv", "read"));
}

int main(void)
{
    check_layout(PTHREAD_MUTEX_NORMAL);
    check_layout(PTHREAD_MUTEX_RECURSIVE);
    check_layout(PTHREAD_MUTEX_ERRORCHECK);
    check_static();
    check_robust_on_purpose();
    check_recursive();
    check_segment_lock();
    check_first_use();
    check_names();
    return check_result();
}
