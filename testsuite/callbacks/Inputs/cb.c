/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "cb.h"

#include <pthread.h>
#include <stdlib.h>

int cb_each(int n, int (*visit)(void *, int, const char *), void *user)
{
    char name[] = "item 0";
    int sum = 0;
    for (int i = 0; i < n; i++) {
        name[5] = (char)('0' + i % 10);
        sum += visit(user, i, name);
    }
    return sum;
}

int cb_sort(int *list, int n, int (*compare)(const int *, const int *))
{
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && compare(&list[j], &list[j - 1]) < 0; j--) {
            int other = list[j];
            list[j] = list[j - 1];
            list[j - 1] = other;
        }
    return 0;
}

double cb_sum(double (*f)(double, float, long, long, long, long, long, long), double upto)
{
    double sum = 0;
    for (double x = 1; x <= upto; x++)
        sum += f(x, 0.5f, 1, 2, 3, 4, 5, 6);
    return sum;
}

long cb_pull(int (*more)(void *, char *, int), void *user)
{
    char buffer[1000];
    long total = 0;
    for (int got; (got = more(user, buffer, sizeof buffer)) > 0 && got <= (int)sizeof buffer;)
        for (int i = 0; i < got; i++)
            total += buffer[i];
    return total;
}

int cb_pairs(int (*take)(const struct cb_pair *, int, const char **))
{
    struct cb_pair pairs[2] = {{1, "one"}, {2, "two"}};
    const char *names[2] = {"eins", "zwei"};
    return take(pairs, 2, names);
}

static int (*kept)(void *, int);
static void *kept_user;

int cb_keep(int (*later)(void *, int), void *user)
{
    kept = later;
    kept_user = user;
    return 0;
}

int cb_fire(int i)
{
    return kept ? kept(kept_user, i) : -2;
}

static void *elsewhere(void *argument)
{
    int *i = argument;
    *i = cb_fire(*i);
    return NULL;
}

/* Nobody waits for this thread in the client. */
int cb_fire_elsewhere(int i)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, elsewhere, &i) != 0)
        return -3;
    pthread_join(thread, NULL);
    return i;
}

struct cb_session {
    int depth;
};

struct cb_session *cb_open(void)
{
    return calloc(1, sizeof(struct cb_session));
}

int cb_with(struct cb_session *s, int (*f)(struct cb_session *, int), int depth)
{
    s->depth++;
    int result = f(s, depth);
    s->depth--;
    return result < 0 ? result : result + 1;
}

int cb_close(struct cb_session *s)
{
    free(s);
    return 0;
}

/* A lock that belongs to a thread: who comes back from the client must be the same one. */
static pthread_mutex_t lock;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_lock(void)
{
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&lock, &recursive);
}

int cb_locked(int (*f)(void *), void *user)
{
    pthread_once(&once, make_lock);
    pthread_mutex_lock(&lock);
    int result = f(user);
    pthread_mutex_unlock(&lock);
    return result;
}
