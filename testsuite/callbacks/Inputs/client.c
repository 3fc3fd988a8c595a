/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What a program does with its functions called by a service: as its argument says. */
#include "cb.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int visit(void *user, int i, const char *name)
{
    int *seen = user;
    *seen += 1;
    return name[5] == '0' + i % 10 ? i : -1000;
}

static int compare(const int *a, const int *b)
{
    return (*a > *b) - (*a < *b);
}

static double scaled(double x, float scale, long a, long b, long c, long d, long e, long g)
{
    return a + b + c + d + e + g == 21 ? x * scale : -1e9;
}

static int more(void *user, char *to, int room)
{
    int *left = user, n = *left < room ? *left : room;
    memset(to, 1, (size_t)n);
    *left -= n;
    return n;
}

static int take(const struct cb_pair *pairs, int n, const char **names)
{
    int right = n == 2 && pairs[0].left == 1 && pairs[1].left == 2 && strcmp(pairs[0].name, "one") == 0 &&
                strcmp(pairs[1].name, "two") == 0 && strcmp(names[0], "eins") == 0 && strcmp(names[1], "zwei") == 0;
    return right ? 7 : -7;
}

static int later(void *user, int i)
{
    return *(int *)user + i;
}

static void plain(void)
{
    int seen = 0, list[] = {5, 3, 9, 1}, left = 2500;
    printf("each %d", cb_each(12, visit, &seen));
    printf(", seen %d\n", seen);
    cb_sort(list, 4, compare);
    printf("sort %d %d %d %d\n", list[0], list[1], list[2], list[3]);
    printf("sum %g\n", cb_sum(scaled, 4));
    printf("pull %ld\n", cb_pull(more, &left));
    printf("pairs %d\n", cb_pairs(take));
}

static void kept(void)
{
    int base = 40;
    printf("keep %d", cb_keep(later, &base));
    printf(", fire %d", cb_fire(2));
    printf(", elsewhere %d", cb_fire_elsewhere(2));
    printf(", without %d", cb_keep(NULL, NULL));
    printf(" %d\n", cb_fire(2));
}

static int deeper(struct cb_session *s, int depth)
{
    return depth == 0 ? 0 : cb_with(s, deeper, depth - 1);
}

static int outer_locked(void *user);

static int inner_locked(void *user)
{
    return *(int *)user;
}

static int outer_locked(void *user)
{
    return cb_locked(inner_locked, user) + 1;
}

static void recursion(void)
{
    int value = 5;
    struct cb_session *s = cb_open();
    printf("with %d\n", cb_with(s, deeper, 20));
    printf("close %d\n", cb_close(s));
    printf("locked %d\n", cb_locked(outer_locked, &value));
    errno = 0;
    s = cb_open();
    int result = cb_with(s, deeper, 100);
    printf("too deep %d, %s\n", result, strerror(errno));
    printf("still %d\n", cb_with(s, deeper, 3));
}

static jmp_buf away;

static int jump(void *user)
{
    (void)user;
    longjmp(away, 1);
}

static void jumping(void)
{
    int value = 6;
    if (setjmp(away) == 0)
        cb_locked(jump, NULL);
    else
        puts("jumped");
    int n = 0, seen = 0;
    for (int i = 0; i < 20; i++)
        n += cb_each(1, visit, &seen) == 0;
    printf("after %d, seen %d, locked %d\n", n, seen, cb_locked(inner_locked, &value));
}

static int forking(void *user)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        int seen = 0;
        _exit(cb_each(3, visit, &seen) == 3 && seen == 3 ? 9 : 1);
    }
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status) + *(int *)user;
}

static void *thread(void *user)
{
    int seen = 0, list[50];
    for (int i = 0; i < 50; i++)
        list[i] = (i * 37) % 50;
    long sum = cb_each(50, visit, &seen);
    cb_sort(list, 50, compare);
    for (int i = 0; i < 50; i++)
        sum += list[i] == i ? 0 : 10000;
    *(long *)user = sum + seen;
    return NULL;
}

static void threads(void)
{
    pthread_t all[8];
    long sum[8], total = 0;
    int value = 1;
    for (int i = 0; i < 8; i++)
        pthread_create(&all[i], NULL, thread, &sum[i]);
    for (int i = 0; i < 8; i++) {
        pthread_join(all[i], NULL);
        total += sum[i];
    }
    printf("threads %ld, fork %d\n", total, cb_locked(forking, &value));
}

static volatile sig_atomic_t in_handler;

static void handler(int number)
{
    int seen = 0;
    (void)number;
    in_handler = cb_each(4, visit, &seen);
}

static int raising(void *user)
{
    (void)user;
    raise(SIGUSR1);
    return 1;
}

static void signals(void)
{
    signal(SIGUSR1, handler);
    printf("raised %d", cb_locked(raising, NULL));
    printf(", handler %d\n", (int)in_handler);
}

int main(int count, char **argument)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } all[] = {{"plain", plain},     {"kept", kept},       {"recursion", recursion},
               {"jumping", jumping}, {"threads", threads}, {"signals", signals}};
    for (size_t i = 0; count > 1 && i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, argument[1]) == 0)
            all[i].run();
    if (count > 1 && strcmp(argument[1], "leave") == 0)
        printf("left %d\n", cb_keep(later, &count));
    if (count > 1 && strcmp(argument[1], "fire") == 0)
        printf("fired %d\n", cb_fire(3));
    return 0;
}
