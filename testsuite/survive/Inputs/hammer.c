/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * usage: hammer SECONDS SEED: calls of ledger without a pause, from two threads, and at the end how many there were. No call
 * may take longer than LIMIT_MS; one that does ends the program.
 */
#include "ledger.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_MS 35000
#define THREADS  2

struct shift {
    unsigned seed;
    long until;
    long started; /* of the call that is under way; 0: none */
    long done, failed, wrong, moved, slowest;
};
static struct shift shift[THREADS];

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static unsigned next(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static int is_no_move(unsigned number)
{
    return number % LEDGER_ACCOUNTS == number / LEDGER_ACCOUNTS % LEDGER_ACCOUNTS;
}

/* -1 with another errno than that nobody could answer is wrong, and so is a sum that is not right. */
static long call(unsigned choice, unsigned number)
{
    int from = (int)(number % LEDGER_ACCOUNTS), to = (int)(number / LEDGER_ACCOUNTS % LEDGER_ACCOUNTS);
    if (choice < 40)
        return ledger_move(from, to);
    if (choice < 70)
        return ledger_move_there(from, to);
    if (choice < 90)
        return ledger_note((int)(number % 3000));
    if (choice < 97) {
        long sum = ledger_sum();
        return sum < 0 ? sum : sum == LEDGER_ACCOUNTS * LEDGER_OPENING ? 0 : -1000;
    }
    long notes = ledger_check_notes();
    return notes == -2 ? -1001 : notes < 0 ? notes : 0;
}

static void note_wrong(struct shift *at, long result)
{
    at->wrong++;
    fprintf(stderr, "hammer: result %ld, errno %s\n", result, strerrorname_np(errno));
}

static void *work(void *argument)
{
    struct shift *at = argument;
    while (now_ms() < at->until) {
        unsigned choice = next(&at->seed) % 100, number = next(&at->seed);
        errno = 0;
        __atomic_store_n(&at->started, now_ms(), __ATOMIC_RELAXED);
        long result = call(choice, number), took = now_ms() - at->started;
        __atomic_store_n(&at->started, 0, __ATOMIC_RELAXED);
        at->slowest = took > at->slowest ? took : at->slowest;
        at->moved += result >= 0 && choice < 70 && !is_no_move(number);
        if (result >= 0)
            at->done++;
        else if (result == -1 && (errno == EHOSTDOWN || errno == ETIMEDOUT || errno == ENOTCONN))
            at->failed++;
        else
            note_wrong(at, result);
    }
    return NULL;
}

/* Is a call under way for too long? */
static void watch(long until)
{
    for (int busy = 1; busy || now_ms() < until;) {
        struct timespec pause = {0, 100000000};
        nanosleep(&pause, NULL);
        busy = 0;
        for (int i = 0; i < THREADS; i++) {
            long started = __atomic_load_n(&shift[i].started, __ATOMIC_RELAXED);
            busy |= started != 0;
            if (started && now_ms() - started > LIMIT_MS) {
                printf("hung\n");
                fflush(stdout);
                _exit(3);
            }
        }
    }
}

int main(int argc, char **argv)
{
    pthread_t thread[THREADS];
    long until = now_ms() + (argc > 1 ? atol(argv[1]) : 1) * 1000, done = 0, failed = 0, wrong = 0, moved = 0,
         slowest = 0;
    for (int i = 0; i < THREADS; i++) {
        shift[i] =
            (struct shift){.seed = (unsigned)(argc > 2 ? atol(argv[2]) : 1) * THREADS + (unsigned)i, .until = until};
        if (pthread_create(&thread[i], NULL, work, &shift[i]) != 0)
            return 1;
    }
    watch(until);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        done += shift[i].done;
        failed += shift[i].failed;
        wrong += shift[i].wrong;
        moved += shift[i].moved;
        slowest = shift[i].slowest > slowest ? shift[i].slowest : slowest;
    }
    printf("%ld done %ld failed %ld wrong %ld moved %ld slowest\n", done, failed, wrong, moved, slowest);
    return wrong ? 1 : 0;
}
