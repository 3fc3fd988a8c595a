/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* TCP as it is. What is received goes straight to where it is wanted. */
#include "runtime/net/fail.h"
#include "runtime/net/socket.h"
#include "runtime/net/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

struct tcp {
    struct transport transport;
    struct net_socket socket;
};

static int tcp_begin(int fd, bool is_client, const uint8_t ticket[WIRE_TICKET_SIZE],
                     const uint8_t secret[WIRE_SECRET_SIZE], uint64_t deadline, struct transport **out,
                     struct far_error *error)
{
    (void)is_client, (void)ticket, (void)secret, (void)deadline;
    struct tcp *tcp = calloc(1, sizeof *tcp);
    if (!tcp) {
        close(fd);
        return net_fail(error, ENOMEM, EX_OSERR, "no memory for a connection");
    }
    tcp->transport = (struct transport){.kind = &transport_tcp, .fd = fd, .poll_fd = fd};
    socket_prepare(&tcp->socket, fd);
    *out = &tcp->transport;
    return 0;
}

static int tcp_send(struct transport *transport, const struct iovec *part, int count, uint64_t deadline)
{
    return socket_send(&((struct tcp *)transport)->socket, part, count, deadline);
}

static int tcp_receive(struct transport *transport, void *to, size_t least, size_t most, size_t *got, uint64_t deadline)
{
    struct tcp *tcp = (struct tcp *)transport;
    if (!least)
        return socket_take(&tcp->socket, to, most, got);
    int result = 0;
    size_t all = 0, some;
    for (; !result && all < least; all += some)
        result = socket_receive(&tcp->socket, (char *)to + all, most - all, transport->spin, deadline, &some);
    *got = all;
    return result;
}

static bool tcp_is_readable(struct transport *transport)
{
    return socket_is_readable(transport->fd);
}

static void tcp_end(struct transport *transport)
{
    close(transport->fd);
    free(transport);
}

const struct transport_kind transport_tcp = {
    .number = WIRE_TCP,
    .version = TRANSPORT_VERSION,
    .begin = tcp_begin,
    .send = tcp_send,
    .receive = tcp_receive,
    .is_readable = tcp_is_readable,
    .end = tcp_end,
};
