/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A bare ping-pong over TCP on loopback: what the network gate is measured against. As many bytes as a call's frames have: wire.h.
 * Compiled twice: one sleeps in the kernel, the other one looks all the time.
 *
 *     null       a call's frame there, an answer's back
 *     sessions   the same, the server in a session of its own, as hosts are
 *     in-N       as null, with N bytes there
 *     inout-N    and N bytes back
 *     flow-N     N bytes after N bytes, for one answer at the end: what TCP can carry
 */
#include "runtime/net/wire.h"
#include "testsuite/bench/peers/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef LOOKING
#define NAME "tcp_busy"
#else
#define NAME    "tcp"
#define LOOKING 0
#endif

#define CALL_BYTES   (sizeof(struct wire_frame) + sizeof(struct wire_call))
#define ANSWER_BYTES (sizeof(struct wire_frame) + sizeof(struct wire_reply))
#define EXTENT_BYTES sizeof(struct wire_extent)

struct sizes {
    size_t there, back;
};

static in_port_t *port; /* of the server, in memory that both have */

static struct sizes sizes_of(const struct peer_run *run)
{
    size_t more = run->amount + EXTENT_BYTES;
    if (peer_is(run, "flow"))
        return (struct sizes){run->amount, 1};
    return (struct sizes){CALL_BYTES + (peer_is(run, "in") || peer_is(run, "inout") ? more : 0),
                          ANSWER_BYTES + (peer_is(run, "inout") ? more : 0)};
}

static void prepare(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void send_all(int fd, const unsigned char *bytes, size_t size)
{
    while (size) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL | (LOOKING ? MSG_DONTWAIT : 0));
        if (sent < 0 && errno != EAGAIN)
            peer_broken("sending: %s", strerror(errno));
        if (sent > 0)
            bytes += sent, size -= (size_t)sent;
    }
}

/* false: the other side has gone. */
static bool receive_all(int fd, unsigned char *bytes, size_t size)
{
    while (size) {
        ssize_t got = recv(fd, bytes, size, LOOKING ? MSG_DONTWAIT : 0);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            return false;
        if (got > 0)
            bytes += got, size -= (size_t)got;
    }
    return true;
}

static unsigned char *room_for(struct sizes sizes)
{
    size_t most = sizes.there > sizes.back ? sizes.there : sizes.back;
    unsigned char *bytes = malloc(most);
    if (!bytes)
        peer_broken("no memory");
    return memset(bytes, 1, most);
}

/* In a flow, 4 bytes say first how many times there is something before the answer. */
static bool receive_question(int fd, const struct peer_run *run, unsigned char *bytes, size_t size)
{
    uint32_t times = 1;
    if (peer_is(run, "flow") && !receive_all(fd, (unsigned char *)&times, sizeof times))
        return false;
    for (uint32_t i = 0; i < times; i++) {
        if (!receive_all(fd, bytes, size))
            return false;
        peer_look(bytes, size);
    }
    return true;
}

static void answer(int fd, const struct peer_run *run)
{
    struct sizes sizes = sizes_of(run);
    unsigned char *bytes = room_for(sizes);
    while (receive_question(fd, run, bytes, sizes.there))
        send_all(fd, bytes, sizes.back);
    free(bytes);
}

static void serve(const struct peer_run *run)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (peer_is(run, "sessions"))
        setsid();
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 8) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        peer_broken("no place to listen at: %s", strerror(errno));
    *port = address.sin_port;
    peer_ready();
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            peer_broken("no connection: %s", strerror(errno));
        prepare(fd);
        answer(fd, run);
        close(fd);
    }
}

struct connection {
    int fd;
    struct sizes sizes;
    unsigned char *bytes;
};

static void *connect_to(const struct peer_run *run)
{
    static struct connection connection;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = *port};
    connection = (struct connection){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .sizes = sizes_of(run)};
    if (connection.fd < 0 || connect(connection.fd, (struct sockaddr *)&address, sizeof address) != 0)
        peer_broken("no connection: %s", strerror(errno));
    prepare(connection.fd);
    connection.bytes = room_for(connection.sizes);
    return &connection;
}

static void ask(const struct connection *connection, uint32_t before_answer)
{
    for (uint32_t i = 0; i < before_answer; i++)
        send_all(connection->fd, connection->bytes, connection->sizes.there);
    peer_expect(receive_all(connection->fd, connection->bytes, connection->sizes.back), "the server has gone");
}

static void call(void *to, const struct peer_run *run, uint32_t count)
{
    const struct connection *connection = to;
    if (peer_is(run, "flow")) {
        send_all(connection->fd, (const unsigned char *)&count, sizeof count);
        ask(connection, count);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        ask(connection, 1);
}

int main(int argc, char **argv)
{
    const struct peer peer = {NAME, "null sessions in inout flow", serve, connect_to, call, 0};
    port = mmap(NULL, sizeof *port, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (port == MAP_FAILED)
        return 70;
    return peer_main(argc, argv, &peer);
}
