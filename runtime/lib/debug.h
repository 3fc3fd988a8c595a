/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What debuggers and profilers are told of the segments that are mapped in a process. For gdb, as ld.so does it with
 * r_debug: a list that starts at the symbol far_debug, and a function that is called after each change, for a
 * breakpoint (share/farcall/gdb/farcall.py). For perf: /tmp/perf-PID.map, if FARCALL_PERF is set.
 */
#ifndef FARCALL_DEBUG_H
#define FARCALL_DEBUG_H

#include "runtime/iface.h"
#include "runtime/segment.h"

#include <farcall/farcall.h>

#define FAR_DEBUG_VERSION 1

/* The script knows this layout: words of 8 bytes, in this order. */
struct far_debug_service {
    struct far_debug_service *next;
    const char *name;
    uint64_t base;  /* address of the segment's first byte */
    uint64_t level; /* enum far_level; FAR_LEVEL_TRUSTED in the service's host */
};

struct far_debug {
    uint64_t version;
    struct far_debug_service *first;
};
extern struct far_debug far_debug;
void far_debug_bound(void);

/* A segment that has just been mapped. */
struct far_mapped {
    const char *service;
    uint64_t base;
    const struct far_extent *part; /* absolute */
    enum far_level level;
    const struct far_iface *iface;
};

/* With the lock held. Memory that cannot be had and files that cannot be written are no reason to fail. */
void debug_add(struct far_debug_service *entry, const struct far_mapped *mapped);

/* perf.c: append the names of a segment's operations to the process's map file. */
void perf_write(const struct far_mapped *mapped);

#endif
