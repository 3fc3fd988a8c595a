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
#include "runtime/fard/revoke.h"
#include "runtime/fard/adopt.h"
#include "runtime/fard/request_capability.h"
#include "runtime/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

/* A process that was told to unmap. */
struct told {
    struct list of_revocation;
    const struct client *client; /* NULL: gone */
    pid_t pid;
    int pidfd;
    bool done;
};

/* A channel that its host has been told to close. */
struct closing {
    struct list of_revocation;
    const struct host *host;
    uint32_t channel;
};

struct revocation {
    struct list link;
    struct fard *fard;
    struct client *client; /* whoever waits for it; or NULL */
    uint32_t serial;       /* of the request */
    uint32_t number;       /* of the revocation */
    uint32_t service_id;
    struct list told;
    struct list closing;
    struct timer deadline;
    struct source scan; /* the scanning process's answer; -1: not yet */
    pid_t scanner;
    bool memory; /* it gave a right to the service's memory */
    struct far_revoke_reply reply;
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
    if (revocation->scan.fd >= 0) {
        loop_forget(&revocation->fard->loop, &revocation->scan);
        close(revocation->scan.fd);
    }
    list_take_out(&revocation->link);
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

static void answer(struct revocation *revocation)
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

static bool is_told(const struct revocation *revocation, const struct client *client)
{
    for (const struct list *at = revocation->told.next; at != &revocation->told; at = at->next)
        if (list_entry(at, struct told, of_revocation)->client == client)
            return true;
    return false;
}

/* Who may hold the service's memory: its hosts, and clients that are bound to it at such a level, as of now. */
static uint32_t list_entitled(const struct revocation *revocation, struct scan_principal *out)
{
    uint32_t count = 0;
    const struct fard *fard = revocation->fard;
    const struct service *service = registry_find_id(&fard->registry, revocation->service_id);
    if (service->host && service->host->pid)
        out[count++] = (struct scan_principal){service->host->pid, FAR_LEVEL_TRUSTED};
    for (const struct list *at = fard->leaving.next; at != &fard->leaving; at = at->next)
        out[count++] = (struct scan_principal){list_entry(at, struct host, link)->pid, FAR_LEVEL_TRUSTED};
    for (const struct list *at = fard->clients.next; at != &fard->clients; at = at->next) {
        const struct client *client = list_entry(at, struct client, link);
        for (uint32_t i = 0; i < client->bound_count; i++) {
            const struct bound *bound = &client->bound[i];
            if (bound->service_id == service->id && !bound->revoked && !is_told(revocation, client))
                out[count++] = (struct scan_principal){client->who.pid, bound->handed};
        }
    }
    return count;
}

static uint32_t count_entitled(const struct fard *fard)
{
    uint32_t count = 1;
    for (const struct list *at = fard->leaving.next; at != &fard->leaving; at = at->next)
        count++;
    for (const struct list *at = fard->clients.next; at != &fard->clients; at = at->next)
        count += list_entry(at, struct client, link)->bound_count;
    return count;
}

static uint32_t list_told(const struct revocation *revocation, struct scan_told *out)
{
    uint32_t count = 0;
    for (const struct list *at = revocation->told.next; at != &revocation->told; at = at->next) {
        const struct told *told = list_entry(at, struct told, of_revocation);
        if (out)
            out[count] = (struct scan_told){told->pid, told->pidfd, told->client && !told->done};
        count++;
    }
    return count;
}

/* In the child. It keeps nothing of fard's open but what it needs, so that nobody waits for a close of ours. */
static _Noreturn void scan_in_child(const struct scan *scan, int out)
{
    static struct scan_result result;
    prctl(PR_SET_NAME, "fard-revoke");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(REVOKE_SCAN_S); /* a process that keeps us from looking at it keeps nobody else */
    scan_run(scan, &result);
    _exit(write(out, &result, sizeof result) == sizeof result ? 0 : EX_IOERR);
}

static void say_killed(const struct revocation *revocation, pid_t pid)
{
    char text[96];
    const struct service *service = registry_find_id(&revocation->fard->registry, revocation->service_id);
    snprintf(text, sizeof text, "pid %d, which had no right to the memory and held it, was killed", (int)pid);
    fard_log("revocation %u: %s", revocation->number, text);
    if (service)
        audit_service(revocation->fard, NULL, "capability-kill", service, text);
}

static int scan_answered(struct source *source, uint32_t events)
{
    static struct scan_result result;
    struct revocation *revocation = list_entry(source, struct revocation, scan);
    struct far_revoke_reply *reply = &revocation->reply;
    (void)events;
    if (read(source->fd, &result, sizeof result) != sizeof result)
        result = (struct scan_result){.unfinished = 1};
    waitpid(revocation->scanner, NULL, 0); /* it has ended, or is about to: this was its last word */
    for (uint32_t i = 0; i < result.killed && i < SCAN_KILLED_MAX; i++)
        say_killed(revocation, result.killed_pid[i]);
    reply->killed = result.killed;
    reply->kept = result.kept;
    reply->unseen = result.unseen;
    reply->unfinished |= result.unfinished;
    answer(revocation);
    return 0;
}

static int fork_scan(struct revocation *revocation, const struct scan *scan)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    revocation->scanner = fork();
    if (revocation->scanner == 0)
        scan_in_child(scan, ends[1]);
    close(ends[1]);
    if (revocation->scanner < 0) {
        close(ends[0]);
        return -EAGAIN;
    }
    revocation->scan = (struct source){ends[0], scan_answered};
    return loop_watch(&revocation->fard->loop, &revocation->scan, EPOLLIN);
}

static int start_scan(struct revocation *revocation, const struct service *service)
{
    struct scan scan = {.fard = revocation->fard, .service = service, .told_count = list_told(revocation, NULL)};
    scan.told = calloc(scan.told_count + 1, sizeof *scan.told);
    scan.entitled = calloc(count_entitled(revocation->fard), sizeof *scan.entitled);
    int result = scan.told && scan.entitled ? 0 : -ENOMEM;
    if (!result) {
        list_told(revocation, scan.told);
        scan.entitled_count = list_entitled(revocation, scan.entitled);
        result = fork_scan(revocation, &scan);
    }
    free(scan.told);
    free(scan.entitled);
    return result;
}

static void look_at_all(struct revocation *revocation)
{
    if (!list_is_empty(&revocation->closing)) {
        fard_log("revocation %u: a host has not said in time that it answers no more", revocation->number);
        revocation->reply.unfinished = 1;
    }
    const struct service *service = registry_find_id(&revocation->fard->registry, revocation->service_id);
    timer_stop(&revocation->deadline);
    if (revocation->scan.fd >= 0)
        return;
    if (!revocation->memory) {
        answer(revocation);
        return;
    }
    if (service && !service->broken[0] && start_scan(revocation, service) == 0)
        return;
    revocation->reply.unfinished = service != NULL; /* a service that has gone has no memory */
    answer(revocation);
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

static void end_channels(struct revocation *revocation, struct client *client, const struct service *service)
{
    for (struct list *at = client->channels.next, *next; at != &client->channels; at = next) {
        struct channel *channel = list_entry(at, struct channel, of_client);
        next = at->next;
        if (!host_serves(channel->host, service))
            continue;
        await_close(revocation, channel->host, channel->id);
        channel_end(channel, CHANNEL_REVOKED);
    }
}

static void refuse_waiters(struct client *client, uint32_t service_id)
{
    for (struct list *at = client->waiters.next, *next; at != &client->waiters; at = next) {
        struct waiter *waiter = list_entry(at, struct waiter, of_client);
        struct far_error error;
        next = at->next;
        if (waiter->service_id != service_id)
            continue;
        refuse(&error, EACCES, EX_NOPERM, "the capability that the service was bound by was revoked");
        channel_count_down(client, waiter->size);
        peer_send_error(&client->peer, waiter->serial, &error);
        waiter_free(waiter);
    }
}

/* What is bound to the service over this connection, by a right that may have gone. */
static int look_at_bound(struct revocation *revocation, struct client *client, struct bound *bound,
                         const struct service *service)
{
    struct policy_reason why;
    enum far_level now = policy_grant(&revocation->fard->registry, service, &client->who, &why);
    if (bound->revoked || (now >= bound->handed && !why.limited))
        return 0;
    end_channels(revocation, client, service); /* also where other operations than before may be called */
    refuse_waiters(client, service->id);
    if (now >= bound->handed)
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
        int failed = look_at_bound(revocation, client, &client->bound[i], service);
        result = result ? result : failed;
    }
    return result;
}

/* It and all below it, by rising id. */
static uint32_t *list_below(const struct capabilities *table, uint32_t id, uint32_t *count)
{
    uint32_t *ids = calloc(table->count + 1, sizeof *ids);
    *count = 0;
    for (uint32_t i = 0; ids && i < table->count; i++)
        if (capability_is_below(table, table->item[i]->id, id))
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
    revocation->scan.fd = -1;
    revocation->deadline.fire = deadline_passed;
    list_init(&revocation->told);
    list_init(&revocation->closing);
    list_append(&fard->revocations, &revocation->link);
    return revocation;
}

static bool is_told_pid(const struct revocation *revocation, pid_t pid)
{
    for (const struct list *at = revocation->told.next; at != &revocation->told; at = at->next)
        if (list_entry(at, struct told, of_revocation)->pid == pid)
            return true;
    return false;
}

/* By what right that is left can this process have a channel? */
static enum far_level right_left(const struct revocation *revocation, pid_t pid, uid_t uid)
{
    const struct fard *fard = revocation->fard;
    const struct principal who = {.pid = pid, .uid = uid, .gid = (gid_t)-1};
    enum far_level level =
        policy_grant(&fard->registry, registry_find_id(&fard->registry, revocation->service_id), &who, NULL);
    for (const struct list *at = fard->clients.next; at != &fard->clients; at = at->next) {
        const struct client *client = list_entry(at, struct client, link);
        for (uint32_t i = 0; client->who.pid == pid && i < client->bound_count; i++) {
            const struct bound *bound = &client->bound[i];
            if (bound->service_id == revocation->service_id && !bound->revoked && bound->handed > level)
                level = bound->handed;
        }
    }
    return level;
}

/*
 * A channel that an earlier fard opened: no client of ours has it, and the host goes on answering in it. Whose right to it is not
 * known any more opens another, and is asked.
 */
static void end_orphan(void *context, struct host *host, uint32_t channel, pid_t pid, uid_t uid, enum far_level level)
{
    struct revocation *revocation = context;
    const struct far_close_channel body = {channel, FAR_FATE_REVOKED};
    if (!is_told_pid(revocation, pid) && right_left(revocation, pid, uid) >= level)
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

/* From here on nothing can fail: the right is gone. What cannot be told is killed. */
static void take_from_all(struct revocation *revocation, const uint32_t *ids, uint32_t count)
{
    struct fard *fard = revocation->fard;
    bool memory = false;
    for (uint32_t i = 0; i < count; i++) {
        memory |= capability_find(&fard->registry.capabilities, ids[i])->level >= FAR_LEVEL_READ;
        capability_drop(&fard->registry.capabilities, ids[i]);
    }
    revocation->reply.capabilities = count;
    for (struct list *at = fard->clients.next; at != &fard->clients; at = at->next)
        take_from_client(revocation, list_entry(at, struct client, link), ids, count);
    end_orphans(revocation);
    revocation->memory = memory;
    if (all_done(revocation))
        look_at_all(revocation);
    else
        timer_start(&fard->loop, &revocation->deadline, REVOKE_DEADLINE_MS);
}

int revoke_capability(struct fard *fard, uint32_t id, struct client *client, uint32_t serial, struct far_error *error)
{
    uint32_t count;
    uint32_t *ids = list_below(&fard->registry.capabilities, id, &count);
    struct revocation *revocation = ids ? revocation_new(fard, client, serial) : NULL;
    int result = revocation ? store_remove_capability(fard->store, id, error) : -ENOMEM;
    if (result && revocation)
        revocation_free(revocation);
    if (!result) {
        revocation->service_id = capability_find(&fard->registry.capabilities, id)->service_id;
        take_from_all(revocation, ids, count);
        capability_watch_expiry(fard);
    }
    free(ids);
    return result ? result : FARD_PENDING;
}
