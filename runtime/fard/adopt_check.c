/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/adopt_check.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As much of a small file of /proc as fits. False: there is none. */
static bool read_small(const char *path, char *text, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, room - 1);
    if (fd >= 0)
        close(fd);
    if (got <= 0)
        return false;
    text[got] = '\0';
    return true;
}

/* The second word, in parentheses, may hold anything. */
uint64_t process_started(pid_t pid)
{
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (!read_small(path, line, sizeof line))
        return 0;
    const char *at = strrchr(line, ')');
    for (int word = 2; at && word < 22; word++)
        at = strchr(at + 1, ' ');
    return at ? strtoull(at + 1, NULL, 10) : 0;
}

/* The process that a pidfd means; -1: it is none, or the process is gone. */
static pid_t pidfd_pid(int pidfd)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
    const char *line = read_small(path, text, sizeof text) ? strstr(text, "\nPid:") : NULL;
    return line ? (pid_t)atol(line + 5) : -1;
}

bool process_has_ended(int pidfd)
{
    struct pollfd process = {.fd = pidfd, .events = POLLIN};
    return poll(&process, 1, 0) != 0;
}

const char *memory_fault(int fd, uint64_t device, uint64_t inode, uint64_t size)
{
    struct stat status;
    int seals = fcntl(fd, F_GET_SEALS), wanted = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    if (seals < 0 || fstat(fd, &status) < 0)
        return "was not kept as memory";
    if (status.st_dev != device || status.st_ino != inode)
        return "is not the memory that was noted";
    if (seals != wanted || (uint64_t)status.st_size != size)
        return "does not have its size and seals";
    return NULL;
}

const char *process_fault(int pidfd, pid_t pid, uint64_t started)
{
    if (process_has_ended(pidfd))
        return "died meanwhile";
    if (pidfd_pid(pidfd) != pid || process_started(pid) != started)
        return "is not the process that was noted";
    return NULL;
}

const char *socket_fault(int fd)
{
    struct stat status;
    return fstat(fd, &status) < 0 || !S_ISSOCK(status.st_mode) ? "was not kept" : NULL;
}
