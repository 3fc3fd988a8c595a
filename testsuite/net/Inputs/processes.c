/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A client of ledger at another node: its children, its threads, its signal handlers, each with channels of their own. */
#include "ledger.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 8
#define CALLS   50

static uint64_t next_id;
static long in_handler;

static long add(void)
{
    long place = ledger_add(__atomic_add_fetch(&next_id, 1, __ATOMIC_RELAXED), 1);
    if (place < 0)
        fprintf(stderr, "processes: ledger_add: %s\n", strerror(errno));
    return place;
}

static void *work(void *nothing)
{
    for (int i = 0; i < CALLS; i++)
        if (add() < 0)
            return "failed";
    return nothing;
}

static void handle(int number)
{
    int error = errno;
    (void)number;
    in_handler = ledger_peek(1);
    errno = error;
}

static void *interrupt(void *who)
{
    usleep(100000);
    pthread_kill(*(pthread_t *)who, SIGUSR1);
    return NULL;
}

static void fork_one(const char *title)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        next_id += 1000000;
        printf("%s: %s\n", title, add() > 0 ? "a child's call is answered" : "failed");
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

int main(void)
{
    pthread_t thread[THREADS], self = pthread_self();
    void *failed = NULL, *one;
    fork_one("before the first call");
    printf("first: %ld\n", add() > 0 ? 1L : 0L);
    fork_one("after it");
    printf("the parent's: %s\n", add() > 0 ? "answered" : "failed");
    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, work, NULL);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], &one);
        failed = failed ? failed : one;
    }
    printf("%d threads: %s\n", THREADS, failed ? "failed" : "all answered");
    signal(SIGUSR1, handle);
    pthread_create(&thread[0], NULL, interrupt, &self);
    long slow = ledger_add_slowly(next_id += 2000000, 1, 300);
    pthread_join(thread[0], NULL);
    printf("a signal in the middle of a call: %s; its handler's call: %s\n", slow > 0 ? "answered" : strerror(errno),
           in_handler > 0 ? "answered" : "not answered");
    return 0;
}
