/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Records of calls for `far trace`, while fard wants them. */
#ifndef FARCALL_HOST_TRACE_H
#define FARCALL_HOST_TRACE_H

#include "runtime/host/host.h"
#include "runtime/trace.h"

/* From now on into this ring. Takes the descriptor over. What is no such ring is refused. */
void trace_start(struct host *host, int fd);
void trace_stop(struct host *host);

/* NULL: nobody traces. Calls that began under a ring end under it: it stays mapped. */
static inline struct far_trace_ring *trace_wanted(const struct host *host)
{
    return __atomic_load_n(&host->trace, __ATOMIC_RELAXED);
}
void trace_begin(struct worker *worker);
void trace_end(struct worker *worker);

#endif
