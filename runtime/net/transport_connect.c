/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A client's way to another node: connection, preface, answer, transport. */
#include "runtime/net/fail.h"
#include "runtime/net/socket.h"
#include "runtime/net/transport.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

/* For connecting, and again for the answer, where no deadline says less. */
#define CONNECT_NS 10000000000ull

static uint64_t bounded(uint64_t deadline)
{
    const uint64_t most = net_now() + CONNECT_NS;
    return deadline && deadline < most ? deadline : most;
}

struct host_and_port {
    char host[FAR_NODE_ADDRESS_MAX];
    char port[16];
};

static int split_address(const char *address, struct host_and_port *out, struct far_error *error)
{
    const char *colon = strrchr(address, ':');
    const char *end = colon;
    const bool brackets = address[0] == '[' && colon && colon > address && colon[-1] == ']';
    if (brackets) {
        address++;
        end--;
    }
    if (!colon || end == address || !colon[1] || strlen(colon + 1) >= sizeof out->port ||
        (size_t)(end - address) >= sizeof out->host || (!brackets && memchr(address, ':', (size_t)(end - address))))
        return net_fail(error, EINVAL, EX_USAGE, "%s is no address of a node: HOST:PORT, or [IPV6]:PORT", address);
    memcpy(out->host, address, (size_t)(end - address));
    out->host[end - address] = '\0';
    strcpy(out->port, colon + 1);
    return 0;
}

/* Non-blocking, for the deadline's sake; 0, or -errno. */
static int connect_socket(int fd, const struct addrinfo *place, uint64_t deadline)
{
    if (connect(fd, place->ai_addr, place->ai_addrlen) == 0)
        return 0;
    if (errno != EINPROGRESS && errno != EINTR)
        return -errno;
    const int result = socket_await(fd, POLLOUT, deadline);
    if (result)
        return result;
    int failed = 0;
    socklen_t size = sizeof failed;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size))
        return -errno;
    return -failed;
}

static int connect_place(const struct addrinfo *place, uint64_t deadline, int *out)
{
    const int fd = socket(place->ai_family, place->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, place->ai_protocol);
    if (fd < 0)
        return -errno;
    const int result = connect_socket(fd, place, deadline);
    if (result)
        close(fd);
    else
        *out = fd;
    return result;
}

/* The name is looked up as long as the resolver likes: numbers are not looked up. */
static int connect_address(const char *address, uint64_t deadline, int *fd, struct far_error *error)
{
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
    struct host_and_port at;
    struct addrinfo *places = NULL;
    int result = split_address(address, &at, error);
    if (result)
        return result;
    const int found = getaddrinfo(at.host, at.port, &wanted, &places);
    if (found)
        return net_fail(error, EHOSTUNREACH, EX_NOHOST, "node %s: %s", address,
                        found == EAI_SYSTEM ? strerror(errno) : gai_strerror(found));
    result = -EHOSTUNREACH;
    for (const struct addrinfo *place = places; place; place = place->ai_next) {
        result = connect_place(place, deadline, fd);
        if (!result || result == -ETIMEDOUT)
            break;
    }
    freeaddrinfo(places);
    if (result)
        return net_fail(error, -result, EX_UNAVAILABLE, "node %s cannot be reached: %s", address, strerror(-result));
    return 0;
}

static int say_preface(int fd, enum wire_transport number, const uint8_t *ticket, uint64_t deadline)
{
    struct wire_preface preface;
    wire_make_preface(&preface, WIRE_CHANNEL, number, ticket);
    const struct net_socket socket = {.fd = fd};
    const struct iovec part = {&preface, sizeof preface};
    return socket_send(&socket, &part, 1, deadline);
}

/* Not a byte more than the answer: what follows is the transport's. */
static int hear_answer(int fd, struct wire_answer *answer, uint64_t deadline)
{
    const struct net_socket socket = {.fd = fd};
    size_t all = 0, some;
    while (all < sizeof *answer) {
        int result = socket_take(&socket, (char *)answer + all, sizeof *answer - all, &some);
        if (!result && !some)
            result = socket_await(fd, POLLIN, deadline);
        if (result)
            return result;
        all += some;
    }
    return 0;
}

static int introduce(int fd, const char *address, enum wire_transport number, const uint8_t *ticket, uint64_t deadline,
                     struct far_error *error)
{
    struct wire_answer answer;
    int result = say_preface(fd, number, ticket, deadline);
    if (!result)
        result = hear_answer(fd, &answer, deadline);
    if (result)
        return net_fail(error, -result, EX_UNAVAILABLE, "node %s does not answer: %s", address, strerror(-result));
    struct far_error said;
    result = wire_check_answer(&answer, &said);
    if (result)
        return net_fail(error, -result, said.exit, "node %s: %s", address, said.text);
    return 0;
}

int transport_dial(const char *address, enum wire_transport number, const uint8_t ticket[WIRE_TICKET_SIZE],
                   uint64_t deadline, int *fd, struct far_error *error)
{
    int result = connect_address(address, bounded(deadline), fd, error);
    if (result)
        return result;
    result = introduce(*fd, address, number, ticket, bounded(deadline), error);
    if (result)
        close(*fd);
    return result;
}

int transport_connect(const char *address, enum wire_transport number, const uint8_t ticket[WIRE_TICKET_SIZE],
                      const uint8_t secret[WIRE_SECRET_SIZE], uint64_t deadline, struct transport **out,
                      struct far_error *error)
{
    const struct transport_kind *kind = transport_load(number, error);
    if (!kind)
        return -EOPNOTSUPP;
    int fd;
    int result = transport_dial(address, number, ticket, deadline, &fd, error);
    return result ? result : kind->begin(fd, true, ticket, secret, bounded(deadline), out, error);
}
