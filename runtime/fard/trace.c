/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * TRACE: one ring a traced service (runtime/trace.h), written by its host, read by whoever traces. It is there as long
 * as somebody does; a host that is started again gets the same one.
 */
#include "runtime/trace.h"
#include "runtime/fard/memory.h"
#include "runtime/fard/observe.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

struct trace {
    struct list of_fard;
    uint32_t service_id;
    uint32_t users;
    int ring;
};

/* One connection's interest in it. */
struct trace_use {
    struct list of_client;
    struct trace *trace;
};

static struct trace *trace_find(const struct fard *fard, uint32_t service_id)
{
    for (struct list *at = fard->traces.next; at != &fard->traces; at = at->next) {
        struct trace *trace = list_entry(at, struct trace, of_fard);
        if (trace->service_id == service_id)
            return trace;
    }
    return NULL;
}

static int create_ring(int *out)
{
    void *ring;
    int fd;
    int result = memory_create("far:trace", FAR_TRACE_SIZE, &fd);
    if (result)
        return result;
    result = memory_seal_size(fd);
    result = result ? result : memory_map(fd, sizeof(struct far_trace_ring), PROT_READ | PROT_WRITE, &ring);
    if (result) {
        close(fd);
        return result;
    }
    ((struct far_trace_ring *)ring)->magic = FAR_TRACE_MAGIC;
    ((struct far_trace_ring *)ring)->records = FAR_TRACE_RECORDS;
    memory_unmap(ring, sizeof(struct far_trace_ring));
    *out = fd;
    return 0;
}

/* With the ring: write there. Without: no more. */
static void tell(struct host *host, const struct trace *trace)
{
    if (host && host->state == FAR_STATE_READY)
        peer_send(&host->peer, FAR_MSG_HOST_TRACE, 0, NULL, 0, trace ? &trace->ring : NULL, trace != NULL);
}

void trace_tell_host(struct host *host)
{
    const struct trace *trace = host->service ? trace_find(host->fard, host->service->id) : NULL;
    if (trace)
        tell(host, trace);
}

static void trace_free(struct trace *trace)
{
    list_take_out(&trace->of_fard);
    close(trace->ring);
    free(trace);
}

static void use_end(struct fard *fard, struct trace_use *use)
{
    struct trace *trace = use->trace;
    list_take_out(&use->of_client);
    free(use);
    if (--trace->users)
        return;
    struct service *service = registry_find_id(&fard->registry, trace->service_id);
    if (service)
        tell(service->host, NULL);
    trace_free(trace);
}

void traces_of_client_end(struct client *client)
{
    while (!list_is_empty(&client->traces))
        use_end(client->fard, list_entry(client->traces.next, struct trace_use, of_client));
}

static struct trace_use *use_find(const struct client *client, const struct trace *trace)
{
    for (struct list *at = client->traces.next; at != &client->traces; at = at->next) {
        struct trace_use *use = list_entry(at, struct trace_use, of_client);
        if (use->trace == trace)
            return use;
    }
    return NULL;
}

static int trace_new(struct fard *fard, uint32_t service_id, struct trace **out)
{
    struct trace *trace = calloc(1, sizeof *trace);
    int result = trace ? create_ring(&trace->ring) : -ENOMEM;
    if (result) {
        free(trace);
        return result;
    }
    trace->service_id = service_id;
    list_append(&fard->traces, &trace->of_fard);
    *out = trace;
    return 0;
}

static int trace_begin(struct client *client, const struct service *service, struct trace **out)
{
    struct trace *trace = trace_find(client->fard, service->id);
    if (trace && use_find(client, trace)) {
        *out = trace;
        return 0;
    }
    struct trace_use *use = calloc(1, sizeof *use);
    int result = !use ? -ENOMEM : trace ? 0 : trace_new(client->fard, service->id, &trace);
    if (result) {
        free(use);
        return result;
    }
    use->trace = trace;
    list_append(&client->traces, &use->of_client);
    if (trace->users++ == 0)
        tell(service->host, trace);
    *out = trace;
    return 0;
}

static int send_ring(struct client *client, const struct far_message *message, const struct trace *trace)
{
    struct far_trace_reply reply = {.size = FAR_TRACE_SIZE, .service_id = trace->service_id};
    int fd;
    int result = memory_reopen_read_only(trace->ring, &fd);
    if (result)
        return result;
    result = peer_send(&client->peer, FAR_MSG_TRACE | FAR_MSG_REPLY, message->serial, &reply, sizeof reply, &fd, 1);
    close(fd);
    return result;
}

int handle_trace(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_trace_request *request;
    struct trace *trace;
    int result = protocol_check_trace(message, &request, error);
    result = result ? result : client_check_manager(client, error);
    if (result)
        return result;
    const struct service *service = registry_find_id(&client->fard->registry, request->service_id);
    if (!service || service->hidden || !service->host)
        return refuse(error, ENOENT, EX_UNAVAILABLE, "no service has the number %u, or it cannot be used; see `far ls`",
                      request->service_id);
    result = trace_begin(client, service, &trace);
    return result ? result : send_ring(client, message, trace);
}
