/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * fard's side of the look at all processes. The looking is a process of its own (revoke_scan.c), one at a time, for all
 * revocations of a service that wait for it: who revokes much waits longer, and loads the machine no more.
 *
 * That process sees who holds the memory. Whether he may is decided here, by what is true when it asks: it may have begun
 * before somebody bound, and whoever holds the memory rightfully is known here before he has it.
 */
#include "runtime/fard/adopt.h"
#include "runtime/fard/revoke_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define SCANNER_NICE 5

struct look {
    struct fard *fard;
    uint32_t service_id;
    struct source scanner; /* its questions, and its result */
    struct timer deadline;
    pid_t pid;
};

/* More than the scanner gives itself: one that the kernel lets wait for somebody's file system cannot even be killed. */
#define LOOK_DEADLINE_MS (REVOKE_SCAN_S * 1000 + 2000)

static struct revocation *next_in(const struct fard *fard, const struct list *after, enum revocation_state state)
{
    for (struct list *at = after->next; at != &fard->revocations; at = at->next) {
        struct revocation *revocation = list_entry(at, struct revocation, link);
        if (revocation->state == state)
            return revocation;
    }
    return NULL;
}

static struct revocation *first_looking(const struct fard *fard)
{
    return next_in(fard, &fard->revocations, REVOCATION_LOOKING);
}

static struct revocation *next_looking(const struct revocation *after)
{
    return next_in(after->fard, &after->link, REVOCATION_LOOKING);
}

static bool told_pid(const struct revocation *revocation, pid_t pid)
{
    for (const struct list *at = revocation->told.next; at != &revocation->told; at = at->next)
        if (list_entry(at, struct told, of_revocation)->pid == pid)
            return true;
    return false;
}

static bool is_host(const struct fard *fard, const struct service *service, pid_t pid)
{
    if ((service->host && service->host->pid == pid) || (service->heir && service->heir->pid == pid))
        return true;
    for (const struct list *at = fard->leaving.next; at != &fard->leaving; at = at->next)
        if (list_entry(at, struct host, link)->pid == pid)
            return true;
    return false;
}

/* The highest level at which this process is bound, as of now. */
static enum far_level bound_level(const struct fard *fard, const struct service *service, pid_t pid)
{
    enum far_level level = FAR_LEVEL_UNSET;
    for (const struct list *at = fard->clients.next; at != &fard->clients; at = at->next) {
        const struct client *client = list_entry(at, struct client, link);
        for (uint32_t i = 0; client->who.pid == pid && i < client->bound_count; i++) {
            const struct bound *bound = &client->bound[i];
            if (bound->service_id == service->id && !bound->revoked && bound->handed > level)
                level = bound->handed;
        }
    }
    return level;
}

struct holder {
    pid_t pid;
    enum far_level level;
    const struct capabilities *capabilities;
};

static void raise_by_orphan(void *context, struct host *host, uint32_t channel, pid_t pid, enum far_level level,
                            uint32_t capability)
{
    struct holder *holder = context;
    (void)host;
    (void)channel;
    if (pid == holder->pid && capability && capability_find(holder->capabilities, capability) && level > holder->level)
        holder->level = level;
}

/* What it has by a capability that is still there, over a channel of before fard was started anew: it need not ask this one. */
static enum far_level orphan_level(const struct fard *fard, const struct service *service, pid_t pid)
{
    struct holder holder = {.pid = pid, .capabilities = &fard->registry.capabilities};
    if (service->host)
        orphans_each(service->host, raise_by_orphan, &holder);
    for (const struct list *at = fard->leaving.next; at != &fard->leaving; at = at->next) {
        struct host *host = list_entry(at, struct host, link);
        if (host_serves(host, service))
            orphans_each(host, raise_by_orphan, &holder);
    }
    return holder.level;
}

/* Another revocation has told it to let go, and it has time for that yet. */
static bool has_time(const struct fard *fard, const struct service *service, pid_t pid)
{
    for (const struct list *at = fard->revocations.next; at != &fard->revocations; at = at->next) {
        const struct revocation *revocation = list_entry(at, struct revocation, link);
        if (revocation->service_id == service->id && revocation->state != REVOCATION_LOOKING &&
            told_pid(revocation, pid))
            return true;
    }
    return false;
}

static bool may_hold(const struct look *look, const struct scan_suspect *suspect)
{
    const struct fard *fard = look->fard;
    const struct service *service = registry_find_id(&fard->registry, look->service_id);
    if (!service || is_host(fard, service, suspect->line[0]) ||
        (fard->keeper && suspect->line[0] == keeper_pid(fard->keeper)))
        return true;
    for (uint32_t i = 0; i < suspect->count && i < SCAN_LINE_MAX; i++)
        if (bound_level(fard, service, suspect->line[i]) >= (enum far_level)suspect->need ||
            orphan_level(fard, service, suspect->line[i]) >= (enum far_level)suspect->need ||
            has_time(fard, service, suspect->line[i]))
            return true;
    return false;
}

static void say(const struct look *look, const char *event, const struct scan_found *found, const char *what)
{
    char text[200];
    const struct service *service = registry_find_id(&look->fard->registry, look->service_id);
    snprintf(text, sizeof text, "pid %d of uid %u has no right to the memory and holds it: %s", (int)found->pid,
             (unsigned)found->uid, what);
    fard_log("revocation: %s", text);
    if (service)
        audit_service(look->fard, NULL, event, service, text);
}

static void say_all(const struct look *look, const struct scan_result *result)
{
    for (uint32_t i = 0; i < result->killed && i < SCAN_FOUND_MAX; i++)
        say(look, "capability-kill", &result->killed_one[i], "it was killed");
    for (uint32_t i = 0; i < result->kept && i < SCAN_FOUND_MAX; i++)
        say(look, "capability-kept", &result->kept_one[i],
            result->kept_one[i].foreign ? "it is left alone, for nobody of that uid was given it by what was revoked"
                                        : "it could not be killed");
}

static void look_next(struct fard *fard);

static void end_look(struct look *look, const struct scan_result *result)
{
    struct fard *fard = look->fard;
    timer_stop(&look->deadline);
    loop_forget(&fard->loop, &look->scanner);
    close(look->scanner.fd);
    say_all(look, result);
    free(look);
    fard->look = NULL;
    for (struct revocation *at; (at = first_looking(fard)) != NULL;) {
        at->reply.killed = result->killed;
        at->reply.kept = result->kept;
        at->reply.unseen = result->unseen;
        at->reply.unfinished |= result->unfinished;
        revocation_answer(at);
    }
    look_next(fard);
}

static void look_too_long(struct timer *timer)
{
    struct look *look = list_entry(timer, struct look, deadline);
    static const struct scan_result unfinished = {.unfinished = 1};
    fard_log("revocation: the look at all processes does not end; it is given up");
    kill(look->pid, SIGKILL);
    end_look(look, &unfinished);
}

static int scanner_said(struct source *source, uint32_t events)
{
    static union {
        struct scan_suspect suspect;
        struct scan_result result;
    } said;
    struct look *look = list_entry(source, struct look, scanner);
    (void)events;
    ssize_t got = recv(source->fd, &said, sizeof said, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got == sizeof said.suspect) {
        const uint32_t verdict = may_hold(look, &said.suspect);
        send(source->fd, &verdict, sizeof verdict, MSG_DONTWAIT | MSG_NOSIGNAL);
        return 0;
    }
    if (got != sizeof said.result)
        said.result = (struct scan_result){.unfinished = 1};
    waitpid(look->pid, NULL, 0); /* it has ended, or is about to: this was its last word */
    end_look(look, &said.result);
    return 0;
}

static uint32_t count_told(const struct fard *fard)
{
    uint32_t count = 0;
    for (const struct revocation *revocation = first_looking(fard); revocation; revocation = next_looking(revocation))
        for (const struct list *at = revocation->told.next; at != &revocation->told; at = at->next)
            count++;
    return count;
}

static void list_told(const struct fard *fard, struct scan *scan)
{
    for (const struct revocation *revocation = first_looking(fard); revocation; revocation = next_looking(revocation)) {
        for (const struct list *at = revocation->told.next; at != &revocation->told; at = at->next) {
            const struct told *told = list_entry(at, struct told, of_revocation);
            scan->told[scan->told_count++] = (struct scan_told){told->pid, told->pidfd, told->client && !told->done};
        }
    }
}

static uint32_t count_uids(const struct fard *fard)
{
    uint32_t count = 0;
    for (const struct revocation *revocation = first_looking(fard); revocation; revocation = next_looking(revocation))
        count += revocation->uid_count;
    return count;
}

static void list_uids(const struct fard *fard, struct scan *scan)
{
    for (const struct revocation *revocation = first_looking(fard); revocation; revocation = next_looking(revocation))
        for (uint32_t i = 0; i < revocation->uid_count; i++)
            scan->uid[scan->uid_count++] = revocation->uid[i];
}

/* In the child. What is not sent is an end without a result, which says that it is unfinished. */
static _Noreturn void scan_in_child(struct scan *scan, int fard)
{
    static struct scan_result result;
    prctl(PR_SET_NAME, "fard-revoke");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpriority(PRIO_PROCESS, 0, SCANNER_NICE);
    alarm(REVOKE_SCAN_S); /* a process that keeps us from looking at it keeps nobody else */
    scan->ask = fard;
    scan_run(scan, &result);
    _exit(send(fard, &result, sizeof result, MSG_NOSIGNAL) == sizeof result ? 0 : EX_IOERR);
}

static int fork_scan(struct look *look, struct scan *scan)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    look->pid = fork();
    if (look->pid == 0) {
        close(ends[0]);
        scan_in_child(scan, ends[1]);
    }
    close(ends[1]);
    look->scanner = (struct source){ends[0], scanner_said};
    look->deadline.fire = look_too_long;
    timer_start(&look->fard->loop, &look->deadline, LOOK_DEADLINE_MS);
    int result = look->pid < 0 ? -EAGAIN : loop_watch(&look->fard->loop, &look->scanner, EPOLLIN);
    if (result) {
        timer_stop(&look->deadline);
        close(ends[0]);
    }
    return result;
}

static int start_scan(struct fard *fard, const struct service *service, struct look *look)
{
    struct scan scan = {.fard = fard, .service = service};
    scan.told = calloc(count_told(fard) + 1, sizeof *scan.told);
    scan.uid = calloc(count_uids(fard) + 1, sizeof *scan.uid);
    int result = scan.told && scan.uid ? 0 : -ENOMEM;
    if (!result) {
        list_told(fard, &scan);
        list_uids(fard, &scan);
        result = fork_scan(look, &scan);
    }
    free(scan.told);
    free(scan.uid);
    return result;
}

/* A service that has gone has no memory. */
static void answer_all(struct fard *fard, bool unfinished)
{
    for (struct revocation *at; (at = first_looking(fard)) != NULL;) {
        at->reply.unfinished |= unfinished;
        revocation_answer(at);
    }
}

static void look_next(struct fard *fard)
{
    struct revocation *first;
    while (!fard->look && (first = next_in(fard, &fard->revocations, REVOCATION_WAITING)) != NULL) {
        uint32_t id = first->service_id;
        const struct service *service = registry_find_id(&fard->registry, id);
        for (struct revocation *at = first; at; at = next_in(fard, &at->link, REVOCATION_WAITING))
            if (at->service_id == id)
                at->state = REVOCATION_LOOKING;
        struct look *look = calloc(1, sizeof *look);
        if (look)
            *look = (struct look){.fard = fard, .service_id = id};
        if (service && !service->broken[0] && look && start_scan(fard, service, look) == 0) {
            fard->look = look;
            return;
        }
        free(look);
        answer_all(fard, service != NULL);
    }
}

void look_for(struct revocation *revocation)
{
    revocation->state = REVOCATION_WAITING;
    look_next(revocation->fard);
}

void look_abandon(struct fard *fard)
{
    if (!fard->look)
        return;
    timer_stop(&fard->look->deadline);
    loop_forget(&fard->loop, &fard->look->scanner);
    close(fard->look->scanner.fd);
    free(fard->look);
    fard->look = NULL;
}
