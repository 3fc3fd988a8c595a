/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * usage: history_client FOLDER CLIENT SECONDS SEED [THREADS [PAUSE_US]]
 *
 * Calls ledger at random, from several threads, with pauses of up to PAUSE_US between calls, and notes each call before it begins and after
 * it has ended (history.h). `history_client FOLDER read` writes what the service has.
 */
#include "history.h"
#include "ledger.h"
#include "ledger_promises.h"

#include <errno.h>
#include <farcall/farcall.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 64
#define TEXT_MAX    200000

struct worker {
    pthread_t thread;
    const char *folder;
    unsigned client, number, pause_us;
    uint64_t random;
    int64_t until;
    uint64_t last_added;
    struct history_call *calls;
    unsigned char *text;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uint32_t chance(struct worker *worker, uint32_t below)
{
    worker->random = worker->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(worker->random >> 33) % below;
}

static void pause_for(unsigned us)
{
    struct timespec time = {us / 1000000, us % 1000000 * 1000L};
    nanosleep(&time, NULL);
}

static struct history_call *map_calls(const char *folder, unsigned client, unsigned thread)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/calls-%u-%u", folder, client, thread);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    size_t size = sizeof(struct history_call) * HISTORY_CALLS_MAX;
    if (file < 0 || ftruncate(file, (off_t)size) != 0)
        return NULL;
    void *calls = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    return calls == MAP_FAILED ? NULL : calls;
}

static long amount_asked(void *user, uint64_t id)
{
    struct history_call *call = user;
    call->asked++;
    call->wrong |= call->id != id;
    return call->amount;
}

static long call_promised(const struct history_call *call)
{
    long result = 0;
    far_promise *promise = ledger_add_async(call->id, call->amount);
    if (!promise)
        return -1;
    int error = far_claim(promise, &result);
    return error ? -1 : result;
}

static long call_with_text(struct worker *worker, struct history_call *call)
{
    struct ledger_receipt receipt = {0, 0};
    size_t size = (size_t)call->amount;
    for (size_t i = 0; i < size; i++)
        worker->text[i] = ledger_byte(call->id, i);
    long result = ledger_add_text(call->id, worker->text, size, &receipt);
    if (result > 0)
        call->wrong |= receipt.id != call->id || receipt.place != result;
    return result;
}

static long make_call(struct worker *worker, struct history_call *call)
{
    switch ((enum history_operation)call->operation) {
    case HISTORY_ADD:
        return ledger_add(call->id, call->amount);
    case HISTORY_PROMISE:
        return call_promised(call);
    case HISTORY_TEXT:
        return call_with_text(worker, call);
    case HISTORY_SLOWLY:
        return ledger_add_slowly(call->id, call->amount, (int)(call->amount % (LEDGER_DEADLINE_MS * 3 / 2)));
    case HISTORY_ASKING:
        return ledger_add_asking(call->id, amount_asked, call);
    case HISTORY_UNANSWERED:
        ledger_add_unanswered(call->id, call->amount);
        return errno ? -1 : 0;
    default:
        return ledger_peek(call->id);
    }
}

static enum history_operation choose(struct worker *worker)
{
    static const unsigned char weight[HISTORY_OPERATION_COUNT] = {
        [HISTORY_ADD] = 40,   [HISTORY_PROMISE] = 10,   [HISTORY_TEXT] = 20, [HISTORY_SLOWLY] = 2,
        [HISTORY_ASKING] = 8, [HISTORY_UNANSWERED] = 5, [HISTORY_PEEK] = 15};
    unsigned at = chance(worker, 100);
    for (int i = 1; i < HISTORY_OPERATION_COUNT; i++) {
        if (at < weight[i])
            return (enum history_operation)i;
        at -= weight[i];
    }
    return HISTORY_ADD;
}

static int64_t choose_amount(struct worker *worker, enum history_operation operation)
{
    if (operation != HISTORY_TEXT)
        return 1 + chance(worker, 1000000);
    return chance(worker, 10) ? chance(worker, 300) : chance(worker, TEXT_MAX);
}

static void note(struct history_call *call, struct worker *worker, uint64_t id)
{
    enum history_operation operation = choose(worker);
    *call = (struct history_call){.id = id, .operation = operation, .amount = choose_amount(worker, operation)};
    if (operation == HISTORY_PEEK)
        call->id = worker->last_added;
    call->begun = now_ns();
    __atomic_store_n(&call->state, HISTORY_BEGUN, __ATOMIC_RELEASE);
}

static void run_one(struct worker *worker, struct history_call *call, uint64_t id)
{
    note(call, worker, id);
    errno = 0;
    long result = make_call(worker, call);
    int error = errno;
    call->ended = now_ns();
    call->result = result;
    call->error = error;
    __atomic_store_n(&call->state, result < 0 ? HISTORY_FAILED : HISTORY_ANSWERED, __ATOMIC_RELEASE);
    if (result > 0 && call->operation != HISTORY_PEEK)
        worker->last_added = call->id;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    uint64_t base = ((uint64_t)worker->client << 40) | ((uint64_t)worker->number << 32);
    for (uint32_t i = 0; i < HISTORY_CALLS_MAX - 1; i++) {
        if (now_ns() >= worker->until) {
            worker->calls[i].operation = HISTORY_END;
            break;
        }
        run_one(worker, &worker->calls[i], base + i + 1);
        if (worker->pause_us)
            pause_for(chance(worker, worker->pause_us));
    }
    worker->calls[HISTORY_CALLS_MAX - 1].operation = HISTORY_END;
    return NULL;
}

static int read_service(const char *folder)
{
    enum { MOST = 1000 };
    static struct ledger_entry entries[MOST];
    char path[4096];
    long place = 1;
    snprintf(path, sizeof path, "%s/executed", folder);
    FILE *out = fopen(path, "w");
    if (!out)
        return 1;
    for (long got; (got = ledger_read(place, entries, MOST)) != 0; place += got) {
        if (got < 0) {
            fprintf(stderr, "history_client: reading the service: %s\n", strerror(errno));
            return 1;
        }
        for (long i = 0; i < got; i++) {
            struct executed done = {entries[i].id, entries[i].amount, place + i};
            if (entries[i].done && fwrite(&done, sizeof done, 1, out) != 1)
                return 1;
        }
    }
    printf("openings: %ld\n", ledger_openings());
    return fclose(out) != 0;
}

/* What could not even be sent: errno says so, and the call is noted as one that failed. */
static void go_on(const struct far_failure *failure)
{
    (void)failure;
}

static long number_of(int argc, char **argv, int index, long otherwise)
{
    return argc > index ? atol(argv[index]) : otherwise;
}

int main(int argc, char **argv)
{
    static struct worker worker[THREADS_MAX];
    if (argc == 3 && strcmp(argv[2], "read") == 0)
        return read_service(argv[1]);
    if (argc < 5)
        return 64;
    far_set_failure_handler(go_on);
    unsigned client = (unsigned)atol(argv[2]), threads = (unsigned)number_of(argc, argv, 5, 2);
    if (threads < 1 || threads > THREADS_MAX)
        return 64;
    int64_t until = now_ns() + (int64_t)(atof(argv[3]) * 1e9);
    for (unsigned i = 0; i < threads; i++) {
        worker[i] = (struct worker){.folder = argv[1],
                                    .client = client,
                                    .number = i,
                                    .until = until,
                                    .pause_us = (unsigned)number_of(argc, argv, 6, 1000),
                                    .random = (uint64_t)atol(argv[4]) * 1000 + client * 64 + i};
        worker[i].calls = map_calls(argv[1], client, i);
        worker[i].text = malloc(TEXT_MAX);
        if (!worker[i].calls || !worker[i].text || pthread_create(&worker[i].thread, NULL, work, &worker[i]) != 0) {
            fprintf(stderr, "history_client: thread %u cannot begin: %s\n", i, strerror(errno));
            return 71;
        }
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(worker[i].thread, NULL);
        free(worker[i].text);
    }
    return 0;
}
