/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define SECOND      1000000000ull
#define MILLISECOND 1000000ull
/* The kernel counts SO_RCVTIMEO in ticks; less than that is poll's. */
#define RECEIVE_LIMIT_LEAST_MS 16u
#define RECEIVE_LIMIT_MOST_MS  (1u << 30)

static uint64_t time_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

uint64_t net_now(void)
{
    return time_of(CLOCK_MONOTONIC);
}

/* The number of an error as whoever waits should hear it. A timeout of TCP's is no deadline of ours: the other has gone. */
static int of_errno(int error)
{
    switch (error) {
    case EPIPE:
    case ETIMEDOUT:
    case ECONNABORTED:
    case ECONNREFUSED:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETUNREACH:
    case ENOTCONN:
        return -ECONNRESET;
    default:
        return -error;
    }
}

static void set_number(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof value); /* not TCP: it has no such limits */
}

void socket_prepare(struct net_socket *socket, int fd)
{
    *socket = (struct net_socket){.fd = fd};
    const int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && flags & O_NONBLOCK)
        fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_number(fd, IPPROTO_TCP, TCP_KEEPIDLE, SOCKET_PROBE_AFTER_S);
    set_number(fd, IPPROTO_TCP, TCP_KEEPINTVL, SOCKET_PROBE_INTERVAL_S);
    set_number(fd, IPPROTO_TCP, TCP_KEEPCNT, SOCKET_PROBES);
    set_number(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, SOCKET_GONE_MS);
}

/* 0: it has passed. */
static uint64_t nanoseconds_left(uint64_t deadline)
{
    const uint64_t now = net_now();
    return deadline > now ? deadline - now : 0;
}

int socket_await(int fd, short events, uint64_t deadline)
{
    struct pollfd wanted = {.fd = fd, .events = events};
    for (;;) {
        struct timespec left = {0};
        if (deadline) {
            const uint64_t nanoseconds = nanoseconds_left(deadline);
            left = (struct timespec){(time_t)(nanoseconds / SECOND), (long)(nanoseconds % SECOND)};
        }
        const int ready = ppoll(&wanted, 1, deadline ? &left : NULL, NULL);
        if (ready > 0)
            return 0;
        if (ready == 0)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
}

/* Passes over what has been sent; the first that has not may be cut. */
struct unsent {
    const struct iovec *part;
    int count;
    size_t cut; /* bytes of the first that are gone */
};

static void pass_over(struct unsent *unsent, size_t sent)
{
    sent += unsent->cut;
    while (unsent->count && sent >= unsent->part->iov_len) {
        sent -= unsent->part->iov_len;
        unsent->part++;
        unsent->count--;
    }
    unsent->cut = sent;
}

static ssize_t send_some(int fd, const struct unsent *unsent, int flags)
{
    const struct iovec *part = unsent->part;
    struct iovec first = *part;
    if (unsent->count == 1) /* the most frequent case, and a system call that has less to copy */
        return send(fd, (const char *)part->iov_base + unsent->cut, part->iov_len - unsent->cut, flags | MSG_NOSIGNAL);
    struct msghdr message = {.msg_iov = (struct iovec *)unsent->part,
                             .msg_iovlen = (size_t)(unsent->count < IOV_MAX ? unsent->count : IOV_MAX)};
    if (unsent->cut) { /* the caller's are constant: what is left of the first goes by itself */
        first.iov_base = (char *)first.iov_base + unsent->cut;
        first.iov_len -= unsent->cut;
        message.msg_iov = &first;
        message.msg_iovlen = 1;
    }
    return sendmsg(fd, &message, flags | MSG_NOSIGNAL);
}

int socket_send(const struct net_socket *socket, const struct iovec *part, int count, uint64_t deadline)
{
    struct unsent unsent = {.part = part, .count = count};
    const int flags = deadline ? MSG_DONTWAIT : 0;
    pass_over(&unsent, 0);
    while (unsent.count) {
        const ssize_t sent = send_some(socket->fd, &unsent, flags);
        if (sent >= 0) {
            pass_over(&unsent, (size_t)sent);
        } else if (errno == EAGAIN) {
            const int result = socket_await(socket->fd, POLLOUT, deadline);
            if (result)
                return result;
        } else if (errno != EINTR) {
            return of_errno(errno);
        }
    }
    return 0;
}

/* 1: *got bytes. 0: nothing there, or a signal. Otherwise -errno. */
static int receive_once(int fd, void *to, size_t most, int flags, size_t *got)
{
    const ssize_t count = recv(fd, to, most, flags);
    if (count > 0) {
        *got = (size_t)count;
        return 1;
    }
    if (count == 0)
        return -ECONNRESET;
    return errno == EAGAIN || errno == EINTR ? 0 : of_errno(errno);
}

int socket_take(const struct net_socket *socket, void *to, size_t most, size_t *got)
{
    *got = 0;
    if (!most)
        return 0;
    const int result = receive_once(socket->fd, to, most, MSG_DONTWAIT, got);
    return result < 0 ? result : 0;
}

/*
 * Powers of two: deadlines that are about as far away as the last one was leave it as it is, and one that runs out is looked at again
 * a few times on the way.
 */
static uint32_t limit_for(uint64_t nanoseconds)
{
    const uint64_t milliseconds = nanoseconds / MILLISECOND;
    if (milliseconds >= RECEIVE_LIMIT_MOST_MS)
        return RECEIVE_LIMIT_MOST_MS;
    return milliseconds ? 1u << (31 - __builtin_clz((uint32_t)milliseconds)) : 0;
}

static void set_receive_limit(struct net_socket *socket, uint32_t milliseconds)
{
    const struct timeval limit = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
    if (setsockopt(socket->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0)
        socket->receive_limit_ms = milliseconds;
}

/* Before recv may sleep. again: the limit that is set has run out once. */
static int keep_deadline(struct net_socket *socket, uint64_t deadline, bool again)
{
    if (!deadline) {
        if (again)
            set_receive_limit(socket, 0);
        return 0;
    }
    const uint64_t now = time_of(CLOCK_MONOTONIC_COARSE); /* in ticks, as SO_RCVTIMEO is */
    const uint32_t limit = deadline > now ? limit_for(deadline - now) : 0;
    if (limit < RECEIVE_LIMIT_LEAST_MS)
        return socket_await(socket->fd, POLLIN, deadline);
    if (again ? limit != socket->receive_limit_ms : !socket->receive_limit_ms || limit < socket->receive_limit_ms)
        set_receive_limit(socket, limit);
    return 0;
}

int socket_receive(struct net_socket *socket, void *to, size_t most, uint32_t spin, uint64_t deadline, size_t *got)
{
    *got = 0;
    for (uint32_t look = 0; look < spin; look++) {
        const int result = receive_once(socket->fd, to, most, MSG_DONTWAIT, got);
        if (result)
            return result < 0 ? result : 0;
    }
    for (bool again = false;; again = true) {
        int result = keep_deadline(socket, deadline, again);
        if (!result)
            result = receive_once(socket->fd, to, most, 0, got);
        if (result)
            return result < 0 ? result : 0;
    }
}

bool socket_is_readable(int fd)
{
    char byte;
    const ssize_t count = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count >= 0 || (errno != EAGAIN && errno != EINTR);
}
