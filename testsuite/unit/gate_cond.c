/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Condition variables of segments: zeros are one, processes share them, and a waiter that is killed leaves nothing. */
#include "runtime/lib/hostfuncs.h"
#include "testsuite/unit/check.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct shared {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    int waiting, go;
};

static struct shared *shared_page(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        abort();
    return page;
}

static pid_t start_waiter(struct shared *shared)
{
    pid_t child = fork();
    if (child)
        return child;
    far_host_pthread_mutex_lock(&shared->mutex);
    shared->waiting++;
    while (!shared->go)
        far_host_pthread_cond_wait(&shared->condition, &shared->mutex);
    far_host_pthread_mutex_unlock(&shared->mutex);
    _exit(0);
}

/* Whoever holds the mutex and sees the count knows that the waiters have let go of it: they wait. */
static void until_waiting(struct shared *shared, int count)
{
    for (;;) {
        far_host_pthread_mutex_lock(&shared->mutex);
        int waiting = shared->waiting;
        far_host_pthread_mutex_unlock(&shared->mutex);
        if (waiting == count)
            return;
        usleep(1000);
    }
}

static int status_of(pid_t child)
{
    int status;
    waitpid(child, &status, 0);
    return status;
}

static void check_signal_reaches_the_living(void)
{
    struct shared *shared = shared_page();
    pid_t dies = start_waiter(shared);
    until_waiting(shared, 1);
    pid_t lives = start_waiter(shared);
    until_waiting(shared, 2);
    kill(dies, SIGKILL);
    CHECK(WIFSIGNALED(status_of(dies)));
    far_host_pthread_mutex_lock(&shared->mutex);
    shared->go = 1;
    CHECK(far_host_pthread_cond_signal(&shared->condition) == 0); /* one, and the first in line is dead */
    far_host_pthread_mutex_unlock(&shared->mutex);
    CHECK(status_of(lives) == 0);
    CHECK(far_host_pthread_cond_destroy(&shared->condition) == 0); /* glibc's would wait for the dead one */
    munmap(shared, 4096);
}

static void check_time(const pthread_condattr_t *attributes, clockid_t clock)
{
    struct shared *shared = shared_page();
    struct timespec now, past = {.tv_sec = -1}, wrong = {.tv_nsec = 1000000000};
    CHECK(far_host_pthread_cond_init(&shared->condition, attributes) == 0);
    far_host_pthread_mutex_lock(&shared->mutex);
    clock_gettime(clock, &now);
    CHECK(far_host_pthread_cond_timedwait(&shared->condition, &shared->mutex, &now) == ETIMEDOUT);
    CHECK(far_host_pthread_cond_timedwait(&shared->condition, &shared->mutex, &past) == ETIMEDOUT);
    CHECK(far_host_pthread_cond_timedwait(&shared->condition, &shared->mutex, &wrong) == EINVAL);
    CHECK(far_host_pthread_cond_clockwait(&shared->condition, &shared->mutex, clock, &now) == ETIMEDOUT);
    CHECK(far_host_pthread_cond_clockwait(&shared->condition, &shared->mutex, CLOCK_THREAD_CPUTIME_ID, &now) == EINVAL);
    CHECK(far_host_pthread_mutex_unlock(&shared->mutex) == 0); /* it is ours again after each of them */
    munmap(shared, 4096);
}

int main(void)
{
    pthread_condattr_t attributes;
    alarm(60);
    check_signal_reaches_the_living();
    check_time(NULL, CLOCK_REALTIME);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    check_time(&attributes, CLOCK_MONOTONIC);
    return check_result();
}
