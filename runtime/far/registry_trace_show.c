/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/astack.h"
#include "runtime/far/registry_trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 4096u /* records that are sorted and printed together */

struct seen {
    const struct traced *service;
    struct far_trace_record record;
};

/* One record by its number: 1: here; 0: not written yet; -1: lost. */
static int read_record(const struct far_trace_ring *ring, uint64_t ticket, struct far_trace_record *out)
{
    const struct far_trace_record *record = &ring->record[ticket % FAR_TRACE_RECORDS];
    uint64_t before = __atomic_load_n(&record->ticket, __ATOMIC_ACQUIRE);
    if (before != ticket + 1) {
        uint64_t next = __atomic_load_n(&ring->next, __ATOMIC_ACQUIRE);
        return before > ticket + 1 || next - ticket > FAR_TRACE_RECORDS / 2 ? -1 : 0;
    }
    memcpy(out, record, sizeof *out);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __atomic_load_n(&record->ticket, __ATOMIC_RELAXED) == before ? 1 : -1;
}

/* What has come, in the ring's order, up to a record that is still being written. A host that was killed may leave one
 * that never will be: when the ring has gone half way round, it is lost. */
static uint32_t read_ring(struct tracing *tracing, struct traced *service, struct seen *out, uint32_t room)
{
    uint64_t next = __atomic_load_n(&service->ring->next, __ATOMIC_ACQUIRE);
    uint32_t count = 0;
    if (next - service->seen > FAR_TRACE_RECORDS) {
        tracing->lost += next - service->seen - FAR_TRACE_RECORDS;
        service->seen = next - FAR_TRACE_RECORDS;
    }
    while (service->seen < next && count < room) {
        int got = read_record(service->ring, service->seen, &out[count].record);
        if (got == 0)
            break;
        out[count].service = service;
        count += got > 0;
        tracing->lost += got < 0;
        service->seen++;
    }
    return count;
}

static uint64_t end_of(const struct seen *seen)
{
    return seen->record.begin_ns + seen->record.duration_ns;
}

static int by_end(const void *a, const void *b)
{
    uint64_t first = end_of(a), second = end_of(b);
    return (first > second) - (first < second);
}

static const char *operation_of(const struct seen *seen)
{
    uint32_t slot = seen->record.slot;
    return slot < seen->service->slot_count && seen->service->operation[slot] ? seen->service->operation[slot] : NULL;
}

static const char *status_word(uint32_t status)
{
    static const char *const words[] = {
#define X(NAME, error, text) [FAR_CALL_##NAME] = text,
        FAR_CALL_STATUSES(X)
#undef X
    };
    return status < FAR_CALL_STATUS_COUNT ? words[status] : "?";
}

static double since_start(const struct tracing *tracing, const struct seen *seen)
{
    return ((double)end_of(seen) - (double)tracing->begin_ns) / 1e9;
}

static void print_words(const struct tracing *tracing, const struct seen *seen)
{
    const struct far_trace_record *record = &seen->record;
    char operation[128];
    if (operation_of(seen))
        snprintf(operation, sizeof operation, "%s", operation_of(seen));
    else
        snprintf(operation, sizeof operation, "slot %u", record->slot);
    printf("%12.6f %s.%s pid %u uid %u %s %.1f us %s", since_start(tracing, seen), seen->service->name, operation,
           record->pid, record->uid, level_word(record->level), (double)record->duration_ns / 1000,
           status_word(record->status));
    if (record->error > 0)
        printf(", errno %d (%s)", record->error, strerror(record->error));
    putchar('\n');
}

/* One line each, for programs that read lines; all its texts are identifiers or ours. */
static void print_json(const struct tracing *tracing, const struct seen *seen)
{
    const struct far_trace_record *record = &seen->record;
    const char *operation = operation_of(seen);
    printf("{\"seconds\":%.9f,\"service\":\"%s\",\"major\":%u,\"operation\":%s%s%s,\"slot\":%u,\"pid\":%u,\"uid\":%u,"
           "\"level\":\"%s\",\"channel\":%u,\"duration_ns\":%llu,\"status\":\"%s\",\"errno\":%d}\n",
           since_start(tracing, seen), seen->service->name, seen->service->major, operation ? "\"" : "",
           operation ? operation : "null", operation ? "\"" : "", record->slot, record->pid, record->uid,
           level_word(record->level), record->channel, (unsigned long long)record->duration_ns,
           status_word(record->status), record->error);
}

static void print(struct tracing *tracing, const struct seen *seen)
{
    const struct trace_options *options = tracing->options;
    const char *operation = operation_of(seen);
    if (tracing->done || (options->operation && (!operation || strcmp(operation, options->operation) != 0)))
        return;
    if (options->json)
        print_json(tracing, seen);
    else
        print_words(tracing, seen);
    tracing->shown++;
    tracing->done = options->count && tracing->shown >= options->count;
}

void trace_show(struct tracing *tracing)
{
    static struct seen seen[BATCH];
    uint32_t count;
    do {
        count = 0;
        for (uint32_t i = 0; i < tracing->count && count < BATCH; i++)
            count += read_ring(tracing, &tracing->service[i], &seen[count], BATCH - count);
        qsort(seen, count, sizeof *seen, by_end);
        for (uint32_t i = 0; i < count; i++)
            print(tracing, &seen[i]);
    } while (count == BATCH && !tracing->done);
    fflush(stdout);
}
