/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The port. Whoever connects has HALF_OPEN_MS to say what for, in one preface; of those who have not, there are never more than HALF_OPEN_MAX:
 * for each that comes then the oldest goes, so that who wastes places wastes his own.
 */
#include "runtime/fard/node_parts.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

struct half_open {
    struct list link;
    struct nodes *nodes;
    struct source source;
    struct timer timer;
    size_t got;
    struct wire_preface preface;
};

/* Frees it; the descriptor goes on. */
static int let_go(struct half_open *half)
{
    int fd = half->source.fd;
    loop_forget(&half->nodes->fard->loop, &half->source);
    timer_stop(&half->timer);
    list_take_out(&half->link);
    half->nodes->half_open_count--;
    explicit_bzero(half, sizeof *half);
    free(half);
    return fd;
}

static void drop(struct half_open *half)
{
    half->nodes->fard->metrics.prefaces_refused++;
    close(let_go(half));
}

static void too_slow(struct timer *timer)
{
    drop(list_entry(timer, struct half_open, timer));
}

/* A fresh connection has room for it; one that has not is nobody's loss. */
static bool say(int fd, enum wire_refusal refused, const char *text)
{
    struct wire_answer answer;
    wire_make_answer(&answer, refused, text);
    return send(fd, &answer, sizeof answer, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof answer;
}

static void turn_away(struct half_open *half, enum wire_refusal refused, const char *why)
{
    char unread[512], from[NODE_HOST_MAX];
    say(half->source.fd, refused, why);
    node_address_of_peer(half->source.fd, from);
    node_say_stranger(half->nodes, "preface-refused", from, why);
    shutdown(half->source.fd, SHUT_WR);
    while (recv(half->source.fd, unread, sizeof unread, MSG_DONTWAIT) == sizeof unread)
        ; /* what is left unread would be a reset, and take the answer with it */
    drop(half);
}

static void let_channel_in(struct half_open *half)
{
    struct nodes *nodes = half->nodes;
    struct ticket *ticket = ticket_find(nodes, half->preface.ticket);
    char why[200] = "the ticket is unknown, used up, or too old";
    int refused = WIRE_REFUSED_TICKET;
    if (ticket && ticket->transport != (enum wire_transport)half->preface.transport) {
        snprintf(why, sizeof why, "the channel was opened for %s, not for %s", wire_transport_word(ticket->transport),
                 wire_transport_word((enum wire_transport)half->preface.transport));
        refused = WIRE_REFUSED_TRANSPORT;
    } else if (ticket) {
        refused = guest_connected(ticket, half->source.fd, why, sizeof why);
    }
    if (ticket)
        ticket_free(ticket);
    if (refused)
        turn_away(half, (enum wire_refusal)refused, why);
    else
        close(let_go(half)); /* the host has it */
}

static void let_node_in(struct half_open *half)
{
    struct nodes *nodes = half->nodes;
    if (!say(half->source.fd, WIRE_WELCOME, "")) {
        drop(half);
        return;
    }
    link_accept(nodes, let_go(half));
}

static void let_in(struct half_open *half)
{
    char why[200] = "";
    int refused = wire_check_preface(&half->preface, why, sizeof why);
    if (refused)
        turn_away(half, (enum wire_refusal)refused, why);
    else if (half->preface.purpose == WIRE_CHANNEL)
        let_channel_in(half);
    else
        let_node_in(half);
}

/* What does not begin as it must need not be heard to its end. */
static bool begins_right(const struct half_open *half)
{
    size_t known = half->got < WIRE_MAGIC_SIZE ? half->got : WIRE_MAGIC_SIZE;
    return memcmp(half->preface.magic, WIRE_MAGIC, known) == 0;
}

static int half_open_ready(struct source *source, uint32_t events)
{
    struct half_open *half = list_entry(source, struct half_open, source);
    (void)events;
    ssize_t got = recv(source->fd, (char *)&half->preface + half->got, sizeof half->preface - half->got, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got <= 0) {
        drop(half);
        return 0;
    }
    half->got += (size_t)got;
    if (!begins_right(half))
        turn_away(half, WIRE_REFUSED_RUBBISH,
                  "this is a farcall node's port, and that is not how nodes or clients begin");
    else if (half->got == sizeof half->preface)
        let_in(half);
    return 0;
}

static void take(struct nodes *nodes, int fd)
{
    struct half_open *half = calloc(1, sizeof *half);
    if (!half) {
        close(fd);
        return;
    }
    if (nodes->half_open_count >= HALF_OPEN_MAX)
        drop(list_entry(nodes->half_open.next, struct half_open, link));
    half->nodes = nodes;
    half->source = (struct source){fd, half_open_ready};
    half->timer.fire = too_slow;
    nodes->half_open_count++;
    list_append(&nodes->half_open, &half->link);
    timer_start(&nodes->fard->loop, &half->timer, HALF_OPEN_MS);
    if (loop_watch(&nodes->fard->loop, &half->source, EPOLLIN))
        drop(half);
}

static int listener_ready(struct source *source, uint32_t events)
{
    struct nodes *nodes = list_entry(source, struct nodes, listener);
    (void)events;
    int fd = fard_accept(nodes->fard, source->fd);
    if (fd >= 0)
        take(nodes, fd);
    return 0;
}

static int refuse_listen(const char *where, struct far_error *error)
{
    int code = errno;
    return refuse(error, code, code == EADDRINUSE ? EX_UNAVAILABLE : EX_CANTCREAT, "--listen %s: %s", where,
                  strerror(code));
}

int node_listen(struct nodes *nodes, const char *where, struct far_error *error)
{
    struct sockaddr_storage address;
    socklen_t size;
    int yes = 1, result = node_address_parse(where, &address, &size, error);
    if (result)
        return result;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return refuse_listen(where, error);
    nodes->listener = (struct source){fd, listener_ready};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (address.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, SOMAXCONN) < 0)
        return refuse_listen(where, error);
    strncpy(nodes->address, where, sizeof nodes->address - 1);
    return loop_watch(&nodes->fard->loop, &nodes->listener, EPOLLIN);
}

void node_listen_end(struct nodes *nodes)
{
    while (!list_is_empty(&nodes->half_open))
        close(let_go(list_entry(nodes->half_open.next, struct half_open, link)));
    if (nodes->listener.fd < 0)
        return;
    loop_forget(&nodes->fard->loop, &nodes->listener);
    close(nodes->listener.fd);
    nodes->listener.fd = -1;
}
