/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/host/cancel.h"

#include "runtime/host/away.h"

#include <time.h>

static __thread struct worker *serving;

static uint64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void cancel_of(struct worker *worker)
{
    serving = worker;
}

struct worker_deadline cancel_begin(struct worker *worker, uint32_t deadline_ms)
{
    struct worker_deadline outer = worker->deadline;
    worker->deadline = (struct worker_deadline){worker->call, milliseconds() + deadline_ms + CANCEL_LATER_MS};
    return outer;
}

void cancel_end(struct worker *worker, struct worker_deadline outer)
{
    worker->deadline = outer;
}

/* The client's word comes by the connection, which nobody looks at while the operation runs. */
static bool is_wished_away(struct worker *worker)
{
    distant_look(worker);
    return distant_is_late(worker) || distant_is_cancelled(worker, worker->call);
}

/* The number says whose deadline it is: calls without one say nothing. */
int cancel_is_wished(void)
{
    if (!serving)
        return 0;
    const struct worker_deadline *deadline = &serving->deadline;
    return (serving->away && is_wished_away(serving)) || worker_is_finished(serving) ||
           (serving->entry && __atomic_load_n(serving->entry->withdrawn, __ATOMIC_RELAXED)) ||
           (deadline->at && deadline->call == serving->call && milliseconds() >= deadline->at);
}
