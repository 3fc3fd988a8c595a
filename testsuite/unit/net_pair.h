/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Two ends of one connection in this process, of any kind, over loopback. */
#ifndef FARCALL_NET_PAIR_H
#define FARCALL_NET_PAIR_H

#include "runtime/net/transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint8_t pair_ticket[WIRE_TICKET_SIZE] = {0xfa, 0x12, 0xca, 0x11};
static const uint8_t pair_secret[WIRE_SECRET_SIZE] = {7, 6, 5, 4, 3, 2, 1};

static inline int pair_listen(char *address, size_t room)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 8) || getsockname(fd, (struct sockaddr *)&at, &size))
        abort();
    snprintf(address, room, "127.0.0.1:%u", ntohs(at.sin_port));
    return fd;
}

static inline void pair_sockets(int fd[2])
{
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    char address[64];
    const int listener = pair_listen(address, sizeof address);
    fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (getsockname(listener, (struct sockaddr *)&at, &size) || connect(fd[0], (struct sockaddr *)&at, sizeof at))
        abort();
    fd[1] = accept(listener, NULL, NULL);
    close(listener);
    const int yes = 1; /* for those that are no transport of ours */
    for (int i = 0; i < 2; i++)
        setsockopt(fd[i], IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

struct pair_side {
    const struct transport_kind *kind;
    int fd;
    const uint8_t *ticket, *secret;
    uint64_t deadline;
    struct transport *transport;
    int result;
    struct far_error error;
};

static void *pair_serve(void *argument)
{
    struct pair_side *side = argument;
    side->result =
        side->kind->begin(side->fd, false, side->ticket, side->secret, side->deadline, &side->transport, &side->error);
    return NULL;
}

/* side[0]: the client. Both have begun, or failed, when it returns. */
static inline void pair_begin(struct pair_side side[2])
{
    pthread_t server;
    pthread_create(&server, NULL, pair_serve, &side[1]);
    side[0].result = side[0].kind->begin(side[0].fd, true, side[0].ticket, side[0].secret, side[0].deadline,
                                         &side[0].transport, &side[0].error);
    pthread_join(server, NULL);
}

static inline void pair_make(const struct transport_kind *kind, struct transport *end[2])
{
    int fd[2];
    pair_sockets(fd);
    struct pair_side side[2];
    for (int i = 0; i < 2; i++)
        side[i] = (struct pair_side){.kind = kind, .fd = fd[i], .ticket = pair_ticket, .secret = pair_secret};
    pair_begin(side);
    if (side[0].result || side[1].result) {
        fprintf(stderr, "begin: %s%s\n", side[0].result ? side[0].error.text : "",
                side[1].result ? side[1].error.text : "");
        abort();
    }
    end[0] = side[0].transport;
    end[1] = side[1].transport;
}

#endif
