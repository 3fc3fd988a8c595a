/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * usage: history FOLDER BOUND_MS DEADLINE_BOUND_MS
 *
 * Proves of the calls that clients have noted and what the service has executed (history.h): each was executed at most once, and none
 * that nobody made; what was answered was executed, at the place and with the amount that the client knows; a call that began after
 * another's answer stands behind it; who asks for a call after its answer is told of it; each ended within its bound, in a result or a stated error.
 * Exit codes: 0 so it is; 1 it is not, with a line for each that is not; 66 a file cannot be read.
 */
#include "history.h"

#include "testsuite/net/Inputs/ledger.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define ERRORS_MAX 200
#define SHOWN_MAX  20 /* violations in full */

struct history {
    const char *folder;
    int64_t bound_ms, deadline_bound_ms;
    struct history_call *calls;
    size_t count, room;
    struct executed *executed; /* in the order of their numbers */
    size_t executed_count;
    uint64_t error[ERRORS_MAX];
    uint64_t answered, failed, unfinished, unasked, violations;
    int64_t slowest_ms;
};

struct operation {
    const char *name;
    bool once, has_deadline;
};
static const struct operation operations[HISTORY_OPERATION_COUNT] = {
#define X(NAME, once, deadline) [HISTORY_##NAME] = {#NAME, once, deadline},
    HISTORY_OPERATIONS(X)
#undef X
};

/* What a call may say instead of a result: it may have been executed once, or not. */
static bool is_stated(int error)
{
    return error == EHOSTDOWN || error == ETIMEDOUT || error == ENOTCONN || error == ECANCELED;
}

__attribute__((format(printf, 3, 4))) static void violation(struct history *history, const struct history_call *call,
                                                            const char *format, ...)
{
    va_list values;
    if (++history->violations > SHOWN_MAX)
        return;
    printf("VIOLATION: ");
    if (call)
        printf("call %" PRIx64 " (%s): ", call->id, operations[call->operation].name);
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    putchar('\n');
}

static void *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "history: %s: %s\n", path, strerror(errno));
        exit(EX_NOINPUT);
    }
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    void *bytes = malloc(*size + 1);
    if (!bytes || fread(bytes, 1, *size, file) != *size) {
        fprintf(stderr, "history: %s: cannot be read\n", path);
        exit(EX_NOINPUT);
    }
    fclose(file);
    return bytes;
}

static bool was_killed(const struct history *history, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/killed-%u", history->folder, (unsigned)strtoul(name + strlen("calls-"), NULL, 10));
    return access(path, F_OK) == 0;
}

static void keep(struct history *history, const struct history_call *call)
{
    if (history->count == history->room) {
        history->room = history->room ? history->room * 2 : 4096;
        history->calls = realloc(history->calls, history->room * sizeof *history->calls);
        if (!history->calls)
            exit(EX_OSERR);
    }
    history->calls[history->count++] = *call;
}

static void read_thread(struct history *history, const char *name)
{
    char path[4096];
    size_t size, at = 0;
    snprintf(path, sizeof path, "%s/%s", history->folder, name);
    struct history_call *calls = read_file(path, &size);
    size /= sizeof *calls;
    for (; at < size && calls[at].operation && calls[at].operation < HISTORY_OPERATION_COUNT && calls[at].state; at++)
        keep(history, &calls[at]);
    bool killed = was_killed(history, name);
    if (at < size && calls[at].operation != HISTORY_END && !killed)
        violation(history, NULL, "%s: the thread has not ended", name);
    if (at && calls[at - 1].state == HISTORY_BEGUN && !killed)
        violation(history, &calls[at - 1], "has no end");
    free(calls);
}

static int by_id(const void *a, const void *b)
{
    const struct executed *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static void read_all(struct history *history)
{
    char path[4096];
    DIR *folder = opendir(history->folder);
    if (!folder) {
        fprintf(stderr, "history: %s: %s\n", history->folder, strerror(errno));
        exit(EX_NOINPUT);
    }
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strncmp(entry->d_name, "calls-", 6) == 0)
            read_thread(history, entry->d_name);
    closedir(folder);
    snprintf(path, sizeof path, "%s/executed", history->folder);
    history->executed = read_file(path, &history->executed_count);
    history->executed_count /= sizeof *history->executed;
    qsort(history->executed, history->executed_count, sizeof *history->executed, by_id);
}

static const struct executed *find(const struct history *history, uint64_t id)
{
    size_t low = 0, high = history->executed_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (history->executed[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < history->executed_count && history->executed[low].id == id ? &history->executed[low] : NULL;
}

static void check_answer(struct history *history, const struct history_call *call, const struct executed *done)
{
    bool has_result = call->operation != HISTORY_UNANSWERED;
    history->answered++;
    if (call->operation == HISTORY_PEEK) {
        if (call->result > 0 && (!done || done->place != call->result))
            violation(history, call, "was told to be at %" PRId64 ", and is %s", call->result,
                      done ? "elsewhere" : "nowhere");
        return;
    }
    if (has_result && !done)
        violation(history, call, "was answered (%" PRId64 "), and is not in the service", call->result);
    else if (has_result && done->place != call->result)
        violation(history, call, "was answered %" PRId64 ", and is at %" PRId64, call->result, done->place);
    if (call->wrong)
        violation(history, call, "the client was given what belongs to another call");
}

static void check_failure(struct history *history, const struct history_call *call, const struct executed *done)
{
    history->failed++;
    if (call->operation == HISTORY_ASKING && call->result == LEDGER_UNASKED) {
        history->unasked++;
        if (done)
            violation(history, call, "was not executed, and is at %" PRId64, done->place);
        return;
    }
    if (call->error > 0 && call->error < ERRORS_MAX)
        history->error[call->error]++;
    if (call->result != -1 || !is_stated(call->error))
        violation(history, call, "ended with %" PRId64 ", %s", call->result, strerror(call->error));
}

static void check_time(struct history *history, const struct history_call *call)
{
    int64_t took = (call->ended - call->begun) / 1000000;
    int64_t bound = operations[call->operation].has_deadline ? history->deadline_bound_ms : history->bound_ms;
    if (took > history->slowest_ms)
        history->slowest_ms = took;
    if (took > bound)
        violation(history, call, "took %" PRId64 " ms, not at most %" PRId64, took, bound);
}

static void check_call(struct history *history, const struct history_call *call)
{
    const struct executed *done = find(history, call->id);
    if (operations[call->operation].once && done && done->amount != call->amount)
        violation(history, call, "has the amount %" PRId64 " in the service, not %" PRId64, done->amount, call->amount);
    if (call->asked > 1)
        violation(history, call, "has called back %u times", call->asked);
    if (call->state == HISTORY_BEGUN) {
        history->unfinished++;
        return;
    }
    check_time(history, call);
    if (call->state == HISTORY_ANSWERED)
        check_answer(history, call, done);
    else
        check_failure(history, call, done);
}

static int by_call_id(const void *a, const void *b)
{
    const struct history_call *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

/* The calls of a number, of which one at most has added. In the order of numbers. */
static const struct history_call *find_call(const struct history *history, uint64_t id)
{
    size_t low = 0, high = history->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (history->calls[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < history->count && history->calls[low].id == id; low++)
        if (operations[history->calls[low].operation].once)
            return &history->calls[low];
    return NULL;
}

static void check_executed(struct history *history)
{
    for (size_t i = 0; i < history->executed_count; i++) {
        const struct executed *done = &history->executed[i];
        const struct history_call *call = find_call(history, done->id);
        if (!call)
            violation(history, NULL, "%" PRIx64 " was executed, and nobody has called it", done->id);
        else if (i && done[-1].id == done->id)
            violation(history, call, "was executed twice, at %" PRId64 " and %" PRId64, done[-1].place, done->place);
    }
}

/* Who asks for a call after it was answered must be told where it is. */
static void check_asked(struct history *history)
{
    for (size_t i = 0; i < history->count; i++) {
        const struct history_call *ask = &history->calls[i];
        if (ask->operation != HISTORY_PEEK || ask->state != HISTORY_ANSWERED || ask->result != 0 || !ask->id)
            continue;
        const struct history_call *call = find_call(history, ask->id);
        /* The service looks back so far and no further. */
        if (call && call->state == HISTORY_ANSWERED && call->ended < ask->begun && ask->begun - call->ended < 100000000)
            violation(history, call, "was answered, and who asked for it was told that there is none");
    }
}

static int by_begun(const void *a, const void *b)
{
    const struct history_call *x = *(const struct history_call *const *)a, *y = *(const struct history_call *const *)b;
    return (x->begun > y->begun) - (x->begun < y->begun);
}

static int by_ended(const void *a, const void *b)
{
    const struct history_call *x = *(const struct history_call *const *)a, *y = *(const struct history_call *const *)b;
    return (x->ended > y->ended) - (x->ended < y->ended);
}

/* A call that began after another one had ended stands behind it. */
static void check_order(struct history *history)
{
    const struct history_call **begun = malloc((history->count + 1) * sizeof *begun),
                              **ended = malloc((history->count + 1) * sizeof *ended);
    size_t count = 0, at = 0;
    int64_t latest = 0;
    if (!begun || !ended)
        exit(EX_OSERR);
    for (size_t i = 0; i < history->count; i++) {
        const struct history_call *call = &history->calls[i];
        if (operations[call->operation].once && call->state == HISTORY_ANSWERED && call->result > 0)
            begun[count] = ended[count] = call, count++;
    }
    qsort(begun, count, sizeof *begun, by_begun);
    qsort(ended, count, sizeof *ended, by_ended);
    for (size_t i = 0; i < count; i++) {
        for (; ended[at]->ended < begun[i]->begun; at++)
            latest = ended[at]->result > latest ? ended[at]->result : latest;
        if (begun[i]->result <= latest)
            violation(history, begun[i], "is at %" PRId64 ", before one that had ended when it began (%" PRId64 ")",
                      begun[i]->result, latest);
    }
    free(begun);
    free(ended);
}

static int report(const struct history *history)
{
    printf("%zu calls: %" PRIu64 " answered, %" PRIu64 " failed", history->count, history->answered, history->failed);
    const char *before = " (";
    for (int i = 0; i < ERRORS_MAX; i++)
        if (history->error[i]) {
            printf("%s%" PRIu64 " %s", before, history->error[i], strerrorname_np(i));
            before = ", ";
        }
    if (history->unasked) {
        printf("%s%" PRIu64 " that could not call back", before, history->unasked);
        before = ", ";
    }
    printf("%s, %" PRIu64 " of clients that were killed; %zu executed; the slowest took %" PRId64 " ms\n",
           *before == ',' ? ")" : "", history->unfinished, history->executed_count, history->slowest_ms);
    if (history->violations)
        printf("%" PRIu64 " violations\n", history->violations);
    else
        puts("each at most once, and no answer was lost");
    return history->violations != 0;
}

int main(int argc, char **argv)
{
    struct history history = {.folder = argv[1]};
    if (argc != 4) {
        fputs("usage: history FOLDER BOUND_MS DEADLINE_BOUND_MS\n", stderr);
        return EX_USAGE;
    }
    history.bound_ms = atol(argv[2]);
    history.deadline_bound_ms = atol(argv[3]);
    read_all(&history);
    if (history.count)
        qsort(history.calls, history.count, sizeof *history.calls, by_call_id);
    for (size_t i = 0; i < history.count; i++)
        check_call(&history, &history.calls[i]);
    check_executed(&history);
    check_asked(&history);
    check_order(&history);
    int code = report(&history);
    free(history.calls);
    free(history.executed);
    return code;
}
