/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* usage: wild-callbacks WHAT. Functions that the service calls leave in other ways than by returning, or not alone. */
#include "testsuite/callbacks/Inputs/cb.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int one(void *user, int i, const char *name)
{
    (void)user, (void)i, (void)name;
    return 1;
}

static int three(void *user)
{
    (void)user;
    return 3;
}

/* --- jumps --- */

static jmp_buf outside, inside;

static int jump_inside(void *user, int i, const char *name)
{
    (void)user, (void)name;
    if (i == 1)
        longjmp(inside, 1);
    return 5;
}

/* A call left by a jump, within a function that then returns: its answer is its own call's. */
static int leaves_one(void *again)
{
    int seen = 0;
    if (setjmp(inside) == 0)
        cb_each(3, jump_inside, &seen);
    return 100 + (again ? cb_each(4, one, &seen) : 0);
}

static int jump_outside(struct cb_session *s, int depth)
{
    (void)s, (void)depth;
    longjmp(outside, 1);
}

static int jump_from_compare(const int *a, const int *b)
{
    (void)a, (void)b;
    longjmp(outside, 1);
}

/* Deeper on the stack than the call that was left. */
__attribute__((noinline)) static int close_deeper(struct cb_session *s)
{
    char room[8000];
    memset(room, 1, sizeof room);
    int result = cb_close(s);
    __asm__ volatile("" ::"r"(room) : "memory");
    return result;
}

static long mapped_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;
    if (!file || fscanf(file, "%ld", &pages) != 1)
        exit(2);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void jumping(void)
{
    static struct cb_session *s;
    int list[] = {3, 2, 1};
    static long before;
    printf("nested %d", cb_locked(leaves_one, NULL));
    printf(" %d", cb_locked(leaves_one, &s));
    printf(", then %d\n", cb_locked(three, NULL));
    s = cb_open();
    if (setjmp(outside) == 0)
        cb_with(s, jump_outside, 1);
    else
        printf("close %d\n", close_deeper(s));
    for (volatile int i = 0; i < 100; i++) {
        before = i == 20 ? mapped_kib() : before;
        if (setjmp(outside) == 0)
            cb_sort(list, 3, jump_from_compare);
    }
    printf("grows %s\n", mapped_kib() < before + 2048 ? "not" : "with each jump");
}

/* --- signals --- */

static volatile sig_atomic_t handled, failed;

static void handle(int number)
{
    int saved = errno, seen = 0;
    (void)number;
    failed |= cb_each(3, one, &seen) != 3;
    handled = 1;
    errno = saved;
}

/* Calls under way, of which signals' handlers know nothing. */
static int many_calls(void *user)
{
    int seen = 0, wrong = 0;
    (void)user;
    for (int i = 0; !handled || i < 200; i++)
        wrong += cb_each(20, one, &seen) != 20;
    return wrong;
}

static void signalled(void)
{
    struct sigaction action = {.sa_handler = handle};
    struct itimerval often = {{0, 5000}, {0, 5000}}, never = {0};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    int wrong = cb_locked(many_calls, NULL);
    setitimer(ITIMER_REAL, &never, NULL);
    printf("wrong %d, in handlers %d\n", wrong, (int)failed);
}

/* --- processes and threads --- */

/* The child writes what it gives before its parent does, or after: the service has the parent's. */
static int give_and_fork(void *user, char *to, int room)
{
    int *times = user, ready[2];
    (void)room;
    if ((*times)++ || pipe(ready) != 0)
        return 0;
    if (fork() == 0) {
        memset(to, 9, 10);
        close(ready[0]);
        return 10; /* ready[1] is closed when this child has ended */
    }
    close(ready[1]);
    memset(to, 1, 10);
    char end;
    return read(ready[0], &end, 1) == 0 ? 10 : -1;
}

static void forking(void)
{
    int times = 0;
    pid_t parent = getpid();
    long total = cb_pull(give_and_fork, &times);
    if (getpid() != parent)
        _exit(total != -1);
    int status;
    wait(&status);
    printf("parent %ld, child %s\n", total, status == 0 ? "failed" : "did not fail");
}

static int end_thread(void *user)
{
    (void)user;
    pthread_exit(NULL);
}

static void *call_and_end(void *user)
{
    cb_locked(end_thread, user);
    return call_and_end;
}

static int later(void *user, int i)
{
    return *(int *)user + i;
}

static void *keep(void *user)
{
    cb_keep(later, user);
    return NULL;
}

/* Who gave the function has no channel any more when another client comes. */
static void kept(const char *other)
{
    int base = 40;
    pthread_t thread;
    pthread_create(&thread, NULL, keep, &base);
    pthread_join(thread, NULL);
    for (int i = 0; i < 5; i++)
        if (system(other) != 0)
            exit(2);
    printf("fire %d\n", cb_fire(2));
}

static void ending(void)
{
    void *result;
    pthread_t thread;
    for (int i = 0; i < 10; i++) {
        pthread_create(&thread, NULL, call_and_end, NULL);
        pthread_join(thread, &result);
        if (result)
            puts("came back");
    }
    printf("locked %d\n", cb_locked(three, NULL));
}

int main(int count, char **argument)
{
    const char *what = count > 1 ? argument[1] : "";
    if (strcmp(what, "jumping") == 0)
        jumping();
    if (strcmp(what, "signalled") == 0)
        signalled();
    if (strcmp(what, "forking") == 0)
        forking();
    if (strcmp(what, "ending") == 0)
        ending();
    if (strcmp(what, "kept") == 0)
        kept(argument[2]);
    return 0;
}
