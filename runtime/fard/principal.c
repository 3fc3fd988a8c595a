/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/principal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD /* Linux 6.5; younger than some C libraries */
#define SO_PEERPIDFD 77
#endif

__attribute__((format(printf, 2, 3))) static void say_trouble(struct program *program, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(program->trouble, sizeof program->trouble, format, arguments);
    va_end(arguments);
}

/* A descriptor of the process that connected, not of another one that has its number by now; or -1. */
static int open_process(int socket, pid_t pid)
{
    int pidfd;
    socklen_t size = sizeof pidfd;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0)
        return pidfd;
    return errno == ENOPROTOOPT ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
}

static bool is_alive(int pidfd)
{
    struct pollfd life = {.fd = pidfd, .events = POLLIN};
    return poll(&life, 1, 0) == 0;
}

/* The second of the four numbers behind "Uid:" or "Gid:" in /proc/PID/status: the effective one. */
static bool read_effective(const char *status, const char *label, uint32_t *id)
{
    const char *line = strstr(status, label);
    return line && sscanf(line + strlen(label), "%*u %u", id) == 1;
}

static int read_ids(int folder, uint32_t *uid, uint32_t *gid)
{
    char status[2048];
    int fd = openat(folder, "status", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, status, sizeof status - 1);
    if (fd >= 0)
        close(fd);
    if (got < 0)
        return -errno;
    status[got] = '\0';
    return read_effective(status, "\nUid:", uid) && read_effective(status, "\nGid:", gid) ? 0 : -EIO;
}

/* Whoever connects and then runs a set-user-ID program is not that program: it must be who connected still. The folder of
 * a process that gained nothing when it began its program belongs to its uid, and says so quicker. */
static bool is_still(int folder, const struct principal *who)
{
    uint32_t uid, gid;
    struct stat status;
    if (fstat(folder, &status) == 0 && status.st_uid == who->uid && status.st_gid == who->gid)
        return true;
    return read_ids(folder, &uid, &gid) == 0 && uid == who->uid && gid == who->gid;
}

static int read_link(int folder, struct program *program)
{
    char path[PATH_MAX];
    ssize_t length = readlinkat(folder, "exe", path, sizeof path - 1);
    if (length < 0)
        return -errno;
    path[length] = '\0';
    program->path = strdup(path);
    return program->path ? 0 : -ENOMEM;
}

/* A file system of the client's own is not asked: DONT_SYNC takes what the kernel knows. */
static int read_file(int folder, const char *name, int flags, struct program *program)
{
    struct statx file;
    if (statx(folder, name, flags, STATX_TYPE | STATX_INO, &file) < 0)
        return -errno;
    program->device = makedev(file.stx_dev_major, file.stx_dev_minor);
    program->inode = file.stx_ino;
    return S_ISREG(file.stx_mode) ? 0 : -EINVAL;
}

static int read_program(int folder, struct principal *who)
{
    int result = read_link(folder, &who->program);
    result = result ? result : read_file(folder, "exe", AT_STATX_DONT_SYNC, &who->program);
    if (!result && !is_still(folder, who))
        result = -EPERM;
    return result;
}

static void forget_program(struct program *program)
{
    free(program->path);
    program->path = NULL;
}

/* pidfd: of the process, -1: it could not be had. Closes it. */
static void find_program(int pidfd, struct principal *who)
{
    char name[32];
    snprintf(name, sizeof name, "/proc/%d", (int)who->pid);
    int folder = pidfd < 0 ? -1 : open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int result = folder < 0 ? -errno : read_program(folder, who);
    if (!result && !is_alive(pidfd)) /* alive now: so the number was its own all the time */
        result = -ESRCH;
    if (result) {
        forget_program(&who->program);
        say_trouble(&who->program, "its executable could not be learned: %s",
                    result == -ESRCH    ? "the process had ended"
                    : result == -EPERM  ? "the process changed its uid or gid after it had connected"
                    : result == -EACCES ? "fard may not look at that process"
                                        : strerror(-result));
    }
    if (folder >= 0)
        close(folder);
    if (pidfd >= 0)
        close(pidfd);
}

static int take_groups(int socket, struct principal *who)
{
    socklen_t size = 0;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 || errno != ERANGE)
        return 0;
    who->groups = malloc(size);
    if (!who->groups)
        return -ENOMEM;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, who->groups, &size) < 0)
        return -errno;
    who->group_count = (uint32_t)(size / sizeof *who->groups);
    return 0;
}

int principal_from_socket(int socket, struct principal *who)
{
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
        return -errno;
    *who = (struct principal){.pid = credentials.pid, .uid = credentials.uid, .gid = credentials.gid};
    int result = take_groups(socket, who);
    if (!result)
        find_program(open_process(socket, who->pid), who);
    return result;
}

/* "Groups:\t4 24 27 \n" */
static int read_groups(const char *status, struct principal *who)
{
    const char *at = strstr(status, "\nGroups:");
    char *end;
    if (!at)
        return -EIO;
    for (at += strlen("\nGroups:");; at = end) {
        unsigned long gid = strtoul(at, &end, 10);
        if (end == at || (at[0] == '\n'))
            return 0;
        gid_t *grown = reallocarray(who->groups, who->group_count + 1, sizeof *grown);
        if (!grown)
            return -ENOMEM;
        who->groups = grown;
        who->groups[who->group_count++] = (gid_t)gid;
        if (*end == ' ' && end[1] == '\n')
            return 0;
    }
}

static int read_process(int pidfd, struct principal *who)
{
    char path[48];
    static char status[65536]; /* a process has up to 65536 groups; those beyond this are left out */
    snprintf(path, sizeof path, "/proc/%d/status", (int)who->pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, status, sizeof status - 1);
    int result = got < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    if (result)
        return result;
    status[got] = '\0';
    if (!read_effective(status, "\nUid:", &who->uid) || !read_effective(status, "\nGid:", &who->gid))
        return -EIO;
    result = read_groups(status, who);
    return result || is_alive(pidfd) ? result : -ESRCH;
}

int principal_from_pid(pid_t pid, struct principal *who)
{
    *who = (struct principal){.pid = pid};
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0)
        return -errno;
    int result = read_process(pidfd, who);
    if (result) {
        close(pidfd);
        return result;
    }
    find_program(pidfd, who);
    return 0;
}

int principal_take_program(struct principal *who, const char *path)
{
    forget_program(&who->program);
    who->program = (struct program){.path = strdup(path)};
    if (!who->program.path)
        return -ENOMEM;
    int result = read_file(AT_FDCWD, path, 0, &who->program);
    return result == -EINVAL ? -EACCES : result;
}

void principal_end(struct principal *who)
{
    free(who->groups);
    free(who->presented);
    who->groups = NULL;
    who->presented = NULL;
    forget_program(&who->program);
}

/* Can nobody but root and this uid change what stands there? A sticky folder lets others add names, but not replace any. */
static bool is_closed(const struct statx *status, uid_t uid)
{
    bool shared = status->stx_mode & 022 && !(S_ISDIR(status->stx_mode) && status->stx_mode & S_ISVTX);
    return !shared && (status->stx_uid == 0 || status->stx_uid == uid);
}

static bool check_closed(struct program *program, const char *path, uid_t uid)
{
    struct statx status;
    if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_MODE | STATX_UID, &status) < 0) {
        say_trouble(program, "%s: %s", path, strerror(errno));
        return false;
    }
    if (!is_closed(&status, uid)) {
        say_trouble(program, "others than root and fard's user can change %s%s (uid %u, mode %03o)",
                    S_ISDIR(status.stx_mode) ? "the folder " : "", path, status.stx_uid, status.stx_mode & 07777);
        return false;
    }
    return true;
}

/* Every folder on the way, the file last. */
static bool check_way(struct program *program, uid_t uid)
{
    char path[FAR_SUBJECT_MAX];
    snprintf(path, sizeof path, "%s", program->path);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool closed = check_closed(program, path, uid);
        *slash = '/';
        if (!closed)
            return false;
    }
    return check_closed(program, "/", uid) && check_closed(program, path, uid);
}

static bool check_same(struct program *program)
{
    struct program there;
    int result = read_file(AT_FDCWD, program->path, AT_SYMLINK_NOFOLLOW, &there);
    if (result)
        say_trouble(program, "%s: %s", program->path, result == -EINVAL ? "is no file" : strerror(-result));
    else if (there.device != program->device || there.inode != program->inode)
        say_trouble(program, "the process runs another file than the %s that is there now", program->path);
    else
        return true;
    return false;
}

void principal_examine(struct program *program, uid_t uid)
{
    if (program->examined || !program->path)
        return;
    program->examined = true;
    if (strlen(program->path) >= FAR_SUBJECT_MAX)
        say_trouble(program, "the path of its executable is too long");
    else
        program->confirmed = check_same(program) && check_way(program, uid);
}
