/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far top: two looks at fard and at /proc, and what happened between them. */
#ifndef FARCALL_FAR_REGISTRY_TOP_H
#define FARCALL_FAR_REGISTRY_TOP_H

#include "runtime/far/registry_client.h"

/* A service, and what its host used up to now. */
struct top_service {
    struct far_top_service entry;
    uint64_t cpu_ticks; /* of its host; 0: unknown */
    uint64_t resident;  /* bytes */
    double calls_rate;  /* a second, since the look before */
    double cpu;         /* in percent of one processor */
};

struct top_look {
    struct far_status_reply fard;
    struct top_service *service;
    uint32_t service_count;
    struct far_top_user *user;
    uint32_t user_count;
    double at; /* seconds */
};

#define TOP_SORTS(X) X(CALLS, calls) X(CPU, cpu) X(RSS, rss) X(CHANNELS, channels) X(RESTARTS, restarts) X(NAME, name)
enum top_sort {
#define X(NAME, name) TOP_SORT_##NAME,
    TOP_SORTS(X)
#undef X
        TOP_SORT_COUNT
};

/* Asks fard for everything. 0 or an exit code, printed. */
int top_take(struct fard_connection *connection, struct top_look *look);
void top_free(struct top_look *look);
/* Fills in the rates of `now`: what was not there before, or was started again, has none. */
void top_compare(const struct top_look *before, struct top_look *now);
void top_sort(struct top_look *look, enum top_sort by);

/* columns: of the terminal; 0: it is none. lines: how many may be printed; 0: all. */
void top_print(const struct top_look *look, unsigned columns, unsigned lines);
void top_print_json(const struct top_look *look);

#endif
