/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/metrics.h"

#include <errno.h>
#include <inttypes.h>

enum metric_refusal metric_refusal_of(int code)
{
    switch (code) {
    case ENOENT:
        return METRIC_REFUSAL_UNKNOWN;
    case EPROTOTYPE:
        return METRIC_REFUSAL_MISMATCH;
    case EACCES:
    case EPERM:
        return METRIC_REFUSAL_FORBIDDEN;
    case EMFILE:
    case EDQUOT:
    case EUSERS:
    case EAGAIN:
    case ENOSPC:
    case ENOMEM:
        return METRIC_REFUSAL_QUOTA;
    case EBADMSG:
    case EMSGSIZE:
    case ENOSYS:
    case EPROTONOSUPPORT:
        return METRIC_REFUSAL_RUBBISH;
    case EHOSTDOWN:
    case ECHILD:
        return METRIC_REFUSAL_HOST;
    default:
        return METRIC_REFUSAL_OTHER;
    }
}

static const uint64_t bounds_ns[METRIC_BUCKETS] = {10000,   25000,   50000,    100000,    250000,
                                                   1000000, 5000000, 25000000, 100000000, 1000000000};
static const char *const bounds[METRIC_BUCKETS] = {"1e-05", "2.5e-05", "5e-05", "0.0001", "0.00025",
                                                   "0.001", "0.005",   "0.025", "0.1",    "1"};

void metric_observe(struct metric_histogram *histogram, uint64_t ns)
{
    unsigned i = 0;
    while (i < METRIC_BUCKETS && ns > bounds_ns[i])
        i++;
    histogram->bucket[i]++;
    histogram->sum_ns += ns;
}

void metrics_count_request(struct metrics *metrics, uint16_t type)
{
    switch (type) {
#define X(NAME, name)                               \
    case FAR_MSG_##NAME:                            \
        metrics->requests[METRIC_REQUEST_##NAME]++; \
        return;
        METRIC_REQUESTS(X)
#undef X
    default:
        metrics->requests[METRIC_REQUEST_OTHER]++;
    }
}

void metrics_count_bind(struct metrics *metrics, uint32_t level)
{
    if (level < METRIC_BIND_COUNT)
        metrics->binds[level]++;
}

void metrics_count_refusal(struct metrics *metrics, int code)
{
    metrics->refusals[metric_refusal_of(code)]++;
}

_Static_assert((int)METRIC_BIND_NONE == (int)FAR_LEVEL_NONE && (int)METRIC_BIND_TRUSTED == (int)FAR_LEVEL_TRUSTED,
               "a level is its own index");

static void head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void plain(FILE *out, const char *name, const char *type, const char *help, uint64_t value)
{
    head(out, name, type, help);
    fprintf(out, "%s %" PRIu64 "\n", name, value);
}

static void by_word(FILE *out, const char *name, const char *label, const char *const *words, const uint64_t *values,
                    unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        fprintf(out, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, words[i], values[i]);
}

#define NAME_OF(NAME, name, ...) #name,

static void write_requests(FILE *out, const struct metrics *metrics)
{
    static const char *const requests[] = {METRIC_REQUESTS(NAME_OF) "other"};
    static const char *const binds[] = {METRIC_BINDS(NAME_OF)};
    static const char *const refusals[] = {METRIC_REFUSALS(NAME_OF)};
    head(out, "farcall_requests_total", "counter", "Requests answered, by type.");
    by_word(out, "farcall_requests_total", "type", requests, metrics->requests, METRIC_REQUEST_COUNT);
    head(out, "farcall_binds_total", "counter", "Binds by the level that was granted; pending: not registered yet.");
    by_word(out, "farcall_binds_total", "result", binds + 1, metrics->binds + 1, METRIC_BIND_COUNT - 1);
    head(out, "farcall_refusals_total", "counter", "Requests refused, by reason.");
    by_word(out, "farcall_refusals_total", "reason", refusals, metrics->refusals, METRIC_REFUSAL_COUNT);
    plain(out, "farcall_requests_deferred_total", "counter",
          "Requests that waited because their user's share of a turn was used up.", metrics->deferred);
    plain(out, "farcall_connections_refused_total", "counter", "Connections refused because there were too many.",
          metrics->turned_away);
}

static void write_histogram(FILE *out, const struct metric_histogram *histogram)
{
    uint64_t count = 0;
    head(out, "farcall_bind_seconds", "histogram", "Time that fard took to answer a bind, without its way there.");
    for (unsigned i = 0; i < METRIC_BUCKETS; i++) {
        count += histogram->bucket[i];
        fprintf(out, "farcall_bind_seconds_bucket{le=\"%s\"} %" PRIu64 "\n", bounds[i], count);
    }
    count += histogram->bucket[METRIC_BUCKETS];
    fprintf(out, "farcall_bind_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n", count);
    fprintf(out, "farcall_bind_seconds_sum %" PRIu64 ".%09" PRIu64 "\n", histogram->sum_ns / 1000000000,
            histogram->sum_ns % 1000000000);
    fprintf(out, "farcall_bind_seconds_count %" PRIu64 "\n", count);
}

static void write_gauges(FILE *out, const struct metric_gauges *gauges)
{
    static const char *const states[] = {FAR_STATES(NAME_OF)};
    head(out, "farcall_services", "gauge", "Registered services by state.");
    for (unsigned i = 0; i < FAR_STATE_COUNT; i++)
        fprintf(out, "farcall_services{state=\"%s\"} %u\n", states[i], gauges->services[i]);
    plain(out, "farcall_clients", "gauge", "Open connections.", gauges->clients);
    plain(out, "farcall_users", "gauge", "User ids with open connections.", gauges->users);
    plain(out, "farcall_channels", "gauge", "Open channels.", gauges->channels);
    plain(out, "farcall_waiting_channels", "gauge", "Channels that wait for their service's host.", gauges->waiters);
    plain(out, "farcall_waiting_users", "gauge", "Users with requests that wait for a turn.", gauges->waiting_users);
    plain(out, "farcall_client_queue_packets", "gauge", "Packets for clients that do not read.", gauges->queue_packets);
    plain(out, "farcall_client_queue_packets_max", "gauge", "The longest queue of one client.", gauges->queue_longest);
    plain(out, "farcall_descriptor_limit", "gauge", "Descriptors that fard may have.", gauges->descriptors);
}

static void write_nodes(FILE *out, const struct metrics *metrics, const struct metric_gauges *gauges)
{
    plain(out, "farcall_nodes", "gauge", "Other nodes that this one knows.", gauges->nodes);
    plain(out, "farcall_nodes_linked", "gauge", "Other nodes to which there is a link.", gauges->nodes_linked);
    plain(out, "farcall_far_channels", "gauge", "Channels of clients here to services on other nodes.",
          gauges->channels_there);
    plain(out, "farcall_guest_channels", "gauge", "Channels of clients on other nodes to services here.",
          gauges->channels_here);
    plain(out, "farcall_links_total", "counter", "Links to other nodes that were made.", metrics->links_made);
    plain(out, "farcall_links_lost_total", "counter", "Links to other nodes that were lost.", metrics->links_lost);
    plain(out, "farcall_links_refused_total", "counter", "Links that were begun by somebody and did not come up.",
          metrics->links_refused);
    plain(out, "farcall_prefaces_refused_total", "counter", "Connections to the node's port that were not let in.",
          metrics->prefaces_refused);
    plain(out, "farcall_guest_connections_total", "counter", "Connections of clients on other nodes, handed to hosts.",
          metrics->far_connections);
    plain(out, "farcall_guest_channels_resumed_total", "counter",
          "Channels of clients on other nodes that a host took over from one that had died.",
          metrics->channels_resumed);
}

static void label(FILE *out, const char *name, const struct metric_service *service, uint64_t value)
{
    fprintf(out, "%s{service=\"%s\",major=\"%u\"} %" PRIu64 "\n", name, service->name, service->major, value);
}

static void write_services(FILE *out, const struct metric_service *service, uint32_t count)
{
    head(out, "farcall_host_up", "gauge", "1 if the service's host is ready.");
    for (uint32_t i = 0; i < count; i++)
        label(out, "farcall_host_up", &service[i], service[i].up);
    head(out, "farcall_host_idle", "gauge", "1 if the service has no host because nobody needs it (--start demand).");
    for (uint32_t i = 0; i < count; i++)
        label(out, "farcall_host_idle", &service[i], service[i].idle);
    head(out, "farcall_calls_total", "counter", "Calls that the service's host has answered; branches are not seen.");
    for (uint32_t i = 0; i < count; i++)
        label(out, "farcall_calls_total", &service[i], service[i].calls);
    head(out, "farcall_service_channels", "gauge", "Open channels of the service.");
    for (uint32_t i = 0; i < count; i++)
        label(out, "farcall_service_channels", &service[i], service[i].channels);
    head(out, "farcall_host_queue_packets", "gauge", "Packets that the service's host has not taken yet.");
    for (uint32_t i = 0; i < count; i++)
        label(out, "farcall_host_queue_packets", &service[i], service[i].queue);
    head(out, "farcall_host_restarts_total", "counter", "Times that the service's host was started again.");
    for (uint32_t i = 0; i < count; i++)
        label(out, "farcall_host_restarts_total", &service[i], service[i].restarts);
    head(out, "farcall_host_output_lost_lines_total", "counter", "Lines that the host wrote too fast to be logged.");
    for (uint32_t i = 0; i < count; i++)
        label(out, "farcall_host_output_lost_lines_total", &service[i], service[i].output_lost);
    head(out, "farcall_service_regions", "gauge", "Regions that clients have granted the service.");
    for (uint32_t i = 0; i < count; i++)
        label(out, "farcall_service_regions", &service[i], service[i].regions);
    head(out, "farcall_service_region_bytes", "gauge", "Bytes of the regions that clients have granted the service.");
    for (uint32_t i = 0; i < count; i++)
        label(out, "farcall_service_region_bytes", &service[i], service[i].region_bytes);
}

void metrics_write(FILE *out, const struct metrics *metrics, const struct metric_gauges *gauges,
                   const struct metric_service *service, uint32_t service_count)
{
    head(out, "farcall_build_info", "gauge", "The version of fard.");
    fprintf(out, "farcall_build_info{version=\"%s\"} 1\n", FARCALL_VERSION);
    write_requests(out, metrics);
    write_histogram(out, &metrics->bind_time);
    plain(out, "farcall_audit_lost_lines_total", "counter", "Lines that could not be written to the audit log.",
          gauges->audit_lost);
    write_gauges(out, gauges);
    write_nodes(out, metrics, gauges);
    write_services(out, service, service_count);
}
