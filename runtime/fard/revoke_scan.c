/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Who still holds a service's memory? Looked up in /proc, not believed from anybody, in a process of its own: reading
 * another's /proc files can take as long as that other likes.
 *
 * A process holds it that maps one of the memfds or has one open, told by device and inode, in any of its threads: they may
 * have descriptors of their own, and the first may have ended. It may hold it if it is one of those that fard knows to be
 * bound, descends from one (fork inherits mappings), or the policy would give it as much. Whoever was told to let go of it
 * may not, nor may its children.
 *
 * Passes are made until one finds nobody: a process can fork while it is looked at, but not after it was killed.
 */
#include "runtime/fard/revoke.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PASSES_MAX    50
#define ANCESTORS_MAX 64
#define DEATH_MS      3000 /* for a killed process to be gone */
#define GROUPS_MAX    1024

struct memory {
    dev_t device;
    ino_t data;
    ino_t image[EXECUTABLES_MAX];
};

struct scanning {
    const struct scan *scan;
    struct scan_result *result;
    struct memory memory;
    struct stat own_program; /* who runs it under our uid is ours: keepers, and what is about to become a host */
    char *text;              /* of a /proc file */
    size_t room;
};

/* A whole file of /proc into scanning->text; its size, or -errno. */
static ssize_t read_text(struct scanning *scanning, const char *path)
{
    size_t used = 0;
    ssize_t got = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    while (got > 0) {
        if (scanning->room - used < 65536) {
            char *grown = realloc(scanning->text, scanning->room + (1 << 20));
            if (!grown) {
                got = -1;
                errno = ENOMEM;
                break;
            }
            scanning->text = grown;
            scanning->room += 1 << 20;
        }
        got = read(fd, scanning->text + used, scanning->room - used - 1);
        used += got > 0 ? (size_t)got : 0;
    }
    int code = errno;
    close(fd);
    if (got < 0)
        return -code;
    scanning->text[used] = '\0';
    return (ssize_t)used;
}

static bool is_image(const struct memory *memory, ino_t inode)
{
    for (unsigned i = 0; i < EXECUTABLES_MAX; i++)
        if (memory->image[i] && memory->image[i] == inode)
            return true;
    return false;
}

static enum far_level higher(enum far_level a, enum far_level b)
{
    return a > b ? a : b;
}

/* A mapping's first line: "from-to rights offset major:minor inode path". False: it is another kind of line. */
static bool parse_mapping(const char *line, dev_t *device, ino_t *inode)
{
    unsigned major, minor;
    unsigned long number;
    if (sscanf(line, "%*x-%*x %*s %*x %x:%x %lu", &major, &minor, &number) != 3)
        return false;
    *device = makedev(major, minor);
    *inode = number;
    return true;
}

/* What right the mappings need. In smaps, which say as well what mprotect() could make of one ("mw"). */
static enum far_level need_of_smaps(const struct memory *memory, const char *text)
{
    enum far_level need = FAR_LEVEL_UNSET;
    bool of_data = false;
    for (const char *line = text; *line; line = strchrnul(line, '\n'), line += *line == '\n') {
        dev_t device;
        ino_t inode;
        if (parse_mapping(line, &device, &inode)) {
            of_data = device == memory->device && inode == memory->data;
            if (of_data)
                need = higher(need, FAR_LEVEL_READ);
            if (device == memory->device && is_image(memory, inode))
                need = FAR_LEVEL_TRUSTED;
        } else if (of_data && strncmp(line, "VmFlags:", 8) == 0) {
            const char *end = strchrnul(line, '\n'), *may_write = strstr(line, " mw");
            if (may_write && may_write < end)
                need = FAR_LEVEL_TRUSTED;
        }
    }
    return need;
}

static bool names_memory(const struct memory *memory, const char *text)
{
    for (const char *line = text; *line; line = strchrnul(line, '\n'), line += *line == '\n') {
        dev_t device;
        ino_t inode;
        if (parse_mapping(line, &device, &inode) && device == memory->device &&
            (inode == memory->data || is_image(memory, inode)))
            return true;
    }
    return false;
}

/* The cheap file first: most processes have none of it. */
static int mappings_of(struct scanning *scanning, pid_t pid, pid_t thread, enum far_level *need)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/maps", pid, thread);
    ssize_t size = read_text(scanning, path);
    if (size <= 0 || !names_memory(&scanning->memory, scanning->text))
        return (int)size;
    *need = higher(*need, FAR_LEVEL_READ);
    snprintf(path, sizeof path, "/proc/%d/task/%d/smaps", pid, thread);
    *need = read_text(scanning, path) > 0 ? higher(*need, need_of_smaps(&scanning->memory, scanning->text))
                                          : FAR_LEVEL_TRUSTED;
    return 1;
}

/* Opened for reading only, or for more? What cannot be told is more. */
static enum far_level need_of_descriptor(const char *path)
{
    char copy[PATH_MAX], line[256];
    unsigned flags = O_RDWR;
    const char *number = strrchr(path, '/');
    snprintf(copy, sizeof copy, "%.*sinfo%s", (int)(number - path), path, number);
    FILE *info = fopen(copy, "re");
    while (info && fgets(line, sizeof line, info))
        if (sscanf(line, "flags: %o", &flags) == 1)
            break;
    if (info)
        fclose(info);
    return (flags & O_ACCMODE) == O_RDONLY && !(flags & O_PATH) ? FAR_LEVEL_READ : FAR_LEVEL_TRUSTED;
}

static int descriptors_of(const struct scanning *scanning, pid_t pid, pid_t thread, enum far_level *need)
{
    char path[PATH_MAX];
    struct stat status;
    const struct memory *memory = &scanning->memory;
    int prefix = snprintf(path, sizeof path, "/proc/%d/task/%d/fd", pid, thread);
    DIR *folder = opendir(path);
    if (!folder)
        return -errno;
    for (struct dirent *entry; (entry = readdir(folder));) {
        snprintf(path + prefix, sizeof path - (size_t)prefix, "/%s", entry->d_name);
        if (!isdigit((unsigned char)entry->d_name[0]) || stat(path, &status) != 0 || status.st_dev != memory->device)
            continue;
        if (is_image(memory, status.st_ino))
            *need = FAR_LEVEL_TRUSTED;
        else if (status.st_ino == memory->data)
            *need = higher(*need, need_of_descriptor(path));
    }
    closedir(folder);
    return 0;
}

static bool same_descriptors(pid_t a, pid_t b)
{
    return syscall(SYS_kcmp, a, b, KCMP_FILES, 0, 0) == 0;
}

/* 0 and what right the process needs for what it holds; or -errno, if it may not be looked at. */
static int need_of(struct scanning *scanning, pid_t pid, enum far_level *need)
{
    char path[64];
    bool mapped = false;
    pid_t first = 0;
    int result = 0;
    *need = FAR_LEVEL_UNSET;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *folder = opendir(path);
    if (!folder)
        return errno == ENOENT ? 0 : -errno;
    for (struct dirent *entry; (entry = readdir(folder)) && !result;) {
        pid_t thread = (pid_t)atoi(entry->d_name);
        if (thread <= 0)
            continue;
        if (!mapped) { /* all threads have the same, but one that has ended has none */
            result = mappings_of(scanning, pid, thread, need);
            mapped = result > 0;
            result = result > 0 || result == -ENOENT || result == -ESRCH ? 0 : result;
        }
        if (!result && (!first || !same_descriptors(first, thread)))
            result = descriptors_of(scanning, pid, thread, need);
        result = result == -ENOENT || result == -ESRCH ? 0 : result;
        first = first ? first : thread;
    }
    closedir(folder);
    return result;
}

static bool was_told(const struct scan *scan, pid_t pid)
{
    for (uint32_t i = 0; i < scan->told_count; i++)
        if (scan->told[i].pid == pid)
            return true;
    return false;
}

static enum far_level known_level(const struct scan *scan, pid_t pid)
{
    enum far_level level = FAR_LEVEL_UNSET;
    for (uint32_t i = 0; i < scan->entitled_count; i++)
        if (scan->entitled[i].pid == pid)
            level = higher(level, scan->entitled[i].level);
    return level;
}

static long number_after(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

/* The second of each four is the effective one. */
static long second_after(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    char *end;
    if (!at)
        return -1;
    strtol(at + strlen(name), &end, 10);
    return strtol(end, NULL, 10);
}

static bool is_ours(const struct scanning *scanning, pid_t pid, uid_t uid)
{
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    return uid == scanning->scan->fard->uid && stat(path, &status) == 0 &&
           status.st_dev == scanning->own_program.st_dev && status.st_ino == scanning->own_program.st_ino;
}

/* What the policy gives to whoever runs under these ids, without any capability, and whatever program it is. */
static enum far_level policy_for(const struct scan *scan, const char *status_text, uid_t uid)
{
    gid_t groups[GROUPS_MAX];
    struct principal who = {.uid = uid, .gid = (gid_t)second_after(status_text, "\nGid:"), .groups = groups};
    const char *at = strstr(status_text, "\nGroups:");
    char *end = NULL;
    for (at = at ? at + strlen("\nGroups:") : ""; who.group_count < GROUPS_MAX; at = end) {
        while (*at == ' ' || *at == '\t')
            at++;
        if (!isdigit((unsigned char)*at))
            break;
        groups[who.group_count++] = (gid_t)strtoul(at, &end, 10);
    }
    return policy_grant(&scan->fard->registry, scan->service, &who, NULL);
}

/* By what right may this process hold it? Its own, or that of the process it was forked from. */
static enum far_level right_of(struct scanning *scanning, pid_t pid)
{
    char path[64];
    enum far_level level = FAR_LEVEL_UNSET;
    const struct scan *scan = scanning->scan;
    pid_t at = pid;
    for (int i = 0; i < ANCESTORS_MAX && at > 1; i++) {
        if (was_told(scan, at))
            return FAR_LEVEL_UNSET;
        level = higher(level, known_level(scan, at));
        snprintf(path, sizeof path, "/proc/%d/status", at);
        if (read_text(scanning, path) <= 0)
            break;
        uid_t uid = (uid_t)second_after(scanning->text, "\nUid:");
        if (at == pid && is_ours(scanning, pid, uid))
            return FAR_LEVEL_TRUSTED;
        if (at == pid)
            level = higher(level, policy_for(scan, scanning->text, uid));
        at = (pid_t)number_after(scanning->text, "\nPPid:");
    }
    return level;
}

static bool wait_for_death(int pidfd)
{
    struct pollfd process = {.fd = pidfd, .events = POLLIN};
    return poll(&process, 1, DEATH_MS) > 0;
}

static void kill_it(struct scanning *scanning, pid_t pid, int pidfd)
{
    struct scan_result *result = scanning->result;
    if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0) {
        result->kept += errno != ESRCH;
        return;
    }
    if (!wait_for_death(pidfd)) {
        result->kept++;
        return;
    }
    if (result->killed < SCAN_KILLED_MAX)
        result->killed_pid[result->killed] = pid;
    result->killed++;
}

/* The number is that of one process from before it is looked at until it is killed: the pidfd is opened first. */
static bool look_at(struct scanning *scanning, pid_t pid, bool count_kept)
{
    enum far_level need;
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0)
        return false;
    uint32_t killed = scanning->result->killed, kept = scanning->result->kept;
    int result = need_of(scanning, pid, &need);
    if (result < 0)
        scanning->result->unseen += count_kept && was_told(scanning->scan, pid);
    else if (need > FAR_LEVEL_UNSET && right_of(scanning, pid) < need)
        kill_it(scanning, pid, pidfd);
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

static void find_memory(const struct service *service, struct memory *memory)
{
    struct stat status;
    *memory = (struct memory){0};
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
        if (told->late && told->pidfd >= 0 && poll(&process, 1, 0) == 0)
            kill_it(scanning, told->pid, told->pidfd);
    }
}

void scan_run(const struct scan *scan, struct scan_result *result)
{
    struct scanning scanning = {.scan = scan, .result = result};
    bool first = true, any = true;
    *result = (struct scan_result){0};
    find_memory(scan->service, &scanning.memory);
    if (stat("/proc/self/exe", &scanning.own_program) != 0)
        scanning.own_program = (struct stat){0};
    kill_late(&scanning);
    for (int i = 0; i < PASSES_MAX && any; i++, first = false)
        any = pass(&scanning, first);
    result->unfinished |= any;
    free(scanning.text);
}
