/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What dies in the middle of a move leaves the word `under_way` behind, and whoever has the lock next undoes it: the one
 * thing that a service has to do itself, since nobody else knows what its data means.
 */
#include "ledger.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct note {
    struct note *next;
    int bytes;
    unsigned char mark;
    unsigned char text[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static long account[LEDGER_ACCOUNTS];
static long moves;
static int openings;
static struct {
    int from, to;
    long before_from, before_to;
    int active;
} under_way;
static struct note *first, **end = &first;
static int notes;
static int once_stays, once_runs, let_go;

__attribute__((constructor)) static void open_accounts(void)
{
    openings++;
    for (int i = 0; i < LEDGER_ACCOUNTS; i++)
        account[i] = LEDGER_OPENING;
}

/* A list that somebody died in the middle of changing: cut it where it can be believed, and find its end. */
static void mend(void)
{
    if (__atomic_load_n(&under_way.active, __ATOMIC_ACQUIRE)) {
        account[under_way.from] = under_way.before_from;
        account[under_way.to] = under_way.before_to;
        __atomic_store_n(&under_way.active, 0, __ATOMIC_RELEASE);
    }
    notes = 0;
    for (end = &first; *end; end = &(*end)->next)
        notes++;
}

static void take_lock(void)
{
    pthread_mutex_lock(&lock);
    mend();
}

static int move(int from, int to)
{
    if (from < 0 || to < 0 || from >= LEDGER_ACCOUNTS || to >= LEDGER_ACCOUNTS || from == to)
        return 0;
    take_lock();
    under_way.from = from;
    under_way.to = to;
    under_way.before_from = account[from];
    under_way.before_to = account[to];
    __atomic_store_n(&under_way.active, 1, __ATOMIC_SEQ_CST);
    ((volatile long *)account)[from]--;
    ((volatile long *)account)[to]++;
    __atomic_store_n(&under_way.active, 0, __ATOMIC_SEQ_CST);
    moves++;
    pthread_mutex_unlock(&lock);
    return 0;
}

int ledger_move(int from, int to)
{
    return move(from, to);
}

int ledger_move_there(int from, int to)
{
    return move(from, to);
}

long ledger_sum(void)
{
    long sum = 0;
    take_lock();
    for (int i = 0; i < LEDGER_ACCOUNTS; i++)
        sum += account[i];
    pthread_mutex_unlock(&lock);
    return sum;
}

static void forget_first(void)
{
    struct note *gone = first;
    __atomic_store_n(&first, gone->next, __ATOMIC_RELEASE);
    free(gone);
}

static int note(int bytes)
{
    if (bytes < 0 || bytes > 65536)
        return -1;
    take_lock();
    while (notes > 200) {
        forget_first();
        notes--;
    }
    if (!first)
        end = &first;
    struct note *made = malloc(sizeof *made + (size_t)bytes);
    if (made) {
        made->next = NULL;
        made->bytes = bytes;
        made->mark = (unsigned char)(bytes * 7);
        memset(made->text, made->mark, (size_t)bytes);
        __atomic_store_n(end, made, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&lock);
    return made ? 0 : -1;
}

int ledger_note(int bytes)
{
    return note(bytes);
}

int ledger_note_there(int bytes)
{
    return note(bytes);
}

int ledger_check_notes(void)
{
    int seen = 0, sound = 1;
    take_lock();
    for (struct note *note = first; note; note = note->next, seen++)
        for (int i = 0; i < note->bytes; i++)
            sound &= note->text[i] == note->mark;
    pthread_mutex_unlock(&lock);
    return sound ? seen : -2;
}

int ledger_openings(void)
{
    return openings;
}

long ledger_moves(void)
{
    return moves;
}

int ledger_wait(int milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    nanosleep(&time, NULL);
    return 0;
}

/* In a client's process there is no system call that a data-shipped operation could wait by. */
static int stay(void)
{
    while (!__atomic_load_n(&let_go, __ATOMIC_RELAXED))
        ;
    return 0;
}

int ledger_seize(void)
{
    take_lock();
    return stay();
}

static void run_once(void)
{
    once_runs++;
    if (once_stays)
        stay();
}

int ledger_once(int stay)
{
    once_stays = stay;
    pthread_once(&once, run_once);
    return once_runs;
}
