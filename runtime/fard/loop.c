/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/loop.h"

#include <errno.h>
#include <limits.h>
#include <time.h>
#include <unistd.h>

int64_t loop_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int loop_init(struct loop *loop)
{
    loop->batch_count = 0;
    loop->quiet = false;
    list_init(&loop->timers);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    return loop->epoll < 0 ? -errno : 0;
}

void loop_free(struct loop *loop)
{
    if (loop->epoll >= 0)
        close(loop->epoll);
    loop->epoll = -1;
}

static int control(struct loop *loop, int operation, struct source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    return epoll_ctl(loop->epoll, operation, source->fd, &event) < 0 ? -errno : 0;
}

int loop_watch(struct loop *loop, struct source *source, uint32_t events)
{
    return control(loop, EPOLL_CTL_ADD, source, events);
}

int loop_change(struct loop *loop, struct source *source, uint32_t events)
{
    return control(loop, EPOLL_CTL_MOD, source, events);
}

void loop_forget(struct loop *loop, struct source *source)
{
    control(loop, EPOLL_CTL_DEL, source, 0);
    for (int i = 0; i < loop->batch_count; i++) {
        if (loop->batch[i].data.ptr == source)
            loop->batch[i].data.ptr = NULL;
    }
}

void timer_stop(struct timer *timer)
{
    list_take_out(&timer->link);
}

void timer_start(struct loop *loop, struct timer *timer, int64_t after_ms)
{
    timer_stop(timer);
    timer->at = loop_now() + after_ms;
    struct list *at = loop->timers.next;
    while (at != &loop->timers && list_entry(at, struct timer, link)->at <= timer->at)
        at = at->next;
    list_append(at, &timer->link); /* before `at` */
}

static int time_to_wait(const struct loop *loop, int wait_ms)
{
    if (list_is_empty(&loop->timers))
        return wait_ms;
    int64_t left = list_entry(loop->timers.next, struct timer, link)->at - loop_now();
    if (left < 0)
        left = 0;
    if (wait_ms >= 0 && left > wait_ms)
        left = wait_ms;
    return left > INT_MAX ? INT_MAX : (int)left;
}

static void fire_timers(struct loop *loop)
{
    int64_t now = loop_now();
    while (!list_is_empty(&loop->timers)) {
        struct timer *timer = list_entry(loop->timers.next, struct timer, link);
        if (timer->at > now)
            return;
        timer_stop(timer);
        timer->fire(timer);
    }
}

int loop_turn(struct loop *loop, int wait_ms)
{
    int result = 0;
    int count = epoll_wait(loop->epoll, loop->batch, LOOP_BATCH, time_to_wait(loop, wait_ms));
    if (count < 0)
        return errno == EINTR ? 0 : -errno;
    loop->batch_count = count;
    loop->quiet = count == 0;
    for (int i = 0; i < count && result >= 0; i++) {
        struct source *source = loop->batch[i].data.ptr;
        if (source)
            result = source->ready(source, loop->batch[i].events);
    }
    loop->batch_count = 0;
    fire_timers(loop);
    return result < 0 ? result : 0;
}
