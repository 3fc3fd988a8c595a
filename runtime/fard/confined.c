/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/confined.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

static long number_after(const char *text, const char *label)
{
    const char *line = strstr(text, label);
    return line ? strtol(line + strlen(label), NULL, 10) : 0;
}

/* -1: not known. What is asked for lies behind the process's groups, of which there can be many. */
static long filters_of(const char *process)
{
    char path[64];
    size_t used = 0;
    ssize_t got = 1;
    const size_t room = 1 << 20;
    snprintf(path, sizeof path, "/proc/%s/status", process);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = fd < 0 ? NULL : malloc(room);
    while (text && got > 0 && used < room - 1) {
        got = read(fd, text + used, room - 1 - used);
        used += got > 0 ? (size_t)got : 0;
    }
    long filters = -1;
    if (text && got == 0) {
        text[used] = '\0';
        filters = number_after(text, "\nSeccomp_filters:");
    }
    free(text);
    if (fd >= 0)
        close(fd);
    return filters;
}

/* Of the process that connected, as long as it lives: its number may be another's afterwards. */
static long filters_of_peer(int socket)
{
    char process[16];
    struct ucred who;
    int pidfd = -1;
    socklen_t size = sizeof who, pidfd_size = sizeof pidfd;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
        return -1;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &pidfd_size) < 0)
        pidfd = errno == ENOPROTOOPT ? (int)syscall(SYS_pidfd_open, who.pid, 0) : -1;
    if (pidfd < 0)
        return -1;
    snprintf(process, sizeof process, "%d", (int)who.pid);
    long filters = filters_of(process);
    struct pollfd life = {.fd = pidfd, .events = POLLIN};
    bool alive = poll(&life, 1, 0) == 0;
    close(pidfd);
    return alive ? filters : -1;
}

bool peer_is_confined(int socket)
{
    long own = filters_of("self"), peer = filters_of_peer(socket);
    return own < 0 || peer < 0 || peer > own;
}
