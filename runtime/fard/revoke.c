/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Taking a right away (testsuite/model/revocation.pml). In this order, each step being done before the next begins:
 *
 *     out of the store and out of the table       nobody gains it any more, not even after a crash
 *     the holders' channels end, bindings are void no call of theirs is answered any more
 *     who has its memory mapped is told            FAR_MSG_REVOKED; the library unmaps, and says FAR_MSG_REVOKE_DONE
 *     all have said so, or a second has passed
 *     every process is looked at (revoke_scan.c)   who has no right to the memory, and has it still, is killed
 *     whoever asked for it is answered
 *
 * What the process is told is a courtesy to it: nothing depends on its doing as it says.
 */
#include "runtime/fard/adopt.h"
#include "runtime/fard/request_capability.h"
#include "runtime/fard/revoke_internal.h"
#include "runtime/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

/* A channel that its host has been told to close. */
struct closing {
    struct list of_revocation;
    const struct host *host;
    uint32_t channel;
};

static void told_free(struct told *told)
{
    list_take_out(&told->of_revocation);
    if (told->pidfd >= 0)
        close(told->pidfd);
    free(told);
}

static void closing_free(struct closing *closing)
{
    list_take_out(&closing->of_revocation);
    free(closing);
}

static void revocation_free(struct revocation *revocation)
{
    timer_stop(&revocation->deadline);
    while (!list_is_empty(&revocation->closing))
        closing_free(list_entry(revocation->closing.next, struct closing, of_revocation));
    while (!list_is_empty(&revocation->told))
        told_free(list_entry(revocation->told.next, struct told, of_revocation));
    list_take_out(&revocation->link);
    free(revocation->uid);
    free(revocation);
}

static void audit_revocation(const struct revocation *revocation)
{
    char text[160];
    const struct far_revoke_reply *reply = &revocation->reply;
    const struct service *service = registry_find_id(&revocation->fard->registry, revocation->service_id);
    snprintf(text, sizeof text, "%u capabilities, %u holders, %u killed, %u kept, %u unseen%s", reply->capabilities,
             reply->holders, reply->killed, reply->kept, reply->unseen, reply->unfinished ? ", not finished" : "");
    if (service)
        audit_service(revocation->fard, revocation->client, "capability-revoked", service, text);
}

void revocation_answer(struct revocation *revocation)
{
    const struct far_revoke_reply *reply = &revocation->reply;
    fard_log("revocation %u: %u capabilities, %u holders, %u killed, %u still hold it, %u not seen%s",
             revocation->number, reply->capabilities, reply->holders, reply->killed, reply->kept, reply->unseen,
             reply->unfinished ? "; not finished" : "");
    audit_revocation(revocation);
    if (revocation->client)
        peer_send(&revocation->client->peer, FAR_MSG_CAPABILITY_REVOKE | FAR_MSG_REPLY, revocation->serial, reply,
                  sizeof *reply, NULL, 0);
    revocation_free(revocation);
}

/* Who holds the memory by another capability, and was bound by the fard before, needs a moment to say so again. */
static bool holders_may_be_coming(struct revocation *revocation)
{
    const struct fard *fard = revocation->fard;
    int64_t left = fard->took_over_at ? fard->took_over_at + REVOKE_RETURN_MS - loop_now() : 0;
    if (left <= 0 || (revocation->uid_count == 0 && list_is_empty(&revocation->told)))
        return false;
    timer_start(&revocation->fard->loop, &revocation->deadline, left);
    return true;
}

static void look_at_all(struct revocation *revocation)
{
    if (revocation->state != REVOCATION_TELLING || holders_may_be_coming(revocation))
        return;
    if (!list_is_empty(&revocation->closing)) {
        fard_log("revocation %u: a host has not said in time that it answers no more", revocation->number);
        revocation->reply.unfinished = 1;
    }
    timer_stop(&revocation->deadline);
    if (revocation->uid_count == 0 && list_is_empty(&revocation->told))
        revocation_answer(revocation); /* nobody was ever given the memory by it */
    else
        look_for(revocation);
}

static void deadline_passed(struct timer *timer)
{
    look_at_all(list_entry(timer, struct revocation, deadline));
}

static bool all_done(const struct revocation *revocation)
{
    for (const struct list *at = revocation->told.next; at != &revocation->told; at = at->next) {
        const struct told *told = list_entry(at, struct told, of_revocation);
        if (told->client && !told->done)
            return false;
    }
    return list_is_empty(&revocation->closing);
}

int handle_revoke_done(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_revoke_done *request;
    int result = protocol_check_revoke_done(message, &request, error);
    if (result)
        return result;
    for (struct list *at = client->fard->revocations.next; at != &client->fard->revocations; at = at->next) {
        struct revocation *revocation = list_entry(at, struct revocation, link);
        if (revocation->number != request->revocation)
            continue;
        for (struct list *of = revocation->told.next; of != &revocation->told; of = of->next) {
            struct told *told = list_entry(of, struct told, of_revocation);
            told->done |= told->client == client;
        }
        if (all_done(revocation))
            look_at_all(revocation);
        return 0;
    }
    return 0; /* too late, or never: no mistake that is worth an answer */
}

void revocations_forget_client(struct client *client)
{
    for (struct list *at = client->fard->revocations.next, *next; at != &client->fard->revocations; at = next) {
        struct revocation *revocation = list_entry(at, struct revocation, link);
        next = at->next;
        if (revocation->client == client)
            revocation->client = NULL;
        for (struct list *of = revocation->told.next; of != &revocation->told; of = of->next) {
            struct told *told = list_entry(of, struct told, of_revocation);
            if (told->client == client)
                told->client = NULL;
        }
        if (all_done(revocation))
            look_at_all(revocation);
    }
}

static void host_closed(struct revocation *revocation, const struct host *host, uint32_t channel)
{
    bool any = false;
    for (struct list *at = revocation->closing.next, *next; at != &revocation->closing; at = next) {
        struct closing *closing = list_entry(at, struct closing, of_revocation);
        next = at->next;
        if (closing->host != host || (channel && closing->channel != channel))
            continue;
        closing_free(closing);
        any = true;
    }
    if (any && all_done(revocation))
        look_at_all(revocation);
}

void revocations_host_closed(struct host *host, const struct far_message *message)
{
    const struct far_close_channel *closed = message ? (const void *)(message + 1) : NULL;
    if (message && message->size != sizeof *message + sizeof *closed)
        return; /* it has been complained about */
    for (struct list *at = host->fard->revocations.next, *next; at != &host->fard->revocations; at = next) {
        struct revocation *revocation = list_entry(at, struct revocation, link);
        next = at->next;
        host_closed(revocation, host, closed ? closed->channel : 0);
    }
}

void revocations_free(struct fard *fard)
{
    timer_stop(&fard->expiry);
    look_abandon(fard);
    revoke_store_end(fard);
    while (!list_is_empty(&fard->revocations))
        revocation_free(list_entry(fard->revocations.next, struct revocation, link));
}

/* As it was when it connected, whatever has the number by now. */
static int pidfd_of(const struct client *client)
{
    int fd = -1;
    socklen_t size = sizeof fd;
    if (getsockopt(client->peer.source.fd, SOL_SOCKET, SO_PEERPIDFD, &fd, &size) == 0)
        return fd;
    return (int)syscall(SYS_pidfd_open, client->who.pid, 0);
}

static int remember_told(struct revocation *revocation, const struct client *client)
{
    struct told *told = calloc(1, sizeof *told);
    if (!told)
        return -ENOMEM;
    *told = (struct told){.client = client, .pid = client->who.pid, .pidfd = pidfd_of(client)};
    list_append(&revocation->told, &told->of_revocation);
    return 0;
}

static void tell(struct revocation *revocation, struct client *client, const struct service *service,
                 const struct bound *bound)
{
    const struct far_revoked body = {service->range.base, service->id, revocation->number};
    const struct executable *executable =
        service_executable(service, bound->machine ? bound->machine : FAR_MACHINE_NATIVE);
    bool with_stubs = bound->handed == FAR_LEVEL_TRUSTED && executable;
    peer_send(&client->peer, FAR_MSG_REVOKED, 0, &body, sizeof body, with_stubs ? &executable->stubs[STUBS_TRAP] : NULL,
              with_stubs);
}

/* One that cannot be noted is not waited for, and the answer says so. */
static void await_close(struct revocation *revocation, const struct host *host, uint32_t channel)
{
    struct closing *closing = malloc(sizeof *closing);
    if (!closing) {
        revocation->reply.unfinished = 1;
        return;
    }
    *closing = (struct closing){.host = host, .channel = channel};
    list_append(&revocation->closing, &closing->of_revocation);
}

/* Was it by one of these, or does none matter any more (ids NULL)? */
static bool goes_with(uint32_t capability, const uint32_t *ids, uint32_t count)
{
    for (uint32_t i = 0; ids && i < count; i++)
        if (ids[i] == capability)
            return true;
    return !ids;
}

static void end_channels(struct revocation *revocation, struct client *client, const struct service *service,
                         const uint32_t *ids, uint32_t count)
{
    for (struct list *at = client->channels.next, *next; at != &client->channels; at = next) {
        struct channel *channel = list_entry(at, struct channel, of_client);
        next = at->next;
        if (!host_serves(channel->host, service) || !goes_with(channel->capability, ids, count))
            continue;
        await_close(revocation, channel->host, channel->id);
        channel_end(channel, CHANNEL_REVOKED);
    }
}

static void refuse_waiters(struct client *client, uint32_t service_id, const uint32_t *ids, uint32_t count)
{
    for (struct list *at = client->waiters.next, *next; at != &client->waiters; at = next) {
        struct waiter *waiter = list_entry(at, struct waiter, of_client);
        struct far_error error;
        next = at->next;
        if (waiter->service_id != service_id || !goes_with(waiter->capability, ids, count))
            continue;
        refuse(&error, EACCES, EX_NOPERM, "the capability that the service was bound by was revoked");
        channel_count_down(client, waiter->size);
        peer_send_error(&client->peer, waiter->serial, &error);
        waiter_free(waiter);
    }
}

/* What is bound to the service over this connection, by a right that may have gone. */
static int look_at_bound(struct revocation *revocation, struct client *client, struct bound *bound,
                         const struct service *service, const uint32_t *ids, uint32_t count)
{
    enum far_level now = policy_grant(&revocation->fard->registry, service, &client->who, NULL);
    if (bound->revoked)
        return 0;
    bool keeps = now >= bound->handed;
    end_channels(revocation, client, service, keeps ? ids : NULL, count);
    refuse_waiters(client, service->id, keeps ? ids : NULL, count);
    if (keeps)
        return 0;
    bound->revoked = true;
    revocation->reply.holders++;
    if (bound->handed < FAR_LEVEL_READ)
        return 0;
    int result = remember_told(revocation, client);
    tell(revocation, client, service, bound);
    return result;
}

static bool forget_presented(struct principal *who, const uint32_t *ids, uint32_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < who->presented_count; i++) {
        bool gone = false;
        for (uint32_t j = 0; j < count; j++)
            gone |= who->presented[i] == ids[j];
        if (!gone)
            who->presented[kept++] = who->presented[i];
    }
    bool any = kept < who->presented_count;
    who->presented_count = kept;
    return any;
}

static int take_from_client(struct revocation *revocation, struct client *client, const uint32_t *ids, uint32_t count)
{
    int result = 0;
    const struct service *service = registry_find_id(&revocation->fard->registry, revocation->service_id);
    if (!forget_presented(&client->who, ids, count) || !service)
        return 0;
    for (uint32_t i = 0; i < client->bound_count; i++) {
        if (client->bound[i].service_id != service->id)
            continue;
        int failed = look_at_bound(revocation, client, &client->bound[i], service, ids, count);
        result = result ? result : failed;
    }
    return result;
}

static bool is_below_any(const struct capabilities *table, uint32_t id, const uint32_t *top, uint32_t top_count)
{
    for (uint32_t i = 0; i < top_count; i++)
        if (capability_is_below(table, id, top[i]))
            return true;
    return false;
}

/* They and all below them, by rising id. */
static uint32_t *list_below(const struct capabilities *table, const uint32_t *top, uint32_t top_count, uint32_t *count)
{
    uint32_t *ids = calloc(table->count + 1, sizeof *ids);
    *count = 0;
    for (uint32_t i = 0; ids && i < table->count; i++)
        if (is_below_any(table, table->item[i]->id, top, top_count))
            ids[(*count)++] = table->item[i]->id;
    return ids;
}

static struct revocation *revocation_new(struct fard *fard, struct client *client, uint32_t serial)
{
    struct revocation *revocation = calloc(1, sizeof *revocation);
    if (!revocation)
        return NULL;
    revocation->fard = fard;
    revocation->client = client;
    revocation->serial = serial;
    revocation->number = ++fard->last_revocation;
    revocation->deadline.fire = deadline_passed;
    list_init(&revocation->told);
    list_init(&revocation->closing);
    list_append(&fard->revocations, &revocation->link);
    return revocation;
}

/*
 * A channel that an earlier fard opened: no client of ours has it, and the host goes on answering in it. It goes if the
 * capability that it is held by has gone.
 */
static void end_orphan(void *context, struct host *host, uint32_t channel, pid_t pid, enum far_level level,
                       uint32_t capability)
{
    struct revocation *revocation = context;
    const struct far_close_channel body = {channel, FAR_FATE_REVOKED};
    (void)pid;
    (void)level;
    if (!capability || capability_find(&revocation->fard->registry.capabilities, capability))
        return;
    await_close(revocation, host, channel);
    peer_send(&host->peer, FAR_MSG_HOST_CLOSE, 0, &body, sizeof body, NULL, 0);
}

static void end_orphans(struct revocation *revocation)
{
    struct fard *fard = revocation->fard;
    const struct service *service = registry_find_id(&fard->registry, revocation->service_id);
    if (service && service->host)
        orphans_each(service->host, end_orphan, revocation);
    for (struct list *at = fard->leaving.next; service && at != &fard->leaving; at = at->next) {
        struct host *host = list_entry(at, struct host, link);
        if (host_serves(host, service))
            orphans_each(host, end_orphan, revocation);
    }
}

static bool has_uid(const struct revocation *revocation, uid_t uid)
{
    for (uint32_t i = 0; i < revocation->uid_count; i++)
        if (revocation->uid[i] == uid)
            return true;
    return false;
}

static int add_uids(struct revocation *revocation, const struct capability *capability)
{
    for (uint32_t i = 0; i < capability->holder_count; i++) {
        if (has_uid(revocation, capability->holder[i]))
            continue;
        uid_t *grown = reallocarray(revocation->uid, revocation->uid_count + 1, sizeof *grown);
        if (!grown)
            return -ENOMEM;
        revocation->uid = grown;
        revocation->uid[revocation->uid_count++] = capability->holder[i];
    }
    return 0;
}

static int note_uids(struct revocation *revocation, const uint32_t *ids, uint32_t count)
{
    const struct capabilities *table = &revocation->fard->registry.capabilities;
    int result = 0;
    for (uint32_t i = 0; i < count && !result; i++)
        result = add_uids(revocation, capability_find(table, ids[i]));
    return result;
}

/* From here on nothing can fail: the right is gone. What cannot be told is killed. */
static void take_from_all(struct revocation *revocation, const uint32_t *ids, uint32_t count)
{
    struct fard *fard = revocation->fard;
    for (uint32_t i = 0; i < count; i++)
        capability_drop(&fard->registry.capabilities, ids[i]);
    revocation->reply.capabilities = count;
    for (struct list *at = fard->clients.next; at != &fard->clients; at = at->next)
        take_from_client(revocation, list_entry(at, struct client, link), ids, count);
    end_orphans(revocation);
    if (all_done(revocation))
        look_at_all(revocation);
    else
        timer_start(&fard->loop, &revocation->deadline, REVOKE_DEADLINE_MS);
}

int revoke_capabilities(struct fard *fard, const uint32_t *ids, uint32_t count, struct client *client, uint32_t serial,
                        struct far_error *error)
{
    uint32_t all_count;
    const uint32_t service_id = capability_find(&fard->registry.capabilities, ids[0])->service_id;
    uint32_t *all = list_below(&fard->registry.capabilities, ids, count, &all_count);
    struct revocation *revocation = all ? revocation_new(fard, client, serial) : NULL;
    int result = revocation ? note_uids(revocation, all, all_count) : -ENOMEM;
    result = result ? result : revoke_in_store(revocation, ids, count, error);
    if (result && revocation)
        revocation_free(revocation);
    if (!result) {
        revocation->service_id = service_id;
        take_from_all(revocation, all, all_count);
        capability_watch_expiry(fard);
    }
    free(all);
    return result ? result : FARD_PENDING;
}
