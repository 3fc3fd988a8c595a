/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What clients and couriers say about queued calls. */
#include "runtime/fard/queue.h"

#include "runtime/fard/confined.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* --- clients --- */

static bool is_hosts_uid(const struct fard *fard, uid_t uid)
{
    if (fard->uid != 0)
        return uid == fard->uid;
    for (uint32_t i = 0; i < fard->registry.count; i++)
        if (fard->registry.service[i]->host && fard->registry.service[i]->host->uid == uid)
            return true;
    return false;
}

/* Its calls would be made by a process of its uid that nothing confines. */
static int check_user(const struct client *client, struct far_error *error)
{
    const struct fard *fard = client->fard;
    if (fard->uid != 0 && client->who.uid != fard->uid)
        return refuse(error, ENOTSUP, EX_UNAVAILABLE,
                      "this fard runs as uid %u and cannot make calls for uid %u later; one that runs as root can",
                      fard->uid, client->who.uid);
    if (is_hosts_uid(fard, client->who.uid) && peer_is_confined(client->peer.source.fd))
        return refuse(error, EACCES, EX_NOPERM, "a service in its sandbox cannot queue calls");
    return 0;
}

static int check_quota(const struct client *client, const struct far_queue_call *call, struct far_error *error)
{
    struct queue_usage usage;
    int result = store_queue_usage(client->fard->store, client->who.uid, &usage, error);
    if (result)
        return result;
    if (usage.calls >= QUEUE_CALLS_MAX)
        return refuse(error, EDQUOT, EX_UNAVAILABLE,
                      "uid %u has %u queued calls that wait or are not claimed, and can have no more", client->who.uid,
                      QUEUE_CALLS_MAX);
    if (usage.bytes + sizeof *call + call->bytes > QUEUE_USER_BYTES)
        return refuse(error, EDQUOT, EX_UNAVAILABLE,
                      "the queued calls of uid %u that wait or are not claimed take %llu bytes, and can take %llu",
                      client->who.uid, (unsigned long long)usage.bytes, (unsigned long long)QUEUE_USER_BYTES);
    return 0;
}

/* A call that is there already was said before fard was lost, or its answer. */
static int keep_call(struct client *client, const struct far_queue_call *call, uint64_t *ticket,
                     struct far_error *error)
{
    struct store *store = client->fard->store;
    int result = store_queue_find(store, client->who.uid, call, ticket, error);
    if (result || *ticket)
        return result;
    result = check_quota(client, call, error);
    return result ? result : store_queue_put(store, client->who.uid, call, call + 1, ticket, error);
}

int handle_queue_put(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_queue_call *call;
    struct far_queue_ticket reply;
    int result = protocol_check_queue_put(message, &call, error);
    result = result ? result : check_user(client, error);
    result = result ? result : keep_call(client, call, &reply.ticket, error);
    if (result)
        return result;
    struct queue_line_name line = {.uid = client->who.uid, .major = call->major};
    memcpy(line.service, call->service, sizeof line.service);
    result = queue_line_add(client->fard, &line);
    if (!result)
        client_reply(client, message, &reply, sizeof reply);
    return result;
}

static void say_what_it_waits_for(const struct fard *fard, struct far_queue_entry *entry)
{
    struct queue_line_name name = {.uid = entry->uid, .major = entry->major};
    memcpy(name.service, entry->service, sizeof name.service);
    const struct queue_line *line = entry->state == FAR_TICKET_QUEUED ? queue_line_find(fard, &name) : NULL;
    if (line && line->why[0])
        memcpy(entry->reason, line->why, sizeof entry->reason);
}

int handle_queue_look(struct client *client, const struct far_message *message, struct far_error *error)
{
    struct far_queue_entry entry[FAR_QUEUE_PAGE];
    const struct far_queue_look *look;
    uint32_t count = 0;
    bool found = false;
    int result = protocol_check_queue_look(message, &look, error);
    if (!result && look->all)
        result = client_check_manager(client, error);
    if (result)
        return result;
    struct store *store = client->fard->store;
    int64_t uid = look->all ? STORE_QUEUE_ANYBODY : (int64_t)client->who.uid;
    if (look->list)
        result = store_queue_list(store, look->ticket, uid, entry, FAR_QUEUE_PAGE, &count, error);
    else
        result = store_queue_get(store, look->ticket, uid, entry, &found, error);
    if (!result && !look->list && !found)
        result = refuse(error, ENOENT, EX_NOINPUT, "there is no ticket %llu of uid %u",
                        (unsigned long long)look->ticket, client->who.uid);
    if (result)
        return result;
    count += found;
    for (uint32_t i = 0; i < count; i++)
        say_what_it_waits_for(client->fard, &entry[i]);
    client_reply(client, message, entry, count * sizeof *entry);
    return 0;
}

int handle_queue_drop(struct client *client, const struct far_message *message, struct far_error *error)
{
    struct far_error ignored;
    struct far_queue_entry entry;
    const struct far_queue_ticket *ticket;
    bool found, manager = client_check_manager(client, &ignored) == 0;
    int result = protocol_check_queue_ticket(message, &ticket, error);
    if (result)
        return result;
    struct store *store = client->fard->store;
    int64_t uid = manager ? STORE_QUEUE_ANYBODY : (int64_t)client->who.uid;
    result = store_queue_get(store, ticket->ticket, uid, &entry, &found, error);
    if (!result && !found)
        result = refuse(error, ENOENT, EX_NOINPUT, "there is no ticket %llu of uid %u",
                        (unsigned long long)ticket->ticket, client->who.uid);
    if (!result && entry.state == FAR_TICKET_BEGUN)
        result = refuse(error, EBUSY, EX_TEMPFAIL, "the call of ticket %llu is being made",
                        (unsigned long long)ticket->ticket);
    result = result ? result : store_queue_remove(store, ticket->ticket, error);
    if (!result)
        client_reply(client, message, NULL, 0);
    return result;
}

/* --- couriers --- */

static int courier_line(struct client *client, struct queue_line **line, struct far_error *error)
{
    *line = client->guest ? NULL : queue_line_of(client->fard, client->who.pid);
    if (*line && (*line)->name.uid == client->who.uid)
        return 0;
    return refuse(error, EACCES, EX_NOPERM, "process %d is no courier of this fard's", (int)client->who.pid);
}

int handle_queue_next(struct client *client, const struct far_message *message, struct far_error *error)
{
    struct {
        struct far_queue_ticket ticket;
        struct far_queue_call call;
        char memory[FAR_QUEUE_BYTES_MAX];
    } reply;
    struct queue_line *line;
    int result = protocol_check_empty(message, error);
    result = result ? result : courier_line(client, &line, error);
    if (!result && line->begun)
        result = refuse(error, EBUSY, EX_PROTOCOL, "the call before it has not ended");
    if (!result)
        result =
            store_queue_next(client->fard->store, &line->name, &reply.ticket.ticket, &reply.call, reply.memory, error);
    if (!result && !reply.ticket.ticket)
        result = refuse(error, ENODATA, EX_NOINPUT, "no call waits here");
    if (!result)
        client_reply(client, message, &reply, offsetof(typeof(reply), memory) + reply.call.bytes);
    return result;
}

static int begin(struct queue_line *line, const struct far_queue_mark *mark, struct far_error *error)
{
    uint64_t next;
    int result = store_queue_next(line->fard->store, &line->name, &next, NULL, NULL, error);
    if (!result && (line->begun || next != mark->ticket)) /* somebody has dropped it */
        result = refuse(error, ESTALE, EX_TEMPFAIL, "ticket %llu is not the next", (unsigned long long)mark->ticket);
    result = result ? result : store_queue_begin(line->fard->store, mark->ticket, error);
    line->begun = result ? line->begun : mark->ticket;
    return result;
}

static int give_back(struct queue_line *line, const struct far_queue_mark *mark, struct far_error *error)
{
    memcpy(line->why, mark->reason, sizeof line->why);
    return line->begun ? store_queue_return(line->fard->store, mark->ticket, error) : 0;
}

/* What was never begun can fail too: its interface is another one now. */
static int end_call(struct queue_line *line, const struct far_queue_mark *mark, struct far_error *error)
{
    uint64_t next = line->begun;
    int result = next ? 0 : store_queue_next(line->fard->store, &line->name, &next, NULL, NULL, error);
    if (!result && (next != mark->ticket || (!line->begun && mark->kind != FAR_QUEUE_MARK_FAILED)))
        result = refuse(error, ESTALE, EX_PROTOCOL, "ticket %llu was not begun", (unsigned long long)mark->ticket);
    line->progressed |= !result;
    line->why[0] = '\0';
    return result ? result : store_queue_end(line->fard->store, mark, error);
}

int handle_queue_mark(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_queue_mark *mark;
    struct queue_line *line;
    int result = protocol_check_queue_mark(message, &mark, error);
    result = result ? result : courier_line(client, &line, error);
    if (result)
        return result;
    if (line->begun && mark->ticket != line->begun)
        return refuse(error, ESTALE, EX_PROTOCOL, "another call is being made");
    if (mark->kind == FAR_QUEUE_MARK_BEGUN)
        result = begin(line, mark, error);
    else if (mark->kind == FAR_QUEUE_MARK_RETURNED)
        result = give_back(line, mark, error);
    else if (mark->kind == FAR_QUEUE_MARK_INTERRUPTED)
        result = line->begun ? store_queue_interrupt(line->fard->store, mark, error) : 0;
    else
        result = end_call(line, mark, error);
    if (result)
        return result;
    line->begun = mark->kind == FAR_QUEUE_MARK_BEGUN ? mark->ticket : 0;
    client_reply(client, message, NULL, 0);
    return 0;
}
