/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* One epoll loop, one thread. A source may be forgotten and freed at any time, also while its batch is being worked
 * off. */
#ifndef FARCALL_LOOP_H
#define FARCALL_LOOP_H

#include "runtime/fard/list.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct source {
    int fd;                                               /* the owner's */
    int (*ready)(struct source *source, uint32_t events); /* a negative result ends the loop with it */
};

struct timer {
    struct list link;
    int64_t at; /* milliseconds, CLOCK_MONOTONIC */
    void (*fire)(struct timer *timer);
};

#define LOOP_BATCH 64

struct loop {
    int epoll;
    struct epoll_event batch[LOOP_BATCH];
    int batch_count;
    bool quiet;         /* nothing had happened when the last turn looked */
    struct list timers; /* by rising time */
};

int loop_init(struct loop *loop);
void loop_free(struct loop *loop);
int loop_watch(struct loop *loop, struct source *source, uint32_t events);
int loop_change(struct loop *loop, struct source *source, uint32_t events);
void loop_forget(struct loop *loop, struct source *source);
/* Waits for something to happen, at most wait_ms (-1: no limit), and deals with it. */
int loop_turn(struct loop *loop, int wait_ms);

int64_t loop_now(void);
void timer_start(struct loop *loop, struct timer *timer, int64_t after_ms); /* again, if it is running */
void timer_stop(struct timer *timer);

#endif
