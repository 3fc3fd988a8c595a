/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Who still holds a service's memory? Looked up in /proc, not believed from anybody, in a process of its own: reading
 * another's /proc files can take as long as that other likes.
 *
 * A process holds it that maps one of the memfds or has one open, told by device and inode, in any of its threads: they may
 * have descriptors of their own, and the first may have ended. It may hold it by the policy; or because fard knows that it, or
 * one that it descends from (fork inherits mappings), is bound: that is asked of fard, for each that is found. Whoever was
 * told to let go hands nothing on to its children.
 *
 * Who holds it and may not is killed if it was told to let go, or its uid was given the memory by what is revoked and so
 * could have killed it himself. All others are reported: anybody can pass a descriptor to a stranger's process.
 *
 * Passes are made until one finds nobody: a process can fork while it is looked at, but not after it was killed.
 */
#include "runtime/fard/holding.h"
#include "runtime/fard/principal.h"
#include "runtime/fard/revoke.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sysexits.h>
#include <unistd.h>

#define PASSES_MAX 50

struct scanning {
    const struct scan *scan;
    struct scan_result *result;
    struct holding holding;
    struct stat own_program; /* who runs it under our uid is ours: keepers, and what is about to become a host */
    char own_name[PATH_MAX];
};

static bool was_told(const struct scan *scan, pid_t pid)
{
    for (uint32_t i = 0; i < scan->told_count; i++)
        if (scan->told[i].pid == pid)
            return true;
    return false;
}

/* Its name is asked first: an executable, too, may lie on a file system that does not answer. */
static bool is_ours(const struct scanning *scanning, pid_t pid, uid_t uid)
{
    char path[64], name[PATH_MAX];
    struct statx status;
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    ssize_t length = readlink(path, name, sizeof name);
    return uid == scanning->scan->fard->uid && length > 0 && (size_t)length == strlen(scanning->own_name) &&
           memcmp(name, scanning->own_name, (size_t)length) == 0 &&
           statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_INO, &status) == 0 &&
           makedev(status.stx_dev_major, status.stx_dev_minor) == scanning->own_program.st_dev &&
           status.stx_ino == scanning->own_program.st_ino;
}

/* What the policy gives the process as it is now, without any capability. */
static enum far_level level_by_policy(const struct scan *scan, pid_t pid)
{
    struct principal who;
    const struct registry *registry = &scan->fard->registry;
    enum far_level level = FAR_LEVEL_UNSET;
    if (principal_from_pid(pid, &who) == 0) {
        if (who.program.path && policy_names_program(registry, scan->service, who.program.path))
            principal_examine(&who.program, scan->fard->uid);
        level = policy_grant(registry, scan->service, &who, NULL);
    }
    principal_end(&who);
    return level;
}

/* Those from whom it may have inherited what it has, itself first. */
static void find_line(struct scanning *scanning, pid_t pid, struct scan_suspect *suspect)
{
    unsigned uid[4];
    pid_t parent = pid;
    suspect->line[suspect->count++] = pid;
    while (suspect->count < SCAN_LINE_MAX && !was_told(scanning->scan, parent) &&
           holding_uids(&scanning->holding, parent, uid, &parent) && parent > 1 && !was_told(scanning->scan, parent))
        suspect->line[suspect->count++] = parent;
}

/* Without fard there is nobody to ask, and nobody to do it for. */
static bool fard_lets_it(const struct scan *scan, const struct scan_suspect *suspect)
{
    uint32_t verdict;
    if (send(scan->ask, suspect, sizeof *suspect, MSG_NOSIGNAL) != sizeof *suspect ||
        recv(scan->ask, &verdict, sizeof verdict, 0) != sizeof verdict)
        _exit(EX_UNAVAILABLE);
    return verdict != 0;
}

/* Never the init process: with a descriptor store it is the service manager, and nobody could do without it. */
static bool may_hold(struct scanning *scanning, pid_t pid, enum far_level need)
{
    unsigned uid[4];
    pid_t parent;
    struct scan_suspect suspect = {.need = need};
    if (pid == 1 || !holding_uids(&scanning->holding, pid, uid, &parent) || is_ours(scanning, pid, uid[1]) ||
        level_by_policy(scanning->scan, pid) >= need)
        return true;
    find_line(scanning, pid, &suspect);
    return fard_lets_it(scanning->scan, &suspect);
}

static bool has_uid(const struct scan *scan, uid_t uid)
{
    for (uint32_t i = 0; i < scan->uid_count; i++)
        if (scan->uid[i] == uid)
            return true;
    return false;
}

static void note(struct scan_found *list, uint32_t *count, const struct scan_found *found)
{
    if (*count < SCAN_FOUND_MAX)
        list[*count] = *found;
    ++*count;
}

static void kill_it(struct scan_result *result, const struct scan_found *found, int pidfd)
{
    bool sent = syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) == 0;
    if (!sent && errno == ESRCH)
        return;
    if (sent && holding_wait_for_death(pidfd))
        note(result->killed_one, &result->killed, found);
    else
        note(result->kept_one, &result->kept, found);
}

/* By kill(2)'s own rule: of somebody who was given the memory by what is revoked, he himself could have killed it. */
static void end_or_report(struct scanning *scanning, pid_t pid, int pidfd)
{
    unsigned uid[4];
    pid_t parent;
    const struct scan *scan = scanning->scan;
    if (!holding_uids(&scanning->holding, pid, uid, &parent))
        return; /* it has ended */
    struct scan_found found = {.pid = pid, .uid = uid[1]};
    found.foreign = !was_told(scan, pid) && !has_uid(scan, uid[0]) && !has_uid(scan, uid[2]);
    if (found.foreign)
        note(scanning->result->kept_one, &scanning->result->kept, &found);
    else
        kill_it(scanning->result, &found, pidfd);
}

/*
 * It had the memory when it was looked at, but may have ended before fard was asked: fard forgets who has ended, and what has
 * ended is nobody to be killed. By the time that fard can know, an ending process has neither mappings nor descriptors.
 */
static bool holds_still(struct scanning *scanning, pid_t pid)
{
    enum far_level need;
    return holding_need(&scanning->holding, pid, &need) < 0 || need > FAR_LEVEL_UNSET;
}

/* The number is that of one process from before it is looked at until it is killed: the pidfd is opened first. */
static bool look_at(struct scanning *scanning, pid_t pid, bool count_kept)
{
    enum far_level need;
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0)
        return false;
    uint32_t killed = scanning->result->killed, kept = scanning->result->kept;
    int result = holding_need(&scanning->holding, pid, &need);
    if (result < 0)
        scanning->result->unseen += count_kept && was_told(scanning->scan, pid);
    else if (need > FAR_LEVEL_UNSET && !may_hold(scanning, pid, need) && holds_still(scanning, pid))
        end_or_report(scanning, pid, pidfd);
    if (!count_kept)
        scanning->result->kept = kept;
    close(pidfd);
    return scanning->result->killed > killed;
}

/* Did anybody have to go? */
static bool pass(struct scanning *scanning, bool first)
{
    bool any = false;
    DIR *folder = opendir("/proc");
    if (!folder) {
        scanning->result->unfinished = 1;
        return false;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        pid_t pid = (pid_t)atoi(entry->d_name);
        if (pid > 0 && pid != getpid() && pid != getppid())
            any |= look_at(scanning, pid, first);
    }
    closedir(folder);
    return any;
}

static void find_memory(const struct service *service, struct held_memory *memory)
{
    struct stat status;
    *memory = (struct held_memory){.retired = service->retired, .retired_count = service->retired_count};
    if (fstat(service->data, &status) == 0) {
        memory->device = status.st_dev;
        memory->data = status.st_ino;
    }
    for (uint32_t i = 0; i < service->executable_count; i++)
        if (fstat(service->executable[i].image, &status) == 0)
            memory->image[i] = status.st_ino;
}

/* Who was told, and has not said that it is done: no need to look. */
static void kill_late(struct scanning *scanning)
{
    for (uint32_t i = 0; i < scanning->scan->told_count; i++) {
        const struct scan_told *told = &scanning->scan->told[i];
        struct pollfd process = {.fd = told->pidfd, .events = POLLIN};
        unsigned uid[4] = {0};
        pid_t parent;
        if (told->late && told->pidfd >= 0 && poll(&process, 1, 0) == 0 &&
            holding_uids(&scanning->holding, told->pid, uid, &parent))
            kill_it(scanning->result, &(struct scan_found){.pid = told->pid, .uid = uid[1]}, told->pidfd);
    }
}

void scan_run(const struct scan *scan, struct scan_result *result)
{
    struct scanning scanning = {.scan = scan, .result = result};
    bool first = true, any = true;
    *result = (struct scan_result){0};
    find_memory(scan->service, &scanning.holding.memory);
    if (stat("/proc/self/exe", &scanning.own_program) != 0 ||
        readlink("/proc/self/exe", scanning.own_name, sizeof scanning.own_name - 1) < 0)
        scanning.own_program = (struct stat){0};
    kill_late(&scanning);
    for (int i = 0; i < PASSES_MAX && any; i++, first = false)
        any = pass(&scanning, first);
    result->unfinished |= any;
    free(scanning.holding.text);
}
