/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What fard counts, and the text that Prometheus reads of it (its exposition format 0.0.4). Counters only grow, and begin
 * at 0 with fard. No I/O here but the stream that the text goes to; docs/observing.md lists every name.
 */
#ifndef FARCALL_METRICS_H
#define FARCALL_METRICS_H

#include "runtime/fard/manage.h"

#include <stdint.h>
#include <stdio.h>

/* Requests by what they ask. Those of no known type are counted as other. */
/* clang-format off */
#define METRIC_REQUESTS(X)                                                                                       \
    X(RESOLVE, resolve) X(BIND, bind) X(OPEN_CHANNEL, open_channel) X(CLOSE_CHANNEL, close_channel)              \
    X(REGISTER, register) X(UNREGISTER, unregister) X(LIST, list) X(DESCRIBE, describe) X(MAP, map)              \
    X(STATUS, status) X(SEGMENT, segment) X(METRICS, metrics) X(TOP, top) X(TRACE, trace)
/* clang-format on */
enum metric_request {
#define X(NAME, name) METRIC_REQUEST_##NAME,
    METRIC_REQUESTS(X)
#undef X
        METRIC_REQUEST_OTHER,
    METRIC_REQUEST_COUNT
};

/* What became of a bind. The levels first, so that a level is its own index. */
#define METRIC_BINDS(X) \
    X(UNSET, unset) X(NONE, none) X(READ, read) X(TRUSTED, trusted) X(PENDING, pending) X(REFUSED, refused)
enum metric_bind {
#define X(NAME, name) METRIC_BIND_##NAME,
    METRIC_BINDS(X)
#undef X
        METRIC_BIND_COUNT
};

/* Why a request was refused: the error's number, by groups that mean something to who runs fard. */
#define METRIC_REFUSALS(X)                                                            \
    X(UNKNOWN, unknown)     /* no such service, channel or name */                    \
    X(MISMATCH, mismatch)   /* the interface is another one */                        \
    X(FORBIDDEN, forbidden) /* not allowed to this client */                          \
    X(QUOTA, quota)         /* a limit of one user, or of fard, is reached */         \
    X(RUBBISH, rubbish)     /* what came is no message; the connection was closed */  \
    X(HOST, host)           /* the service's host is down, or did not become ready */ \
    X(OTHER, other)
enum metric_refusal {
#define X(NAME, name) METRIC_REFUSAL_##NAME,
    METRIC_REFUSALS(X)
#undef X
        METRIC_REFUSAL_COUNT
};
enum metric_refusal metric_refusal_of(int code);

#define METRIC_BUCKETS 10
struct metric_histogram {
    uint64_t bucket[METRIC_BUCKETS + 1]; /* not cumulative; the last is +Inf */
    uint64_t sum_ns;
};
void metric_observe(struct metric_histogram *histogram, uint64_t ns);

struct metrics {
    uint64_t requests[METRIC_REQUEST_COUNT];
    uint64_t binds[METRIC_BIND_COUNT];
    uint64_t refusals[METRIC_REFUSAL_COUNT];
    struct metric_histogram bind_time;
    uint64_t turned_away; /* connections refused for their number */
    uint64_t deferred;    /* requests that waited for a turn because their uid's share was used up */
    uint64_t restarts;    /* of hosts */
    uint64_t output_lost; /* lines of hosts that have gone */
    uint64_t links_made, links_lost, links_refused; /* to other nodes' fards */
    uint64_t prefaces_refused;                      /* connections to the node's port that were not let in */
    uint64_t far_connections;                       /* that clients on other nodes have made, handed to hosts */
    uint64_t channels_resumed; /* of clients on other nodes, taken over by a host that was started again */
    uint64_t calls_ended;      /* calls of services that are no longer registered */
};

void metrics_count_request(struct metrics *metrics, uint16_t type);
void metrics_count_bind(struct metrics *metrics, uint32_t level); /* enum far_level or enum metric_bind */
void metrics_count_refusal(struct metrics *metrics, int code);

/* What fard is just now. */
struct metric_gauges {
    uint32_t clients, channels, users, ranges_pending;
    uint32_t services[FAR_STATE_COUNT];
    uint32_t waiters;       /* requests that wait for a host */
    uint32_t waiting_users; /* users with requests that wait for a turn */
    uint32_t queue_packets; /* to clients that do not read, all together */
    uint32_t queue_longest; /* of one client */
    uint64_t descriptors;   /* that fard may have */
    uint32_t nodes, nodes_linked;
    uint32_t channels_there; /* of clients here to services on other nodes */
    uint32_t channels_here;  /* of clients on other nodes */
    uint64_t audit_lost;
};

/* One service of those that are listed by name. */
struct metric_service {
    const char *name;
    uint32_t major;
    uint64_t calls;
    uint64_t restarts;
    uint64_t output_lost;
    uint32_t regions; /* that clients have granted it */
    uint64_t region_bytes;
    uint32_t channels;
    uint32_t queue; /* packets to its host */
    bool up;
    bool idle; /* needs no host just now: not up, and nothing is wrong */
};
/* Services with a series of their own, the busiest registered first; a node with more has them in the sums alone. */
#define METRIC_SERVICES_MAX 1000u

void metrics_write(FILE *out, const struct metrics *metrics, const struct metric_gauges *gauges,
                   const struct metric_service *service, uint32_t service_count);

#endif
