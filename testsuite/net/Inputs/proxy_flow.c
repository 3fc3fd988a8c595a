/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Connections through the proxy. */
#include "proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE_BYTES  16384u
#define PIPE_BYTES   (1u << 20) /* more is not taken before some has gone */
#define SLOW_BYTE_NS 100000u

struct piece {
    struct piece *next;
    uint64_t due;
    size_t at, size;
    unsigned char bytes[];
};

/* A socket belongs to the namespace that its maker is in. */
static int socket_in(const struct place *place)
{
    char path[96];
    int home = -1, there = -1, fd = -1;
    if (!place->space[0])
        return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    snprintf(path, sizeof path, "/run/netns/%s", place->space);
    home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    there = open(path, O_RDONLY | O_CLOEXEC);
    if (home >= 0 && there >= 0 && setns(there, CLONE_NEWNET) == 0) {
        fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (setns(home, CLONE_NEWNET) != 0)
            abort();
    }
    close(home);
    close(there);
    return fd;
}

static int listen_at(const struct place *place)
{
    int on = 1, fd = socket_in(place);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&place->address, sizeof place->address) == 0 && listen(fd, 128) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int flow_listen(struct proxy *proxy)
{
    for (unsigned i = 0; i < proxy->routes; i++) {
        struct route *route = &proxy->route[i];
        if (route->listener < 0 && (route->listener = listen_at(&route->from)) < 0)
            return errno;
    }
    return 0;
}

void flow_refuse(struct proxy *proxy)
{
    for (unsigned i = 0; i < proxy->routes; i++) {
        if (proxy->route[i].listener >= 0)
            close(proxy->route[i].listener);
        proxy->route[i].listener = -1;
    }
}

static void drop_pieces(struct pipe *pipe)
{
    for (struct piece *next; pipe->first; pipe->first = next) {
        next = pipe->first->next;
        free(pipe->first);
    }
}

static void forget(struct proxy *proxy, unsigned index, bool reset)
{
    struct connection *connection = proxy->connection[index];
    const struct linger at_once = {1, 0};
    for (int i = 0; i < 2; i++) {
        if (reset)
            setsockopt(connection->side[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(connection->side[i]);
        drop_pieces(&connection->pipe[i]);
    }
    proxy->resets += reset;
    free(connection);
    proxy->connection[index] = proxy->connection[--proxy->connections];
}

void flow_reset_all(struct proxy *proxy)
{
    while (proxy->connections)
        forget(proxy, proxy->connections - 1, true);
}

void flow_reset_lost(struct proxy *proxy)
{
    for (unsigned i = proxy->connections; i-- > 0;)
        if (proxy->connection[i]->pipe[THERE].lost || proxy->connection[i]->pipe[BACK].lost)
            forget(proxy, i, true);
}

static int connect_to(const struct place *place)
{
    int on = 1, fd = socket_in(place);
    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (const struct sockaddr *)&place->address, sizeof place->address) == 0 || errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

static void take(struct proxy *proxy, const struct route *route)
{
    int on = 1, fd = accept4(route->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    struct connection *connection = calloc(1, sizeof *connection);
    int other = connection && proxy->connections < CONNECTIONS_MAX ? connect_to(&route->to) : -1;
    if (other < 0) {
        free(connection);
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *connection = (struct connection){.side = {fd, other}, .connecting = true};
    for (int i = 0; i < 2; i++)
        connection->pipe[i].end = &connection->pipe[i].first;
    proxy->connection[proxy->connections++] = connection;
    proxy->accepted++;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t due_of(struct proxy *proxy, struct pipe *pipe, size_t bytes)
{
    const struct faults *faults = &proxy->faults;
    uint64_t now = proxy_now(), due = now + faults->delay_us * UINT64_C(1000);
    if (faults->jitter_us)
        due += proxy_random(proxy, faults->jitter_us) * UINT64_C(1000);
    if (faults->rate) {
        pipe->free_at = later(pipe->free_at, now) + bytes * UINT64_C(1000000000) / faults->rate;
        due = later(due, pipe->free_at);
    }
    return pipe->last_due = later(pipe->last_due, due);
}

/* false: this connection has been broken by its sender. */
static bool fill(struct proxy *proxy, struct connection *connection, enum direction direction)
{
    struct pipe *pipe = &connection->pipe[direction];
    struct piece *piece = malloc(sizeof *piece + PIECE_BYTES);
    if (!piece)
        return false;
    ssize_t got = recv(connection->side[direction], piece->bytes, PIECE_BYTES, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        free(piece);
        return true;
    }
    pipe->ended = got <= 0;
    if (proxy->faults.swallow[direction] || pipe->lost) {
        pipe->lost = true; /* and its end with it: the other side is not told */
        free(piece);
        return true;
    }
    if (got <= 0) {
        free(piece);
        return got == 0;
    }
    piece->next = NULL;
    piece->at = 0;
    piece->size = (size_t)got;
    piece->due = due_of(proxy, pipe, (size_t)got);
    *pipe->end = piece;
    pipe->end = &piece->next;
    pipe->bytes += (size_t)got;
    return true;
}

static size_t allowed(const struct faults *faults, size_t bytes)
{
    if (faults->slow && bytes > 1)
        bytes = 1;
    return faults->cut >= 0 && (int64_t)bytes > faults->cut ? (size_t)faults->cut : bytes;
}

/* The first piece's bytes, as many as may go. false: the receiver has gone, or the connection is cut here. */
static bool pass(struct proxy *proxy, struct connection *connection, enum direction direction)
{
    struct pipe *pipe = &connection->pipe[direction];
    struct piece *piece = pipe->first;
    size_t most = allowed(&proxy->faults, piece->size - piece->at);
    ssize_t sent =
        most ? send(connection->side[!direction], piece->bytes + piece->at, most, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR;
    piece->at += (size_t)sent;
    pipe->bytes -= (size_t)sent;
    proxy->passed_bytes += (uint64_t)sent;
    if (proxy->faults.slow)
        piece->due = proxy_now() + SLOW_BYTE_NS;
    if (piece->at == piece->size) {
        pipe->first = piece->next;
        if (!pipe->first)
            pipe->end = &pipe->first;
        free(piece);
    }
    if (proxy->faults.cut < 0)
        return true;
    proxy->faults.cut -= sent;
    if (proxy->faults.cut > 0)
        return true;
    proxy->faults.cut = -1; /* once */
    return false;
}

static bool empty_pipe(struct proxy *proxy, struct connection *connection, enum direction direction)
{
    struct pipe *pipe = &connection->pipe[direction];
    while (pipe->first && pipe->first->due <= proxy_now()) {
        size_t before = pipe->bytes;
        if (!pass(proxy, connection, direction))
            return false;
        if (pipe->bytes == before)
            return true; /* the receiver takes no more now */
    }
    if (pipe->ended && !pipe->first && !pipe->told && !pipe->lost) {
        shutdown(connection->side[!direction], SHUT_WR);
        pipe->told = true;
    }
    return true;
}

static short wanted(const struct proxy *proxy, const struct connection *connection, int side, uint64_t now)
{
    const struct pipe *out = &connection->pipe[side], *in = &connection->pipe[!side]; /* as this side sees it */
    short events = 0;
    if (connection->connecting)
        return side == 1 ? POLLOUT : 0;
    if (!out->ended && out->bytes < PIPE_BYTES)
        events |= POLLIN;
    if (in->first && in->first->due <= now)
        events |= POLLOUT;
    (void)proxy;
    return events;
}

unsigned flow_wait(struct proxy *proxy, struct pollfd *set, uint64_t *wake)
{
    unsigned count = 0;
    uint64_t now = proxy_now();
    for (unsigned i = 0; i < proxy->routes; i++)
        set[count++] = (struct pollfd){.fd = proxy->faults.hold ? -1 : proxy->route[i].listener, .events = POLLIN};
    for (unsigned i = 0; i < proxy->connections; i++)
        for (int side = 0; side < 2; side++) {
            const struct connection *connection = proxy->connection[i];
            const struct piece *first = connection->pipe[side].first;
            short events = proxy->faults.hold ? 0 : wanted(proxy, connection, side, now);
            /* Not looked at where nothing is wanted: its end would be said without a pause. */
            set[count++] = (struct pollfd){.fd = events ? connection->side[side] : -1, .events = events};
            if (first && first->due > now && first->due < *wake && !proxy->faults.hold)
                *wake = first->due;
        }
    return count;
}

static bool connected(struct connection *connection, short events)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (!events)
        return true;
    connection->connecting = false;
    return getsockopt(connection->side[1], SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

static bool go_on(struct proxy *proxy, struct connection *connection, const struct pollfd *set)
{
    if (connection->connecting)
        return connected(connection, set[1].revents);
    for (int side = 0; side < 2; side++)
        if (set[side].revents & (POLLIN | POLLERR | POLLHUP) && !connection->pipe[side].ended &&
            !fill(proxy, connection, (enum direction)side))
            return false;
    return empty_pipe(proxy, connection, THERE) && empty_pipe(proxy, connection, BACK);
}

static bool is_over(const struct connection *connection)
{
    return connection->pipe[THERE].told && connection->pipe[BACK].told;
}

void flow_go_on(struct proxy *proxy, const struct pollfd *set)
{
    const struct pollfd *of_connections = set + proxy->routes;
    if (proxy->faults.hold)
        return;
    for (unsigned i = proxy->connections; i-- > 0;) { /* backwards: the last one takes the place of one that goes */
        bool goes_on = go_on(proxy, proxy->connection[i], of_connections + (size_t)2 * i);
        if (!goes_on || is_over(proxy->connection[i]))
            forget(proxy, i, !goes_on);
    }
    for (unsigned i = 0; i < proxy->routes; i++)
        if (set[i].revents & POLLIN)
            take(proxy, &proxy->route[i]);
}
