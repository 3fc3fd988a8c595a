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
#include "runtime/fard/principal.h"
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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sysexits.h>
#include <unistd.h>

#define PASSES_MAX 50
#define DEATH_MS   3000 /* for a killed process to be gone */

struct memory {
    dev_t device;
    ino_t data;
    ino_t image[EXECUTABLES_MAX];
    const ino_t *retired; /* images of before an upgrade */
    uint32_t retired_count;
};

struct scanning {
    const struct scan *scan;
    struct scan_result *result;
    struct memory memory;
    struct stat own_program; /* who runs it under our uid is ours: keepers, and what is about to become a host */
    char own_name[PATH_MAX];
    char *text; /* of a /proc file */
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
    for (uint32_t i = 0; i < memory->retired_count; i++)
        if (memory->retired[i] == inode)
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
static enum far_level need_of_descriptor(int folder, const char *number)
{
    char path[300], line[256];
    unsigned flags = O_RDWR;
    snprintf(path, sizeof path, "../fdinfo/%s", number);
    int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
    FILE *info = fd < 0 ? NULL : fdopen(fd, "r");
    while (info && fgets(line, sizeof line, info))
        if (sscanf(line, "flags: %o", &flags) == 1)
            break;
    if (info)
        fclose(info);
    else if (fd >= 0)
        close(fd);
    return (flags & O_ACCMODE) == O_RDONLY && !(flags & O_PATH) ? FAR_LEVEL_READ : FAR_LEVEL_TRUSTED;
}

/*
 * What a link of /proc/PID/fd leads to is asked only where its name says that it may be a memfd: any other file may lie on a
 * file system that does not answer, and nobody could wait for it in vain but we. A memfd's name can be feigned, and costs a
 * look; but it is there whenever it is one, for no file of another kind gets it to lose it again.
 */
static bool may_be_memfd(int folder, const char *number)
{
    char target[16];
    ssize_t length = readlinkat(folder, number, target, sizeof target);
    return length >= 7 && memcmp(target, "/memfd:", 7) == 0;
}

static bool descriptor_inode(int folder, const char *number, struct statx *status)
{
    return may_be_memfd(folder, number) && statx(folder, number, AT_STATX_DONT_SYNC, STATX_INO, status) == 0;
}

static int descriptors_of(const struct scanning *scanning, pid_t pid, pid_t thread, enum far_level *need)
{
    char path[64];
    struct statx status;
    const struct memory *memory = &scanning->memory;
    snprintf(path, sizeof path, "/proc/%d/task/%d/fd", pid, thread);
    DIR *folder = opendir(path);
    if (!folder)
        return -errno;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (!isdigit((unsigned char)entry->d_name[0]) || !descriptor_inode(dirfd(folder), entry->d_name, &status) ||
            makedev(status.stx_dev_major, status.stx_dev_minor) != memory->device)
            continue;
        if (is_image(memory, status.stx_ino))
            *need = FAR_LEVEL_TRUSTED;
        else if (status.stx_ino == memory->data)
            *need = higher(*need, need_of_descriptor(dirfd(folder), entry->d_name));
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

static long number_after(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

/* real, effective, saved, of the file system */
static bool read_uids(struct scanning *scanning, pid_t pid, unsigned uid[4], pid_t *parent)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    const char *line = read_text(scanning, path) > 0 ? strstr(scanning->text, "\nUid:") : NULL;
    if (!line || sscanf(line, "\nUid: %u %u %u %u", &uid[0], &uid[1], &uid[2], &uid[3]) != 4)
        return false;
    *parent = (pid_t)number_after(scanning->text, "\nPPid:");
    return true;
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
           read_uids(scanning, parent, uid, &parent) && parent > 1 && !was_told(scanning->scan, parent))
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
    if (pid == 1 || !read_uids(scanning, pid, uid, &parent) || is_ours(scanning, pid, uid[1]) ||
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

static bool wait_for_death(int pidfd)
{
    struct pollfd process = {.fd = pidfd, .events = POLLIN};
    return poll(&process, 1, DEATH_MS) > 0;
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
    if (sent && wait_for_death(pidfd))
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
    if (!read_uids(scanning, pid, uid, &parent))
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
    return need_of(scanning, pid, &need) < 0 || need > FAR_LEVEL_UNSET;
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

static void find_memory(const struct service *service, struct memory *memory)
{
    struct stat status;
    *memory = (struct memory){.retired = service->retired, .retired_count = service->retired_count};
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
        if (told->late && told->pidfd >= 0 && poll(&process, 1, 0) == 0 && read_uids(scanning, told->pid, uid, &parent))
            kill_it(scanning->result, &(struct scan_found){.pid = told->pid, .uid = uid[1]}, told->pidfd);
    }
}

void scan_run(const struct scan *scan, struct scan_result *result)
{
    struct scanning scanning = {.scan = scan, .result = result};
    bool first = true, any = true;
    *result = (struct scan_result){0};
    find_memory(scan->service, &scanning.memory);
    if (stat("/proc/self/exe", &scanning.own_program) != 0 ||
        readlink("/proc/self/exe", scanning.own_name, sizeof scanning.own_name - 1) < 0)
        scanning.own_program = (struct stat){0};
    kill_late(&scanning);
    for (int i = 0; i < PASSES_MAX && any; i++, first = false)
        any = pass(&scanning, first);
    result->unfinished |= any;
    free(scanning.text);
}
