/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Who holds a client's memory of those who must not any more: a host, and what it has forked. Its children have nothing by
 * themselves, and are killed if they hold it; the host is stopped, so that it forks no more, and fard ends it.
 */
#include "runtime/fard/domain_look.h"
#include "runtime/fard/holding.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PASSES_MAX  20
#define GENERATIONS 64 /* that are looked at */

struct scanning {
    struct holding holding;
    const struct domain_suspect *suspect;
    struct domain_verdict *verdict;
    pid_t fard;
};

static bool holds(struct scanning *scanning, pid_t pid)
{
    enum far_level need;
    return holding_need(&scanning->holding, pid, &need) == 0 && need > FAR_LEVEL_UNSET;
}

/* By its uid, if that is the host's alone; or by those that it descends from. */
static bool is_of_host(struct scanning *scanning, pid_t pid)
{
    unsigned uid[4];
    const struct domain_suspect *suspect = scanning->suspect;
    pid_t parent = pid;
    for (int i = 0; i < GENERATIONS && parent > 1; i++) {
        if (parent == suspect->host)
            return true;
        if (!holding_uids(&scanning->holding, parent, uid, &parent))
            return false;
        if (i == 0 && suspect->own_uid && (uid[0] == suspect->uid || uid[2] == suspect->uid))
            return true;
    }
    return false;
}

/* The pidfd comes first: what is looked at then is what it means. */
static bool end_if_it_holds(struct scanning *scanning, pid_t pid)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0)
        return false;
    bool killed = is_of_host(scanning, pid) && holds(scanning, pid) &&
                  syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) == 0;
    if (killed)
        holding_wait_for_death(pidfd);
    close(pidfd);
    scanning->verdict->killed += killed;
    return killed;
}

static bool pass(struct scanning *scanning)
{
    bool any = false;
    const struct domain_suspect *suspect = scanning->suspect;
    DIR *folder = opendir("/proc");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        pid_t pid = (pid_t)atoi(entry->d_name);
        if (pid > 1 && pid != getpid() && pid != scanning->fard && pid != suspect->host && pid != suspect->owner)
            any |= end_if_it_holds(scanning, pid);
    }
    if (folder)
        closedir(folder);
    return any;
}

static uint32_t look_at_host(struct scanning *scanning)
{
    enum far_level need;
    const struct domain_suspect *suspect = scanning->suspect;
    if (holding_need(&scanning->holding, suspect->host, &need) < 0)
        return DOMAIN_HOLDS_UNSEEN;
    if (need == FAR_LEVEL_UNSET)
        return DOMAIN_HOLDS_NOTHING;
    syscall(SYS_pidfd_send_signal, suspect->pidfd, SIGSTOP, NULL, 0);
    return DOMAIN_HOLDS_STILL;
}

static void look_at(struct scanning *scanning)
{
    bool any = true;
    scanning->verdict->holds = look_at_host(scanning);
    for (int i = 0; i < PASSES_MAX && any; i++)
        any = pass(scanning);
    if (any) /* it forks faster than they can be ended */
        scanning->verdict->holds = DOMAIN_HOLDS_STILL;
}

void domain_scan(const struct domain_suspect *suspect, uint32_t count, pid_t fard, struct domain_seen *seen)
{
    struct scanning scanning = {.fard = fard};
    seen->count = count;
    for (uint32_t i = 0; i < count; i++) {
        scanning.suspect = &suspect[i];
        scanning.verdict = &seen->verdict[i];
        scanning.holding.memory = (struct held_memory){.device = suspect[i].device, .data = suspect[i].inode};
        *scanning.verdict = (struct domain_verdict){.domain = suspect[i].domain, .host = suspect[i].host};
        look_at(&scanning);
    }
    free(scanning.holding.text);
}
