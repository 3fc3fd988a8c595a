/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far trace: the rings of the traced services, and what is printed of them. */
#ifndef FARCALL_FAR_REGISTRY_TRACE_H
#define FARCALL_FAR_REGISTRY_TRACE_H

#include "runtime/far/registry_client.h"
#include "runtime/trace.h"

struct trace_options {
    const char *service;   /* NULL: all */
    const char *operation; /* NULL: all */
    const char *socket;
    uint64_t count;  /* 0: no limit */
    double duration; /* 0: no limit */
    bool json;
};

struct traced {
    char name[FAR_SERVICE_MAX];
    uint32_t id, major;
    const struct far_trace_ring *ring;
    uint64_t seen;    /* tickets that were read or lost */
    char **operation; /* by slot; NULL: no name */
    uint32_t slot_count;
};

struct tracing {
    const struct trace_options *options;
    struct traced *service;
    uint32_t count;
    uint64_t begin_ns;
    uint64_t shown;
    uint64_t lost;
    bool done;
};

/* Asks fard for the rings and for the operations' names. 0 or an exit code, printed. */
int trace_open(struct fard_connection *connection, struct tracing *tracing);
void trace_close(struct tracing *tracing);
/* Prints what has come since, in the order in which calls ended. Sets done when --count is reached. */
void trace_show(struct tracing *tracing);

#endif
