/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* client WHAT: what is called without waiting, by a branch or through a gate. */
#include "later_promises.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MANY 8

static void wait_until(int (*condition)(void), int least)
{
    for (int tries = 0; condition() < least && tries < 2000; tries++)
        usleep(5000);
}

static void short_pause(void)
{
    usleep(2000);
}

/* --- results of all kinds --- */

static int twice(int n)
{
    return 2 * n;
}

static void results(void)
{
    long sum = 0;
    double mean = 0;
    int filled = 0, total = 0, each = 0, error = 0;
    char bytes[8] = "";
    struct later_node last = {3, NULL}, first = {4, &last};
    later_open(1);
    far_promise *a = later_add_async(1, 2, 3, 4, 5, 6, 7, 8);
    far_promise *b = later_mean_async(1, 2);
    far_promise *c = later_fill_async(bytes, 7, 'x');
    far_promise *d = later_sum_async(&first);
    far_promise *e = later_each_async(3, twice);
    far_promise *f = later_nothing_async();
    far_promise *g = later_error_async(ENOSPC);
    errno = 0;
    int claimed = far_claim(g, &error);
    printf("error %d %d %s\n", claimed, error, strerror(errno));
    printf("nothing %d, value %d\n", far_claim(f, NULL), later_get());
    printf("each %d", far_claim(e, &each));
    printf(" %d\n", each);
    printf("sum %d", far_claim(d, &total));
    printf(" %d\n", total);
    printf("fill %d", far_claim(c, &filled));
    printf(" %d %s\n", filled, bytes);
    printf("mean %d", far_claim(b, &mean));
    printf(" %.2f\n", mean);
    printf("add %d", far_claim(a, &sum));
    printf(" %ld\n", sum);
    errno = 0;
    printf("again %d %s\n", far_claim(a, &sum), strerror(errno));
}

/* --- several at once --- */

static void many(void)
{
    far_promise *promise[MANY];
    int result = 0, sum = 0, ready = 0;
    later_open(0);
    for (int i = 0; i < MANY; i++)
        promise[i] = later_wait_async(i + 1);
    wait_until(later_most, MANY);
    for (int i = 0; i < MANY; i++)
        ready += far_ready(promise[i]);
    errno = 0;
    int none = far_wait(promise, MANY, 20);
    printf("most %d, ready %d, wait %d %s\n", later_most(), ready, none, strerror(errno));
    later_open(1);
    for (int left = MANY; left; left--) {
        int i = far_wait(promise, MANY, -1);
        if (i < 0 || far_claim(promise[i], &result) != 0 || result != i + 1)
            printf("wrong: %d, %d\n", i, result);
        sum += result;
        promise[i] = NULL;
    }
    printf("sum %d\n", sum);
}

/* As many as there can be, and one more. */
static void limit(void)
{
    far_promise *promise[65];
    int count = 0;
    later_open(0);
    while (count < 65 && (promise[count] = later_wait_async(count)))
        count++;
    printf("limit %d %s\n", count, strerror(errno));
    later_open(1);
    for (int i = 0; i < count; i++)
        far_claim(promise[i], NULL);
    printf("again %d\n", later_wait_async(0) != NULL);
}

/* Another thread claims what one has sent that has ended. */
static void *send_one(void *unused)
{
    (void)unused;
    return later_wait_async(17);
}

static void threads(void)
{
    void *promise;
    pthread_t thread;
    int result = 0;
    later_open(0);
    pthread_create(&thread, NULL, send_one, NULL);
    pthread_join(thread, &promise);
    later_open(1);
    int claimed = far_claim(promise, &result);
    printf("threads %d %d\n", claimed, result);
}

/* --- giving up --- */

static void cancel(void)
{
    char bytes[8] = "before";
    later_open(0);
    far_promise *fill = later_fill_async(bytes, 7, 'x');
    wait_until(later_begun, 1);
    int cancelled = far_cancel(fill);
    wait_until(later_gave_up, 1);
    printf("cancel %d, gave up %d, %s\n", cancelled, later_gave_up(), bytes);
    int result = 0;
    later_open(1);
    far_promise *next = later_wait_async(5);
    int claimed = far_claim(next, &result);
    printf("next %d %d\n", claimed, result);
    printf("no promise %d\n", far_cancel(NULL));
}

static void deadline(void)
{
    int result = 0;
    later_open(0);
    errno = 0;
    far_promise *soon = later_soon_async(3);
    int claimed = far_claim(soon, &result);
    printf("async %d %d %s\n", claimed, result, strerror(errno));
    wait_until(later_gave_up, 1);
    errno = 0;
    int now = later_now(4);
    printf("sync %d %s\n", now, strerror(errno));
    wait_until(later_gave_up, 2);
    printf("gave up %d\n", later_gave_up());
    soon = later_soon_async(6);
    wait_until(later_gave_up, 3); /* nobody waits for it: the service knows the deadline itself */
    printf("unclaimed %d, gave up %d\n", far_wait(&soon, 1, 5000), later_gave_up());
    far_claim(soon, NULL);
    later_open(1);
    printf("then %d\n", later_now(7));
}

static void died(void)
{
    int result = 0;
    later_open(0);
    far_promise *promise = later_wait_async(1);
    wait_until(later_begun, 1);
    printf("ready %d\n", far_ready(promise));
    fflush(stdout);
    fclose(fopen("begun", "w"));
    int waited = far_wait(&promise, 1, 20000);
    int claimed = far_claim(promise, &result);
    printf("died %d %d %d %s\n", waited, claimed, result, strerror(errno));
}

static void wait_for_file(const char *name)
{
    for (int tries = 0; access(name, F_OK) != 0 && tries < 4000; tries++)
        usleep(5000);
}

static void *open_soon(void *unused);

/* What is under way when the service becomes another version is answered; what was left to it is served. */
static void upgraded(void)
{
    pthread_t thread;
    int result = 0;
    later_open(0);
    far_promise *promise = later_wait_async(5);
    wait_until(later_begun, 1);
    later_hint(7);
    fclose(fopen("begun", "w"));
    wait_for_file("upgraded");
    pthread_create(&thread, NULL, open_soon, NULL);
    printf("get %d\n", later_get());
    int claimed = far_claim(promise, &result);
    printf("upgraded %d %d\n", claimed, result);
    promise = later_wait_async(6);
    claimed = far_claim(promise, &result);
    printf("then %d %d\n", claimed, result);
    pthread_join(thread, NULL);
}

static char *page;

/* In the middle of the call's parameters being copied: what it is to be sent to becomes another meanwhile. */
static void give_page(int signal)
{
    (void)signal;
    fclose(fopen("begun", "w"));
    wait_for_file("upgraded");
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
    page[0] = page[1] = page[2] = 2;
}

static void moved(void)
{
    struct sigaction action = {.sa_handler = give_page};
    later_open(1);
    page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaction(SIGSEGV, &action, NULL);
    later_note("four", page, 3); /* the host that it is handed to has left */
    printf("noted %ld\n", later_noted());
}

static void forked(void)
{
    int result = 0, status = 0;
    later_open(0);
    far_promise *promise = later_wait_async(9);
    fflush(stdout);
    pid_t child = fork();
    if (!child) {
        int mine = 0;
        int claimed = far_claim(promise, &mine);
        printf("child %d %s", claimed, strerror(errno));
        later_open(1);
        far_promise *own = later_wait_async(8);
        claimed = far_claim(own, &mine);
        printf(", own %d %d\n", claimed, mine);
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, &status, 0);
    int claimed = far_claim(promise, &result);
    printf("parent %d %d, child ended %d\n", claimed, result, status);
}

/* --- one way --- */

static void *open_soon(void *unused)
{
    (void)unused;
    short_pause();
    later_open(1);
    return NULL;
}

static void oneway(void)
{
    pthread_t thread;
    unsigned char bytes[3] = {1, 2, 3};
    later_open(0);
    later_hint(11); /* does not wait for the gate */
    printf("left\n");
    pthread_create(&thread, NULL, open_soon, NULL);
    printf("get %d\n", later_get()); /* waits until it was served */
    pthread_join(thread, NULL);
    later_open(0);
    later_note("four", bytes, sizeof bytes);
    bytes[0] = 100; /* the call has its own */
    pthread_create(&thread, NULL, open_soon, NULL);
    printf("noted %ld\n", later_noted());
    pthread_join(thread, NULL);
    for (int i = 0; i < 1000; i++)
        later_hint(i);
    printf("last %d\n", later_get());
    later_open(0);
    later_hint(12);
    errno = 0;
    int now = later_now(1); /* its deadline holds for the wait, too */
    printf("deadline %d %s\n", now, strerror(errno));
    pthread_create(&thread, NULL, open_soon, NULL);
    printf("then %d\n", later_get());
    pthread_join(thread, NULL);
}

/* The last that a process does. */
static void leave(void)
{
    later_open(1);
    later_set(1);
    later_hint(42);
    exit(0);
}

static void *leave_thread(void *unused)
{
    (void)unused;
    later_hint(43);
    return NULL;
}

static void thread_leaves(void)
{
    pthread_t thread;
    later_open(1);
    pthread_create(&thread, NULL, leave_thread, NULL);
    pthread_join(thread, NULL);
    printf("get %d\n", later_get());
}

static void get(void)
{
    printf("get %d\n", later_get());
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } parts[] = {{"results", results},   {"many", many},   {"limit", limit},   {"threads", threads},
                 {"cancel", cancel},     {"died", died},   {"forked", forked}, {"deadline", deadline},
                 {"oneway", oneway},     {"leave", leave}, {"get", get},       {"thread-leaves", thread_leaves},
                 {"upgraded", upgraded}, {"moved", moved}};
    for (size_t i = 0; argc == 2 && i < sizeof parts / sizeof *parts; i++)
        if (strcmp(argv[1], parts[i].name) == 0) {
            parts[i].run();
            return 0;
        }
    return 64;
}
