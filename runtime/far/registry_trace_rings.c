/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/registry_describe.h"
#include "runtime/far/registry_pages.h"
#include "runtime/far/registry_trace.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define SLOTS_MAX 65536u

/* far ls, with the services kept. */
struct gathering {
    struct listing listing;
    struct tracing *tracing;
    const char *only; /* NULL: all */
    uint32_t version; /* major + 1; 0: any */
    bool no_memory;
};

static void gather(struct listing *listing, const void *bytes)
{
    struct gathering *gathering = (struct gathering *)listing;
    struct tracing *tracing = gathering->tracing;
    const struct far_list_entry *entry = bytes;
    const char *name = fard_text(entry->name, sizeof entry->name);
    if ((gathering->only && strcmp(gathering->only, name) != 0) || entry->state == FAR_STATE_BROKEN ||
        entry->state == FAR_STATE_AWAY || (gathering->version && gathering->version != entry->major + 1u))
        return;
    struct traced *grown = reallocarray(tracing->service, tracing->count + 1, sizeof *grown);
    gathering->no_memory |= !grown;
    if (!grown)
        return;
    tracing->service = grown;
    struct traced *service = &grown[tracing->count++];
    *service = (struct traced){.id = entry->service_id, .major = entry->major};
    snprintf(service->name, sizeof service->name, "%s", name);
}

/* far describe, with the operations' names kept. */
struct naming {
    struct describing describing;
    struct traced *service;
};

static void ignore_head(struct describing *describing, const struct far_describe_reply *head,
                        const struct rule_list *rules)
{
    (void)describing;
    (void)head;
    (void)rules;
}

static void keep_name(struct describing *describing, const struct far_describe_op *op)
{
    struct traced *service = ((struct naming *)describing)->service;
    if (op->slot >= SLOTS_MAX)
        return;
    if (op->slot >= service->slot_count) {
        char **grown = reallocarray(service->operation, op->slot + 1, sizeof *grown);
        if (!grown)
            return;
        memset(grown + service->slot_count, 0, (op->slot + 1 - service->slot_count) * sizeof *grown);
        service->operation = grown;
        service->slot_count = op->slot + 1;
    }
    free(service->operation[op->slot]);
    service->operation[op->slot] = strdup(describe_text(op, FAR_DESCRIBE_NAME));
}

static const struct far_trace_ring *map_ring(int fd, uint64_t size)
{
    struct stat status;
    if (fd < 0 || size < sizeof(struct far_trace_ring) || fstat(fd, &status) != 0 || (uint64_t)status.st_size < size)
        return NULL;
    const struct far_trace_ring *ring = mmap(NULL, sizeof *ring, PROT_READ, MAP_SHARED, fd, 0);
    if (ring == MAP_FAILED)
        return NULL;
    if (ring->magic == FAR_TRACE_MAGIC && ring->records == FAR_TRACE_RECORDS)
        return ring;
    munmap((void *)(uintptr_t)ring, sizeof *ring);
    return NULL;
}

static int open_ring(struct fard_connection *connection, struct traced *service)
{
    static struct fard_reply reply;
    struct far_trace_request request = {.service_id = service->id};
    int code = fard_ask(connection, FAR_MSG_TRACE, &request, sizeof request, -1, &reply);
    if (code)
        return code;
    const struct far_trace_reply *body = fard_body(connection, &reply, sizeof *body);
    service->ring = body ? map_ring(reply.fd, body->size) : NULL;
    if (reply.fd >= 0)
        close(reply.fd);
    if (!service->ring)
        return body ? fard_broken_reply(connection) : EX_PROTOCOL;
    service->seen = __atomic_load_n(&service->ring->next, __ATOMIC_ACQUIRE); /* others may trace already */
    return 0;
}

static int open_service(struct fard_connection *connection, struct traced *service)
{
    struct naming naming = {.describing = {ignore_head, keep_name}, .service = service};
    int code = describe_service(connection, service->name, service->major + 1, &naming.describing);
    return code ? code : open_ring(connection, service);
}

static int has_operation(const struct tracing *tracing)
{
    const char *wanted = tracing->options->operation;
    for (uint32_t i = 0; wanted && i < tracing->count; i++)
        for (uint32_t slot = 0; slot < tracing->service[i].slot_count; slot++)
            if (tracing->service[i].operation[slot] && strcmp(tracing->service[i].operation[slot], wanted) == 0)
                return 0;
    if (!wanted)
        return 0;
    fprintf(stderr, "far trace: no traced service has an operation '%s'; far describe SERVICE lists them\n", wanted);
    return EX_UNAVAILABLE;
}

/* NAME, or NAME@MAJOR. */
static int gather_services(struct fard_connection *connection, struct tracing *tracing)
{
    char name[FAR_SERVICE_MAX];
    struct gathering gathering = {.listing = {.type = FAR_MSG_LIST,
                                              .entry_size = sizeof(struct far_list_entry),
                                              .id_offset = offsetof(struct far_list_entry, service_id),
                                              .each = gather},
                                  .tracing = tracing};
    if (tracing->options->service) {
        int code = far_take_service("trace", tracing->options->service, name, &gathering.version);
        if (code)
            return code;
        gathering.only = name;
    }
    int code = list_all(connection, &gathering.listing);
    if (!code && gathering.no_memory)
        code = EX_OSERR;
    if (code || tracing->count)
        return code;
    if (gathering.only)
        fprintf(stderr, "far trace: no service '%s' is registered that could be traced; `far ls` lists them\n", name);
    else
        fputs("far trace: no service is registered that could be traced\n", stderr);
    return EX_UNAVAILABLE;
}

int trace_open(struct fard_connection *connection, struct tracing *tracing)
{
    int code = gather_services(connection, tracing);
    for (uint32_t i = 0; i < tracing->count && !code; i++)
        code = open_service(connection, &tracing->service[i]);
    return code ? code : has_operation(tracing);
}

void trace_close(struct tracing *tracing)
{
    for (uint32_t i = 0; i < tracing->count; i++) {
        struct traced *service = &tracing->service[i];
        for (uint32_t slot = 0; slot < service->slot_count; slot++)
            free(service->operation[slot]);
        free(service->operation);
        if (service->ring)
            munmap((void *)(uintptr_t)service->ring, sizeof *service->ring);
    }
    free(tracing->service);
}
