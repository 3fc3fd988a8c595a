/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/host/trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* One place for all rings, one after the other: a call that began under the last one may end under this one, and a
 * mapping that went away under it would take the host along. */
static int map_ring(struct host *host, int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || (uint64_t)status.st_size != FAR_TRACE_SIZE)
        return -EPROTO;
    int flags = MAP_SHARED | (host->trace_place ? MAP_FIXED : 0);
    void *ring = mmap(host->trace_place, FAR_TRACE_SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (ring == MAP_FAILED)
        return -errno;
    host->trace_place = ring;
    return 0;
}

void trace_start(struct host *host, int fd)
{
    int failed = map_ring(host, fd);
    close(fd);
    if (failed)
        fprintf(stderr, "far-host: %s: its calls cannot be traced: %s\n", host->service, strerror(-failed));
    else
        __atomic_store_n(&host->trace, host->trace_place, __ATOMIC_RELEASE);
}

void trace_stop(struct host *host)
{
    __atomic_store_n(&host->trace, NULL, __ATOMIC_RELEASE);
}

static uint64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void trace_begin(struct worker *worker)
{
    worker->traced_slot = __atomic_load_n(&worker->astack->call.slot, __ATOMIC_RELAXED);
    worker->traced_at = nanoseconds();
}

static void fill(struct far_trace_record *record, const struct worker *worker, uint64_t now)
{
    struct far_host_channel who;
    client_identity(worker->client, &who);
    record->begin_ns = worker->traced_at;
    record->duration_ns = now - worker->traced_at;
    record->slot = worker->traced_slot;
    record->pid = who.pid;
    record->uid = who.uid;
    record->level = worker->level;
    record->status = __atomic_load_n(&worker->astack->reply.status, __ATOMIC_RELAXED);
    record->error = __atomic_load_n(&worker->astack->reply.error, __ATOMIC_RELAXED);
    record->channel = worker->channel;
}

/* A writer may be anywhere when it is killed: a record that was not finished keeps ticket 0, and is overwritten later. */
void trace_end(struct worker *worker)
{
    struct far_trace_ring *ring = worker->host->trace_place;
    uint64_t ticket = __atomic_fetch_add(&ring->next, 1, __ATOMIC_RELAXED);
    struct far_trace_record *record = &ring->record[ticket % FAR_TRACE_RECORDS];
    __atomic_store_n(&record->ticket, 0, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    fill(record, worker, nanoseconds());
    __atomic_store_n(&record->ticket, ticket + 1, __ATOMIC_RELEASE);
    worker->traced_at = 0;
}
