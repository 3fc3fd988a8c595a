/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FIRST_GIVEN 3 /* SD_LISTEN_FDS_START */
#define STORE_MAX   8 /* descriptors in one datagram */

/* A whole number in a variable of the environment; -1 if there is none. */
static int64_t environment_number(const char *name)
{
    const char *text = getenv(name);
    char *end;
    if (!text || *text < '0' || *text > '9')
        return -1;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    return *end || errno ? -1 : number;
}

/* The names lie in one variable, by colons, in the order of the descriptors. */
static void name_given(struct notify *notify)
{
    const char *names = getenv("LISTEN_FDNAMES");
    for (unsigned i = 0; names && i < notify->given_count; i++) {
        size_t length = strcspn(names, ":");
        if (length < NOTIFY_NAME_MAX)
            memcpy(notify->given[i].name, names, length);
        names = names[length] ? names + length + 1 : NULL;
    }
}

static int take_given(struct notify *notify)
{
    int64_t count = environment_number("LISTEN_FDS");
    if (environment_number("LISTEN_PID") != getpid() || count <= 0 || count > NOTIFY_DESCRIPTORS_MAX)
        return 0;
    notify->given = calloc((size_t)count, sizeof *notify->given);
    if (!notify->given)
        return -ENOMEM;
    notify->given_count = (unsigned)count;
    for (unsigned i = 0; i < notify->given_count; i++) {
        int fd = FIRST_GIVEN + (int)i;
        notify->given[i].fd = fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -1 : fd;
    }
    name_given(notify);
    return 0;
}

static void feed(struct timer *timer)
{
    struct notify *notify = list_entry(timer, struct notify, watchdog);
    notify_say(notify, "WATCHDOG=1");
    timer_start(notify->loop, timer, notify->watchdog_ms);
}

/* Half of what it allows: one that comes late is no reason to be killed. */
static void find_watchdog(struct notify *notify)
{
    int64_t pid = environment_number("WATCHDOG_PID"), usec = environment_number("WATCHDOG_USEC");
    if (usec > 0 && (pid < 0 || pid == getpid()))
        notify->watchdog_ms = usec < 2000 ? 1 : usec / 2000;
    notify->watchdog.fire = feed;
}

static void forget_environment(void)
{
    static const char *const names[] = {"LISTEN_PID",    "LISTEN_FDS",   "LISTEN_FDNAMES",
                                        "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
}

int notify_init(struct notify *notify, struct loop *loop)
{
    const char *socket = getenv("NOTIFY_SOCKET");
    *notify = (struct notify){.loop = loop};
    if (socket && (*socket == '/' || *socket == '@') && strlen(socket) < sizeof notify->socket)
        strcpy(notify->socket, socket);
    find_watchdog(notify);
    int result = take_given(notify);
    forget_environment();
    return result;
}

void notify_free(struct notify *notify)
{
    timer_stop(&notify->watchdog);
    for (unsigned i = 0; i < notify->given_count; i++)
        if (notify->given[i].fd >= 0)
            close(notify->given[i].fd);
    free(notify->given);
    notify->given = NULL;
    notify->given_count = 0;
}

static bool is_listener(int fd, int type)
{
    int is = 0, listens = 0;
    socklen_t size = sizeof is;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &is, &size) < 0)
        return false;
    size = sizeof listens;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && is == type && listens;
}

static int take(struct given *given)
{
    int fd = given->fd;
    given->fd = -1;
    return fd;
}

int notify_take_listener(struct notify *notify, bool stream)
{
    for (unsigned i = 0; i < notify->given_count; i++)
        if (notify->given[i].fd >= 0 && is_listener(notify->given[i].fd, stream ? SOCK_STREAM : SOCK_SEQPACKET))
            return take(&notify->given[i]);
    return -1;
}

int notify_take(struct notify *notify, const char *name)
{
    for (unsigned i = 0; i < notify->given_count; i++)
        if (notify->given[i].fd >= 0 && strcmp(notify->given[i].name, name) == 0)
            return take(&notify->given[i]);
    return -1;
}

static socklen_t address_of(const struct notify *notify, struct sockaddr_un *address)
{
    size_t length = strlen(notify->socket);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, notify->socket, length);
    if (address->sun_path[0] == '@')
        address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

/* A datagram, now or not at all: the manager may be slow, and fard waits for nobody. */
static int say(const struct notify *notify, const char *state, const int *fds, unsigned count)
{
    struct sockaddr_un address;
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(STORE_MAX * sizeof(int))];
    } control = {0};
    struct iovec part = {(void *)(uintptr_t)state, strlen(state)};
    struct msghdr message = {.msg_name = &address, .msg_iov = &part, .msg_iovlen = 1};
    if (!notify->socket[0])
        return 0;
    message.msg_namelen = address_of(notify, &address);
    if (count) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(count * sizeof *fds);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(count * sizeof *fds);
        memcpy(CMSG_DATA(&control.header), fds, count * sizeof *fds);
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int result = sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
    close(fd);
    return result;
}

int notify_say(const struct notify *notify, const char *state)
{
    return say(notify, state, NULL, 0);
}

int notify_reloading(const struct notify *notify)
{
    struct timespec now;
    char state[64];
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    return notify_say(notify, state);
}

int notify_ready(struct notify *notify)
{
    if (notify->watchdog_ms)
        timer_start(notify->loop, &notify->watchdog, notify->watchdog_ms);
    return notify_say(notify, "READY=1");
}

bool notify_can_store(const struct notify *notify)
{
    return notify->socket[0] != '\0';
}

int notify_store(const struct notify *notify, const char *name, const int *fds, unsigned count)
{
    char state[NOTIFY_NAME_MAX + 64];
    if (count == 0 || count > STORE_MAX || strlen(name) >= NOTIFY_NAME_MAX || strchr(name, ':'))
        return -EINVAL;
    snprintf(state, sizeof state, "FDSTORE=1\nFDNAME=%s", name);
    return say(notify, state, fds, count);
}

int notify_discard(const struct notify *notify, const char *name)
{
    char state[NOTIFY_NAME_MAX + 64];
    snprintf(state, sizeof state, "FDSTOREREMOVE=1\nFDNAME=%s", name);
    return notify_say(notify, state);
}
