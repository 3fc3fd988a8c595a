/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * usage: net_transport CLIENT-CORE SERVER-CORE
 * What a channel's connection costs, beside the same bytes over a bare TCP socket: two processes over loopback, a core each. A small call
 * and its answer, sleeping and busy; then a mebibyte and a small answer.
 */
#include "bench.h"
#include "runtime/net/transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALL_BYTES   80 /* struct wire_frame, struct wire_call */
#define ANSWER_BYTES 48
#define LARGE_BYTES  ((size_t)1 << 20)
#define BUSY         0xFFFFFFFFu

/* transport NULL: the bare socket */
struct connection {
    struct transport *transport;
    int fd;
    const char *name;
};
#define CONNECTIONS (1 + WIRE_TRANSPORT_COUNT)

/* So many rounds on one connection, and one more. A few: who shares the cores leaves them alone only for a moment. */
struct order {
    uint32_t connection, spin, count;
    size_t call, answer;
};

static const uint8_t ticket[WIRE_TICKET_SIZE] = {1}, secret[WIRE_SECRET_SIZE] = {2};
static char bytes[LARGE_BYTES];

static void fail(const char *what)
{
    fprintf(stderr, "net_transport: %s\n", what);
    exit(70);
}

static void bare_send(int fd, size_t size)
{
    for (size_t sent = 0; sent < size;) {
        const ssize_t some = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL);
        if (some < 0)
            fail("send");
        sent += (size_t)some;
    }
}

static void bare_receive(int fd, size_t size, bool busy)
{
    for (size_t all = 0; all < size;) {
        const ssize_t some = recv(fd, bytes + all, sizeof bytes - all, busy ? MSG_DONTWAIT : 0);
        if (some == 0 || (some < 0 && errno != EAGAIN))
            fail("the other side has gone");
        if (some > 0)
            all += (size_t)some;
    }
}

static void say(struct connection *connection, size_t size)
{
    struct transport *transport = connection->transport;
    const struct iovec part = {bytes, size};
    if (!transport)
        bare_send(connection->fd, size);
    else if (transport->kind->send(transport, &part, 1, 0))
        fail("send");
}

static void hear(struct connection *connection, size_t size, uint32_t spin)
{
    struct transport *transport = connection->transport;
    size_t got;
    if (!transport) {
        bare_receive(connection->fd, size, spin != 0);
        return;
    }
    transport->spin = spin;
    if (transport->kind->receive(transport, bytes, size, sizeof bytes, &got, 0))
        fail("the other side has gone");
}

static struct connection connect_pair(int fd, bool is_client, enum wire_transport number)
{
    struct connection connection = {.fd = fd, .name = "bare socket"};
    struct far_error error;
    const int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (!number)
        return connection;
    connection.name = wire_transport_word(number);
    const struct transport_kind *kind = transport_load(number, &error);
    if (!kind || kind->begin(fd, is_client, ticket, secret, 0, &connection.transport, &error))
        fail(error.text);
    return connection;
}

static void make_sockets(int fd[2])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&at, &size))
        fail("no socket");
    fd[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd[0], (struct sockaddr *)&at, size))
        fail("no connection");
    fd[1] = accept(listener, NULL, NULL);
    close(listener);
}

static void serve(int orders, struct connection *connection)
{
    struct order order;
    while (read(orders, &order, sizeof order) == sizeof order)
        for (uint32_t i = 0; i <= order.count; i++) {
            hear(&connection[order.connection], order.call, order.spin);
            say(&connection[order.connection], order.answer);
        }
}

/* Nanoseconds for one call. */
static double call(int orders, struct connection *connection, struct order order)
{
    if (write(orders, &order, sizeof order) != sizeof order)
        fail("no server");
    double begin = 0;
    for (uint32_t i = 0; i <= order.count; i++) {
        say(&connection[order.connection], order.call);
        hear(&connection[order.connection], order.answer, order.spin);
        if (i == 0) /* that one has woken the server */
            begin = bench_now_ns();
    }
    return (bench_now_ns() - begin) / order.count;
}

static void compare(int orders, struct connection *connection, const char *name, double limit, struct order order)
{
    char what[96], word[64];
    snprintf(what, sizeof what, "%s: %s", connection[order.connection].name, name);
    snprintf(word, sizeof word, "net/%s-%s", connection[order.connection].name, name);
    for (char *at = word; *at; at++)
        *at = *at == ' ' || *at == ',' ? '-' : *at;
    struct bench bench = {.name = word, .what = what, .floor = "the same over a bare socket", .limit = limit};
    struct order floor = order;
    floor.connection = 0;
    for (int round = 0; round < BENCH_ROUNDS; round++) {
        bench.ns[round] = bench.floor_ns[round] = 1e12;
        for (int slice = 0; slice < BENCH_SLICES; slice++) {
            bench.floor_ns[round] = bench_least(bench.floor_ns[round], call(orders, connection, floor));
            bench.ns[round] = bench_least(bench.ns[round], call(orders, connection, order));
        }
    }
    bench_report(&bench);
}

int main(int count, char **argument)
{
    struct connection client[CONNECTIONS], server[CONNECTIONS];
    int fd[WIRE_TRANSPORT_COUNT][2], orders[2], kinds = 0;
    enum wire_transport number[CONNECTIONS] = {WIRE_TRANSPORT_NONE};
    if (count != 3 || pipe(orders)) {
        fprintf(stderr, "usage: net_transport CLIENT-CORE SERVER-CORE\n");
        return 64;
    }
    for (int kind = 0; kind < WIRE_TRANSPORT_COUNT; kind++) {
        if (kind && !transport_load((enum wire_transport)kind, NULL))
            continue;
        make_sockets(fd[kinds]);
        number[kinds++] = (enum wire_transport)kind;
    }
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(orders[1]);
        bench_pin(atoi(argument[2]));
        for (int i = 0; i < kinds; i++)
            server[i] = connect_pair(fd[i][1], false, number[i]);
        serve(orders[0], server);
        _exit(0);
    }
    close(orders[0]);
    bench_pin(atoi(argument[1]));
    for (int i = 0; i < kinds; i++)
        client[i] = connect_pair(fd[i][0], true, number[i]);
    const bool alone = atoi(argument[1]) == atoi(argument[2]);
    for (uint32_t i = 1; i < (uint32_t)kinds; i++) {
        const double limit = number[i] == WIRE_TLS ? 1.5 : number[i] == WIRE_TCP ? 1.15 : 0;
        compare(orders[1], client, "call, sleeping", limit, (struct order){i, 0, 40, CALL_BYTES, ANSWER_BYTES});
        if (!alone)
            compare(orders[1], client, "call, busy", limit, (struct order){i, BUSY, 60, CALL_BYTES, ANSWER_BYTES});
        compare(orders[1], client, "1 MiB, sleeping", 0, (struct order){i, 0, 2, LARGE_BYTES, ANSWER_BYTES});
        if (!alone)
            compare(orders[1], client, "1 MiB, busy", 0, (struct order){i, BUSY, 2, LARGE_BYTES, ANSWER_BYTES});
    }
    close(orders[1]);
    waitpid(child, NULL, 0);
    return 0;
}
