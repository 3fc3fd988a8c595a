/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Lines, and when each has a courier. */
#include "runtime/fard/log.h"
#include "runtime/fard/queue.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct queue_line *line_at(struct list *at)
{
    return list_entry(at, struct queue_line, link);
}

static bool same_line(const struct queue_line_name *one, const struct queue_line_name *other)
{
    return one->uid == other->uid && one->major == other->major && strcmp(one->service, other->service) == 0;
}

const struct queue_line *queue_line_find(const struct fard *fard, const struct queue_line_name *name)
{
    for (struct list *at = fard->queue.next; at != &fard->queue; at = at->next)
        if (same_line(&line_at(at)->name, name))
            return line_at(at);
    return NULL;
}

struct queue_line *queue_line_of(struct fard *fard, pid_t pid)
{
    for (struct list *at = fard->queue.next; at != &fard->queue; at = at->next)
        if (line_at(at)->life.fd >= 0 && line_at(at)->pid == pid)
            return line_at(at);
    return NULL;
}

static void line_free(struct queue_line *line)
{
    timer_stop(&line->timer);
    list_take_out(&line->link);
    free(line);
}

static void again_later(struct queue_line *line, int64_t pause_ms)
{
    timer_start(&line->fard->loop, &line->timer, pause_ms);
}

/* Nobody will ever say more about what it was making. */
static int give_up_begun(struct queue_line *line, struct far_error *error)
{
    struct far_queue_mark mark = {.ticket = line->begun, .error = EHOSTDOWN};
    if (!line->begun)
        return 0;
    snprintf(mark.reason, sizeof mark.reason, "the courier ended while it made the call");
    int result = store_queue_interrupt(line->fard->store, &mark, error);
    line->begun = result ? line->begun : 0;
    return result;
}

static void say_failure(const struct queue_line *line, int result, struct far_error *error, const char *what)
{
    if (result < 0)
        describe_failure(error, result, what);
    log_service(LOG_LEVEL_ERROR, "queue-failed", line->name.service, 0, "queued calls of service '%s' by uid %u: %s",
                line->name.service, line->name.uid, error->text);
}

/* After a courier: is there anything left to be done? */
static void go_on(struct queue_line *line)
{
    uint64_t next = 0;
    struct far_error error = {0};
    int result = give_up_begun(line, &error);
    result = result ? result : store_queue_next(line->fard->store, &line->name, &next, NULL, NULL, &error);
    if (!result && !next) {
        line_free(line);
        return;
    }
    if (result)
        say_failure(line, result, &error, "reading the store");
    int64_t longer = line->pause_ms * 2 < QUEUE_PAUSE_MAX_MS ? line->pause_ms * 2 : QUEUE_PAUSE_MAX_MS;
    line->pause_ms = line->progressed ? QUEUE_PAUSE_MIN_MS : longer;
    line->progressed = false;
    again_later(line, result ? QUEUE_PAUSE_MAX_MS : line->pause_ms);
}

static void forget_courier(struct queue_line *line)
{
    loop_forget(&line->fard->loop, &line->life);
    close(line->life.fd);
    line->life.fd = -1;
    waitpid(line->pid, NULL, 0);
    line->pid = 0;
}

static int courier_ended(struct source *source, uint32_t events)
{
    struct queue_line *line = list_entry(source, struct queue_line, life);
    (void)events;
    forget_courier(line);
    go_on(line);
    return 0;
}

static bool has_room(const struct queue_line *line)
{
    uint32_t all = 0, own = 0;
    const struct fard *fard = line->fard;
    for (struct list *at = fard->queue.next; at != &fard->queue; at = at->next) {
        bool runs = line_at(at)->life.fd >= 0;
        all += runs;
        own += runs && line_at(at)->name.uid == line->name.uid;
    }
    return all < QUEUE_COURIERS_MAX && own < QUEUE_COURIERS_EACH;
}

static void start_courier(struct queue_line *line)
{
    struct fard *fard = line->fard;
    int result = courier_spawn(fard, &line->name, &line->pid, &line->life.fd);
    if (!result && (result = loop_watch(&fard->loop, &line->life, EPOLLIN)) != 0) {
        kill(line->pid, SIGKILL);
        forget_courier(line);
    }
    if (!result)
        return;
    struct far_error error = {0};
    say_failure(line, result, &error, "starting far-courier");
    line->life.fd = -1;
    again_later(line, QUEUE_PAUSE_MAX_MS);
}

static void line_turn(struct timer *timer)
{
    struct queue_line *line = list_entry(timer, struct queue_line, timer);
    struct far_error error = {0};
    if (line->life.fd >= 0)
        return;
    if (give_up_begun(line, &error) || !has_room(line))
        again_later(line, QUEUE_PAUSE_MAX_MS);
    else
        start_courier(line);
}

int queue_line_add(struct fard *fard, const struct queue_line_name *name)
{
    if (queue_line_find(fard, name))
        return 0;
    struct queue_line *line = calloc(1, sizeof *line);
    if (!line)
        return -ENOMEM;
    line->fard = fard;
    line->name = *name;
    line->life = (struct source){-1, courier_ended};
    line->timer.fire = line_turn;
    line->pause_ms = QUEUE_PAUSE_MIN_MS;
    list_append(&fard->queue, &line->link);
    again_later(line, 0);
    return 0;
}

static int load_line(void *context, const struct queue_line_name *name)
{
    return queue_line_add(context, name);
}

int queue_load(struct fard *fard, struct far_error *error)
{
    struct far_queue_mark mark = {.error = EHOSTDOWN, .reason = "fard ended while the call was made"};
    int result = store_queue_interrupt(fard->store, &mark, error);
    return result ? result : store_queue_each_line(fard->store, load_line, fard, error);
}

void queue_free(struct fard *fard)
{
    while (!list_is_empty(&fard->queue)) {
        struct queue_line *line = line_at(fard->queue.next);
        if (line->life.fd >= 0) {
            kill(line->pid, SIGKILL);
            forget_courier(line);
        }
        line_free(line);
    }
}

static void hurry(struct queue_line *line)
{
    line->pause_ms = QUEUE_PAUSE_MIN_MS;
    line->progressed = true; /* a courier that is about to give up tries again at once */
    if (line->life.fd < 0)
        again_later(line, 0);
}

void queue_service_ready(struct fard *fard, const char *service)
{
    for (struct list *at = fard->queue.next; at != &fard->queue; at = at->next)
        if (strcmp(line_at(at)->name.service, service) == 0)
            hurry(line_at(at));
}

void queue_node_ready(struct fard *fard)
{
    for (struct list *at = fard->queue.next; at != &fard->queue; at = at->next)
        hurry(line_at(at));
}
