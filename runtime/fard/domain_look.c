/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* fard's side: whom to look at, and when. */
#include "runtime/fard/domain_look.h"
#include "runtime/fard/fard.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define DEADLINE_MS (DOMAIN_LOOK_S * 1000 + 500) /* the process gives itself DOMAIN_LOOK_S */

struct domain_look {
    struct fard *fard;
    struct source scanner;
    struct timer deadline;
    pid_t pid;
    uint32_t count;
    struct domain_suspect suspect[DOMAIN_LOOK_MAX];
};

static bool shares_uid(const struct host *host, const struct host *other)
{
    return other && other != host && other->uid == host->uid;
}

/* One that fard has chosen, and that it has given nobody else. */
static bool has_own_uid(const struct host *host)
{
    const struct fard *fard = host->fard;
    if (fard->uid != 0 || host->uid - FAR_HOST_UID_FIRST >= FAR_HOST_UID_COUNT)
        return false;
    for (uint32_t i = 0; i < fard->registry.count; i++)
        if (shares_uid(host, fard->registry.service[i]->host) || shares_uid(host, fard->registry.service[i]->heir))
            return false;
    for (const struct list *at = fard->leaving.next; at != &fard->leaving; at = at->next)
        if (shares_uid(host, list_entry(at, const struct host, link)))
            return false;
    return true;
}

static void suspect_mapping(struct domain_look *look, const struct domain *domain, struct domain_mapping *mapping)
{
    const struct host *host = mapping->host;
    mapping->looked_at = true;
    look->suspect[look->count++] = (struct domain_suspect){
        .domain = domain->id,
        .host = host->pid,
        .pidfd = host->life.fd,
        .uid = host->uid,
        .own_uid = has_own_uid(host),
        .owner = domain->pid,
        .device = domain->device,
        .inode = domain->inode,
    };
}

static void find_suspects(struct domain_look *look)
{
    const struct domains *domains = &look->fard->domains;
    for (const struct list *at = domains->all.next; at != &domains->all; at = at->next) {
        const struct domain *domain = list_entry(at, const struct domain, link);
        for (struct list *m = domain->mappings.next; m != &domain->mappings; m = m->next) {
            struct domain_mapping *mapping = list_entry(m, struct domain_mapping, link);
            if (mapping->state == DOMAIN_LOOKING && !mapping->looked_at && look->count < DOMAIN_LOOK_MAX)
                suspect_mapping(look, domain, mapping);
        }
    }
}

static _Noreturn void scan_in_child(const struct domain_look *look, int answer)
{
    static struct domain_seen seen;
    prctl(PR_SET_NAME, "fard-domains");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(DOMAIN_LOOK_S);
    domain_scan(look->suspect, look->count, getppid(), &seen);
    _exit(send(answer, &seen, sizeof seen, MSG_NOSIGNAL) == sizeof seen ? EX_OK : EX_IOERR);
}

static struct domain_look *put_away(struct domain_look *look)
{
    timer_stop(&look->deadline);
    loop_forget(&look->fard->loop, &look->scanner);
    close(look->scanner.fd);
    look->fard->domains.look = NULL;
    return look;
}

/* Without an answer for one of them: what it says itself has to do. */
static void end_look(struct domain_look *look, const struct domain_seen *seen)
{
    struct fard *fard = put_away(look)->fard;
    for (uint32_t i = 0; i < look->count; i++)
        domain_looked(fard, look->suspect[i].domain, look->suspect[i].host, seen ? &seen->verdict[i] : NULL);
    free(look);
    domain_look(fard);
}

static void look_too_long(struct timer *timer)
{
    struct domain_look *look = list_entry(timer, struct domain_look, deadline);
    fard_log("domain segments: the look at hosts that have let go does not end; it is given up");
    kill(look->pid, SIGKILL);
    end_look(look, NULL);
}

static int scanner_said(struct source *source, uint32_t events)
{
    static struct domain_seen seen;
    struct domain_look *look = list_entry(source, struct domain_look, scanner);
    (void)events;
    ssize_t got = recv(source->fd, &seen, sizeof seen, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    waitpid(look->pid, NULL, 0); /* it has ended, or is about to: this was its last word */
    end_look(look, got == sizeof seen && seen.count == look->count ? &seen : NULL);
    return 0;
}

static int start_scan(struct domain_look *look)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    look->pid = fork();
    if (look->pid == 0) {
        close(ends[0]);
        scan_in_child(look, ends[1]);
    }
    close(ends[1]);
    look->scanner = (struct source){ends[0], scanner_said};
    look->deadline.fire = look_too_long;
    int result = look->pid < 0 ? -EAGAIN : loop_watch(&look->fard->loop, &look->scanner, EPOLLIN);
    if (result) {
        close(ends[0]);
        return result;
    }
    timer_start(&look->fard->loop, &look->deadline, DEADLINE_MS);
    return 0;
}

/* Nobody can look now: their word has to do. */
static void believe(struct domain_look *look)
{
    for (uint32_t i = 0; i < look->count; i++)
        domain_looked(look->fard, look->suspect[i].domain, look->suspect[i].host, NULL);
}

void domain_look(struct fard *fard)
{
    if (fard->domains.look)
        return;
    struct domain_look *look = calloc(1, sizeof *look);
    if (!look)
        return; /* with the next one that is looked at; the client is told that it is not done */
    look->fard = fard;
    find_suspects(look);
    if (look->count && start_scan(look) == 0) {
        fard->domains.look = look;
        return;
    }
    believe(look);
    free(look);
}

void domain_look_abandon(struct fard *fard)
{
    if (fard->domains.look)
        free(put_away(fard->domains.look));
}
