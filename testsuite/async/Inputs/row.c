/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "row.h"

#include <ctype.h>
#include <errno.h>
#include <farcall/farcall.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROW_MAX 100000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int row[ROW_MAX], count, is_open, gave_up, begun;

static int append(int n)
{
    pthread_mutex_lock(&lock);
    int place = count;
    if (count < ROW_MAX)
        row[count++] = n;
    pthread_mutex_unlock(&lock);
    return place;
}

int row_count(void)
{
    return count;
}

int row_at(int i)
{
    return i >= 0 && i < count ? row[i] : -1;
}

void row_clear(void)
{
    count = 0;
}

void row_open(int open)
{
    __atomic_store_n(&is_open, open, __ATOMIC_SEQ_CST);
}

int row_gave_up(void)
{
    return __atomic_load_n(&gave_up, __ATOMIC_SEQ_CST);
}

int row_begun(void)
{
    return __atomic_load_n(&begun, __ATOMIC_SEQ_CST);
}

int row_put(int n)
{
    if (n >= 0)
        return append(n);
    errno = EDOM;
    return -1;
}

void row_say(int n)
{
    append(n);
}

void row_spell(const char *text)
{
    for (; *text; text++)
        append(*text);
}

int row_wait(int n)
{
    const struct timespec pause = {0, 1000000};
    __atomic_add_fetch(&begun, 1, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&is_open, __ATOMIC_SEQ_CST)) {
        if (far_cancelled()) {
            __atomic_add_fetch(&gave_up, 1, __ATOMIC_SEQ_CST);
            return -1;
        }
        nanosleep(&pause, NULL);
    }
    return row_put(n);
}

int row_hurry(int n)
{
    return row_wait(n);
}

long row_nothing(void)
{
    return 0;
}

double row_mix(int a, double b, long c, float d, int e, int f, int g, int h, double i)
{
    return a + 2 * b + 3 * (double)c + 4 * (double)d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i;
}

int row_copy(void *to, const void *from, size_t n)
{
    memcpy(to, from, n);
    return append((int)n);
}

int row_sum(const struct row_node *list)
{
    int sum = 0;
    for (; list; list = list->next)
        sum += list->value;
    return sum;
}

int row_upper(char **to, const char *from)
{
    *to = strdup(from);
    for (char *at = *to; at && *at; at++)
        *at = (char)toupper((unsigned char)*at);
    return *to ? 0 : -1;
}

void row_free(void *text)
{
    free(text);
}

int row_each(int n, int (*f)(int))
{
    int sum = 0;
    for (int i = 1; i <= n; i++)
        sum += f(i);
    return sum;
}

int row_ask(int (*f)(int))
{
    const struct timespec pause = {0, 1000000};
    time_t begun_at = time(NULL);
    for (int i = 0; time(NULL) < begun_at + 10 && !far_cancelled(); i++) {
        int said = f(i);
        if (said)
            return said;
        nanosleep(&pause, NULL);
    }
    return -2;
}

int row_press(int (*f)(int))
{
    time_t begun_at = time(NULL);
    for (int i = 0; time(NULL) < begun_at + 3; i++) {
        int said = f(i);
        if (said)
            return said;
    }
    return -2;
}

int row_alone(int (*f)(int))
{
    static pthread_mutex_t alone = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&alone);
    int said = f(0);
    pthread_mutex_unlock(&alone);
    return said;
}

struct row_shelf {
    int n;
};

struct row_shelf *row_shelf_new(int n)
{
    struct row_shelf *shelf = malloc(sizeof *shelf);
    if (shelf)
        shelf->n = n;
    return shelf;
}

int row_shelf_free(struct row_shelf *shelf)
{
    int n = shelf->n;
    free(shelf);
    return n;
}

static jmp_buf elsewhere;

int row_jump(void)
{
    if (setjmp(elsewhere) == 0)
        append(0);
    memset(&elsewhere, 0, sizeof elsewhere);
    longjmp(elsewhere, 1);
}

int row_end_thread(void)
{
    append(-1);
    pthread_exit(NULL);
}

int row_die(void)
{
    append(-2);
    abort();
}
