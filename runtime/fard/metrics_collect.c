/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What there is to measure, gathered for the text of metrics.c. */
#include "runtime/fard/grant.h"
#include "runtime/fard/memory.h"
#include "runtime/fard/observe.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

static uint32_t count_links(const struct list *head)
{
    uint32_t count = 0;
    for (const struct list *at = head->next; at != head; at = at->next)
        count++;
    return count;
}

static void gather_clients(const struct fard *fard, struct metric_gauges *gauges)
{
    for (const struct list *at = fard->clients.next; at != &fard->clients; at = at->next) {
        const struct client *client = list_entry(at, struct client, link);
        gauges->queue_packets += client->peer.queued;
        if (client->peer.queued > gauges->queue_longest)
            gauges->queue_longest = client->peer.queued;
        gauges->waiters += count_links(&client->waiters);
    }
}

static void gather_service(const struct fard *fard, const struct service *service, struct metric_service *out)
{
    struct host *host = service->host;
    const struct grant_sum granted = grants_to(&fard->domains, service->name);
    *out = (struct metric_service){.name = service->name,
                                   .major = service_iface(service) ? service_iface(service)->major : 0};
    out->regions = granted.regions;
    out->region_bytes = granted.bytes;
    if (!host)
        return;
    for (struct list *at = host->channels.next; at != &host->channels; at = at->next) {
        calls_see(list_entry(at, struct channel, of_host));
        out->channels++;
    }
    out->calls = host->calls;
    out->restarts = host->restarts;
    out->output_lost = host->output_lost + (host->output ? host->output->lost_lines : 0);
    out->queue = host->peer.queued;
    out->up = host->state == FAR_STATE_READY;
    out->idle = host->state == FAR_STATE_IDLE;
}

static uint32_t gather_services(const struct fard *fard, struct metric_gauges *gauges, struct metric_service *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < fard->registry.count; i++) {
        const struct service *service = fard->registry.service[i];
        if (service->hidden)
            continue;
        gauges->services[service->host ? service->host->state : service->away ? FAR_STATE_AWAY : FAR_STATE_BROKEN]++;
        if (count < METRIC_SERVICES_MAX)
            gather_service(fard, service, &out[count++]);
    }
    return count;
}

int metrics_text(struct fard *fard, char **text, size_t *size)
{
    struct metric_gauges gauges = {
        .clients = fard->client_count,
        .channels = fard->channel_count,
        .users = count_links(&fard->accounts),
        .waiting_users = count_links(&fard->parked),
        .descriptors = fard->descriptors,
        .audit_lost = fard->audit.lost_ever,
    };
    struct metric_service *services = calloc(METRIC_SERVICES_MAX, sizeof *services);
    FILE *out = services ? open_memstream(text, size) : NULL;
    if (!out) {
        free(services);
        return -ENOMEM;
    }
    gather_clients(fard, &gauges);
    nodes_count(fard, &gauges);
    uint32_t count = gather_services(fard, &gauges, services);
    metrics_write(out, &fard->metrics, &gauges, services, count);
    free(services);
    int failed = ferror(out);
    if (fclose(out) == 0 && !failed)
        return 0;
    free(*text);
    return -ENOMEM;
}

/* The text may be longer than a packet: it travels as a file that nobody can change. */
int handle_metrics(struct client *client, const struct far_message *message, struct far_error *error)
{
    char *text;
    size_t size;
    int fd;
    int result = protocol_check_empty(message, error);
    result = result ? result : client_check_manager(client, error);
    result = result ? result : metrics_text(client->fard, &text, &size);
    if (result)
        return result;
    result = memory_create_sealed("far:metrics", text, size, &fd);
    free(text);
    if (result)
        return result;
    struct far_metrics_reply reply = {.size = size};
    result = peer_send(&client->peer, FAR_MSG_METRICS | FAR_MSG_REPLY, message->serial, &reply, sizeof reply, &fd, 1);
    close(fd);
    return result;
}
