/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What has become of a queued call. */
#include "runtime/lib/queue.h"

#include "runtime/lib/error.h"

#include <errno.h>
#include <farcall/farcall.h>
#include <string.h>
#include <time.h>

#define PAUSE_FIRST_MS 1
#define PAUSE_MOST_MS  50

_Static_assert(sizeof((struct far_ticket_info *)0)->service == FAR_SERVICE_MAX, "one size");
_Static_assert(sizeof((struct far_ticket_info *)0)->operation == FAR_QUEUE_NAME_MAX, "one size");
_Static_assert(sizeof((struct far_ticket_info *)0)->reason == FAR_QUEUE_REASON_MAX, "one size");

const char *far_ticket_state_name(enum far_ticket_state state)
{
    static const char *const names[] = {
#define FAR_TICKET_WORD_(NAME, word) [FAR_TICKET_##NAME] = word,
        FAR_TICKET_STATES(FAR_TICKET_WORD_)
#undef FAR_TICKET_WORD_
    };
    return (unsigned)state < FAR_TICKET_STATE_COUNT ? names[state] : "unknown";
}

static void info_from(struct far_ticket_info *info, const struct far_queue_entry *entry)
{
    *info = (struct far_ticket_info){
        .ticket = entry->ticket,
        .state = (enum far_ticket_state)entry->state,
        .error = entry->error,
        .queued_at = entry->queued_at,
    };
    memcpy(info->service, entry->service, sizeof info->service - 1);
    memcpy(info->operation, entry->operation, sizeof info->operation - 1);
    memcpy(info->reason, entry->reason, sizeof info->reason - 1);
}

static int refuse_with(int error)
{
    errno = error;
    return -1;
}

/* Of an answer of fard's, which holds entries: how many; -1: it is none. */
static int count_entries(const struct far_answer *answer)
{
    const struct far_queue_entry *entry = answer->body;
    size_t count = answer->size / sizeof *entry;
    if (answer->size % sizeof *entry)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (entry[i].state >= FAR_TICKET_STATE_COUNT || entry[i].result_width > sizeof entry[i].result)
            return -1;
    return (int)count;
}

/* 0, or an errno. */
static int look(far_ticket ticket, struct far_queue_entry *entry)
{
    struct far_error error = {.code = ENOMEM};
    const struct far_queue_look request = {.ticket = ticket};
    const struct iovec body = {(void *)(uintptr_t)&request, sizeof request};
    struct far_answer answer = {.body = entry, .room = sizeof *entry};
    if (queue_ask(FAR_MSG_QUEUE_LOOK, &body, 1, &answer, NULL, &error))
        return error.code;
    return count_entries(&answer) == 1 ? 0 : EPROTO;
}

/* If fard was lost in between, it may have been there when we asked first. */
static int drop(far_ticket ticket)
{
    bool again;
    struct far_error error = {.code = ENOMEM};
    const struct far_queue_ticket request = {.ticket = ticket};
    const struct iovec body = {(void *)(uintptr_t)&request, sizeof request};
    struct far_answer answer = {0};
    if (!queue_ask(FAR_MSG_QUEUE_DROP, &body, 1, &answer, &again, &error))
        return 0;
    return error.code == ENOENT && again ? 0 : error.code;
}

int far_ticket_look(far_ticket ticket, struct far_ticket_info *info)
{
    struct far_queue_entry entry;
    int failed = look(ticket, &entry);
    if (failed)
        return refuse_with(failed);
    if (info)
        info_from(info, &entry);
    return 0;
}

static bool has_ended(const struct far_queue_entry *entry)
{
    return entry->state != FAR_TICKET_QUEUED && entry->state != FAR_TICKET_BEGUN;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Asked again and again: a thread that waits must not keep the process's one connection to itself. */
int far_ticket_wait(far_ticket ticket, int timeout_ms, struct far_ticket_info *info)
{
    struct far_queue_entry entry;
    int64_t end = now_ms() + timeout_ms, pause = PAUSE_FIRST_MS;
    for (;;) {
        int failed = look(ticket, &entry);
        if (failed)
            return refuse_with(failed);
        int64_t left = timeout_ms < 0 ? PAUSE_MOST_MS : end - now_ms();
        if (has_ended(&entry) || left <= 0)
            break;
        pause = pause < left ? pause : left;
        const struct timespec length = {pause / 1000, pause % 1000 * 1000000};
        nanosleep(&length, NULL);
        pause = pause * 2 < PAUSE_MOST_MS ? pause * 2 : PAUSE_MOST_MS;
    }
    if (info)
        info_from(info, &entry);
    return has_ended(&entry) ? 0 : refuse_with(ETIMEDOUT);
}

/* Its result stays with fard until we have it: if this process dies in between, the next one finds it. */
static int claim(far_ticket ticket, struct far_queue_entry *entry)
{
    int failed = look(ticket, entry);
    if (!failed && !has_ended(entry))
        return EAGAIN;
    return failed ? failed : drop(ticket);
}

int far_ticket_claim(far_ticket ticket, void *result, struct far_ticket_info *info)
{
    struct far_queue_entry entry;
    int failed = claim(ticket, &entry);
    if (failed && info)
        info->ticket = 0;
    if (failed)
        return refuse_with(failed);
    if (info)
        info_from(info, &entry);
    if (entry.state != FAR_TICKET_DONE)
        return refuse_with(entry.error);
    if (result)
        memcpy(result, &entry.result, entry.result_width);
    if (entry.error)
        errno = entry.error;
    return 0;
}

int far_ticket_drop(far_ticket ticket)
{
    int failed = drop(ticket);
    return failed ? refuse_with(failed) : 0;
}

int far_ticket_list(far_ticket after, struct far_ticket_info *info, size_t room)
{
    struct far_error error = {.code = ENOMEM};
    struct far_queue_entry entry[FAR_QUEUE_PAGE];
    size_t filled = 0;
    while (filled < room) {
        const struct far_queue_look request = {.ticket = after, .list = 1};
        const struct iovec vector = {(void *)(uintptr_t)&request, sizeof request};
        struct far_answer answer = {.body = entry, .room = sizeof entry};
        if (queue_ask(FAR_MSG_QUEUE_LOOK, &vector, 1, &answer, NULL, &error))
            return refuse_with(error.code);
        int count = count_entries(&answer);
        if (count <= 0)
            return count < 0 ? refuse_with(EPROTO) : (int)filled;
        for (int i = 0; i < count && filled < room; i++)
            info_from(&info[filled++], &entry[i]);
        after = entry[count - 1].ticket;
    }
    return (int)filled;
}
