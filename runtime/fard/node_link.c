/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * One link to another fard: connected, prefaced, TLS shaken, greeted, then packets until it is lost. Nothing here waits. Nothing of a link that
 * is lost is used again; it tells its node so, and frees itself, at the end of the loop's turn, so that whoever was sending need not look.
 */
#include "runtime/fard/node_parts.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define LAST_WORDS_UNREAD 65536 /* what is thrown away before a close, so that it does not become a reset */

static int64_t microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void link_settle(int fd)
{
    int yes = 1, silent = LINK_SILENT_MS;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silent, sizeof silent);
}

struct node_packet *node_packet_new(uint16_t type, uint32_t serial, const void *body, size_t size)
{
    struct far_message head = {FAR_PROTOCOL_MAGIC, (uint32_t)(sizeof head + size), type, 1, serial};
    struct node_packet *packet = calloc(1, sizeof *packet + head.size);
    if (!packet)
        return NULL;
    packet->serial = serial;
    packet->size = head.size;
    memcpy(packet->bytes, &head, sizeof head);
    if (size)
        memcpy(packet->bytes + sizeof head, body, size);
    return packet;
}

static void packet_free(struct node_link *link, struct node_packet *packet)
{
    list_take_out(&packet->link);
    link->queued -= packet->size;
    free(packet);
}

static struct loop *loop_of(const struct node_link *link)
{
    return &link->nodes->fard->loop;
}

void link_free(struct node_link *link)
{
    if (link->source.fd >= 0) {
        loop_forget(loop_of(link), &link->source);
        close(link->source.fd);
    }
    while (!list_is_empty(&link->queue))
        packet_free(link, list_entry(link->queue.next, struct node_packet, link));
    timer_stop(&link->timer);
    timer_stop(&link->more);
    list_take_out(&link->of_node);
    if (link->node && link->node->attempt == link)
        link->node->attempt = NULL;
    SSL_free(link->ssl);
    free(link->in);
    free(link);
}

static void link_bury(struct timer *timer)
{
    struct node_link *link = list_entry(timer, struct node_link, timer);
    node_link_gone(link);
    link_free(link);
}

static void close_in_order(struct node_link *link)
{
    char unread[4096];
    size_t taken = 0;
    ssize_t got;
    if (link->ssl && link->state >= LINK_GREETING)
        SSL_shutdown(link->ssl);
    ERR_clear_error();
    shutdown(link->source.fd, SHUT_WR);
    while (taken < LAST_WORDS_UNREAD && (got = recv(link->source.fd, unread, sizeof unread, MSG_DONTWAIT)) > 0)
        taken += (size_t)got;
    loop_forget(loop_of(link), &link->source);
    close(link->source.fd);
    link->source.fd = -1;
}

void link_lose_for(struct node_link *link, const struct far_error *why)
{
    if (link->state == LINK_LOST)
        return;
    link->why = *why;
    if (!link->outgoing && !link->was_up)
        link->nodes->arriving_count--;
    if (link->was_up)
        link->loss = ++node_real(link->node)->losses;
    if (link->source.fd >= 0)
        close_in_order(link);
    link->state = LINK_LOST;
    list_take_out(&link->of_node);
    list_append(&link->nodes->lost, &link->of_node);
    timer_stop(&link->more);
    link->timer.fire = link_bury;
    timer_start(loop_of(link), &link->timer, 0);
}

void link_lose(struct node_link *link, int code, const char *format, ...)
{
    struct far_error why;
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    refuse(&why, code, EX_UNAVAILABLE, "%s", text);
    link_lose_for(link, &why);
}

static void lose_by_errno(struct node_link *link, int code, const char *what)
{
    link_lose(link, code, "%s: %s", what, strerror(code));
}

/* OpenSSL's error. errno is looked at first: most of what goes wrong is the connection. */
static void lose_by_tls(struct node_link *link, int kind, int code)
{
    char reason[300];
    if (kind == SSL_ERROR_SYSCALL && code) {
        lose_by_errno(link, code, "connection");
        ERR_clear_error();
        return;
    }
    if (kind == SSL_ERROR_ZERO_RETURN && link->was_up) {
        link_lose(link, ECONNRESET, "the other side has ended the link");
        return;
    }
    node_tls_reason(link->ssl, reason, sizeof reason);
    link_lose(link, EPROTO, "%s", reason);
}

static void listen_for(struct node_link *link)
{
    uint32_t events = link->write_wants_read || link->state != LINK_CONNECTING ? EPOLLIN : 0;
    if (link->state == LINK_CONNECTING || link->read_wants_write || !list_is_empty(&link->queue))
        events |= EPOLLOUT;
    if (link->state == LINK_LOST)
        return;
    int result = loop_change(loop_of(link), &link->source, events);
    if (result)
        lose_by_errno(link, -result, "epoll");
}

/* What OpenSSL wants first. False: the link is lost. */
static bool take_wants(struct node_link *link, int result, bool *wants_other, int other)
{
    int code = errno, kind = SSL_get_error(link->ssl, result);
    *wants_other = kind == other;
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE)
        return true;
    lose_by_tls(link, kind, code);
    return false;
}

static void flush(struct node_link *link)
{
    while (link->state >= LINK_GREETING && link->state != LINK_LOST && !list_is_empty(&link->queue)) {
        struct node_packet *packet = list_entry(link->queue.next, struct node_packet, link);
        errno = 0;
        int result = SSL_write(link->ssl, packet->bytes + packet->sent, (int)(packet->size - packet->sent));
        if (result <= 0) {
            take_wants(link, result, &link->write_wants_read, SSL_ERROR_WANT_READ);
            break;
        }
        packet->sent += (size_t)result;
        if (packet->sent == packet->size)
            packet_free(link, packet);
    }
    listen_for(link);
}

void link_send_packet(struct node_link *link, struct node_packet *packet)
{
    bool room = packet && link->state != LINK_LOST && link->queued + packet->size <= LINK_QUEUE_BYTES;
    if (!room) {
        free(packet);
        link_lose(link, ENOBUFS, "the other side does not take what it is sent");
        return;
    }
    bool idle = list_is_empty(&link->queue);
    list_append(&link->queue, &packet->link);
    link->queued += packet->size;
    if (idle)
        flush(link);
}

void link_send(struct node_link *link, uint16_t type, uint32_t serial, const void *body, size_t size)
{
    if (link->state != LINK_LOST)
        link_send_packet(link, node_packet_new(type, serial, body, size));
}

static void send_ping(struct timer *timer)
{
    struct node_link *link = list_entry(timer, struct node_link, timer);
    if (loop_now() - link->heard_at >= LINK_SILENT_MS) {
        link_lose(link, ETIMEDOUT, "nothing was heard for %d s", LINK_SILENT_MS / 1000);
        return;
    }
    timer_start(loop_of(link), &link->timer, LINK_PING_MS);
    if (link->ping_sent_us)
        return;
    link->ping_sent_us = microseconds();
    link_send(link, LINK_PING, 0, NULL, 0);
}

static void opening_took_too_long(struct timer *timer)
{
    struct node_link *link = list_entry(timer, struct node_link, timer);
    link_lose(link, ETIMEDOUT, "no answer within %d s", LINK_OPEN_MS / 1000);
}

/* In words, and the end: whoever cannot be understood cannot be believed either. */
static void refuse_link(struct node_link *link, uint32_t serial, const struct far_error *error)
{
    link_send(link, FAR_MSG_ERROR | FAR_MSG_REPLY, serial, error, sizeof *error);
    link_lose_for(link, error);
}

static void take_refusal(struct node_link *link, const struct far_message *message)
{
    struct far_error said, error;
    if (protocol_check_host_failed(message, &said, &error))
        refuse_link(link, 0, &error);
    else
        link_lose(link, said.code, "the other side refuses: %s", said.text);
}

static void greeted(struct node_link *link, const struct far_message *message)
{
    const struct link_hello *hello;
    struct far_error error;
    if (message->type == (FAR_MSG_ERROR | FAR_MSG_REPLY)) {
        take_refusal(link, message);
        return;
    }
    if (link_check_hello(link, message, &hello, &error) || !node_linked(link, hello, &error)) {
        refuse_link(link, message->serial, &error);
        return;
    }
    link->timer.fire = send_ping;
    timer_start(loop_of(link), &link->timer, 0); /* the first says how far it is */
}

static void take_pong(struct node_link *link)
{
    if (link->ping_sent_us && link->node)
        link->node->round_trip_us = (uint64_t)(microseconds() - link->ping_sent_us);
    link->ping_sent_us = 0;
}

static void deliver(struct node_link *link, const struct far_message *message)
{
    struct far_error error;
    if (link->state == LINK_GREETING)
        greeted(link, message);
    else if (message->type == LINK_PING && message->size == sizeof *message)
        link_send(link, LINK_PING | FAR_MSG_REPLY, message->serial, NULL, 0);
    else if (message->type == (LINK_PING | FAR_MSG_REPLY))
        take_pong(link);
    else if (message->type == (FAR_MSG_ERROR | FAR_MSG_REPLY) && message->serial == 0)
        take_refusal(link, message);
    else if (message->type == LINK_HELLO) {
        refuse(&error, EBADMSG, EX_PROTOCOL, "link: a second greeting");
        refuse_link(link, message->serial, &error);
    } else
        node_message(link, message);
}

/* How many bytes of the packet are still to come; 0: it is whole. SIZE_MAX: it is no packet. */
static size_t missing(struct node_link *link)
{
    const struct far_message *head = (const void *)link->in;
    struct far_error error;
    if (link->got < sizeof *head)
        return sizeof *head - link->got;
    bool sound = head->size >= sizeof *head && head->size <= FAR_MESSAGE_MAX;
    if (protocol_check_message(head, sound ? head->size : link->got, &error)) {
        refuse_link(link, 0, &error);
        return SIZE_MAX;
    }
    return head->size - link->got;
}

/* False: nothing more is there, or the link is lost. */
static bool receive_some(struct node_link *link, size_t most)
{
    errno = 0;
    int result = SSL_read(link->ssl, link->in + link->got, (int)most);
    if (result <= 0) {
        take_wants(link, result, &link->read_wants_write, SSL_ERROR_WANT_WRITE);
        return false;
    }
    link->got += (size_t)result;
    link->heard_at = loop_now();
    return true;
}

static void receive(struct node_link *link)
{
    for (unsigned packets = 0; link->state == LINK_GREETING || link->state == LINK_UP;) {
        size_t left = missing(link);
        if (left == SIZE_MAX)
            return;
        if (left) {
            if (!receive_some(link, left))
                break;
            continue;
        }
        link->got = 0;
        deliver(link, (const void *)link->in);
        if (++packets == LINK_TURN) {
            timer_start(loop_of(link), &link->more, 0); /* what OpenSSL has already, no event tells of */
            break;
        }
    }
    listen_for(link);
}

static void receive_more(struct timer *timer)
{
    receive(list_entry(timer, struct node_link, more));
}

static void shaken(struct node_link *link)
{
    char name[FAR_NODE_NAME_MAX];
    struct far_error error;
    X509 *certificate = SSL_get1_peer_certificate(link->ssl);
    int result = certificate ? node_certificate_name(certificate, name, &error)
                             : refuse(&error, EACCES, EX_NOPERM, "the other side has shown no certificate");
    X509_free(certificate);
    if (result) {
        link->state = LINK_GREETING;
        refuse_link(link, 0, &error);
        return;
    }
    link->state = LINK_GREETING;
    memcpy(link->name, name, sizeof link->name);
    link_say_hello(link);
    receive(link);
}

static void shake(struct node_link *link)
{
    bool writes = false;
    errno = 0;
    int result = SSL_do_handshake(link->ssl);
    if (result == 1) {
        link->read_wants_write = false;
        shaken(link);
        return;
    }
    if (take_wants(link, result, &writes, SSL_ERROR_WANT_WRITE)) {
        link->read_wants_write = writes;
        listen_for(link);
    }
}

static void begin_tls(struct node_link *link)
{
    link->ssl = SSL_new(link->nodes->identity.context);
    link->in = malloc(FAR_MESSAGE_MAX);
    if (!link->ssl || !link->in || SSL_set_fd(link->ssl, link->source.fd) != 1) {
        lose_by_errno(link, ENOMEM, "TLS");
        return;
    }
    if (link->outgoing)
        SSL_set_connect_state(link->ssl);
    else
        SSL_set_accept_state(link->ssl);
    link->state = LINK_SHAKING;
    shake(link);
}

static void take_answer(struct node_link *link)
{
    struct far_error error;
    ssize_t got = recv(link->source.fd, (char *)&link->answer + link->answer_got,
                       sizeof link->answer - link->answer_got, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        link_lose(link, got ? errno : ECONNRESET, "connection: %s", got ? strerror(errno) : "ended without an answer");
        return;
    }
    link->answer_got += (size_t)got;
    if (link->answer_got < sizeof link->answer)
        return;
    if (wire_check_answer(&link->answer, &error))
        link_lose_for(link, &error);
    else
        begin_tls(link);
}

static void connected(struct node_link *link)
{
    struct wire_preface preface;
    int code = 0;
    socklen_t size = sizeof code;
    getsockopt(link->source.fd, SOL_SOCKET, SO_ERROR, &code, &size);
    if (code) {
        lose_by_errno(link, code, "connection");
        return;
    }
    wire_make_preface(&preface, WIRE_NODE, WIRE_TRANSPORT_NONE, NULL);
    if (send(link->source.fd, &preface, sizeof preface, MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof preface) {
        lose_by_errno(link, errno, "connection");
        return;
    }
    link->state = LINK_PREFACED;
    listen_for(link);
}

static int link_ready(struct source *source, uint32_t events)
{
    struct node_link *link = list_entry(source, struct node_link, source);
    if (link->state == LINK_CONNECTING) {
        connected(link);
    } else if (link->state == LINK_PREFACED) {
        take_answer(link);
    } else if (link->state == LINK_SHAKING) {
        shake(link);
    } else {
        if (events & EPOLLOUT || link->write_wants_read)
            flush(link);
        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) || link->read_wants_write)
            receive(link);
    }
    return 0;
}

static struct node_link *link_new(struct nodes *nodes, int fd)
{
    struct node_link *link = calloc(1, sizeof *link);
    if (!link)
        return NULL;
    link->nodes = nodes;
    link->source = (struct source){fd, link_ready};
    link->timer.fire = opening_took_too_long;
    link->more.fire = receive_more;
    link->heard_at = loop_now();
    list_init(&link->queue);
    timer_start(&nodes->fard->loop, &link->timer, LINK_OPEN_MS);
    return link;
}

/* Who was let in last is more likely to mean it than who has not got further for longest. */
static void make_room(struct nodes *nodes)
{
    while (nodes->arriving_count >= ARRIVING_MAX)
        link_lose(list_entry(nodes->arriving.next, struct node_link, of_node), EAGAIN, "too many links begin at once");
}

void link_accept(struct nodes *nodes, int fd)
{
    struct node_link *link = link_new(nodes, fd);
    if (!link) {
        close(fd);
        return;
    }
    make_room(nodes);
    nodes->arriving_count++;
    list_append(&nodes->arriving, &link->of_node);
    link_settle(fd);
    node_address_of_peer(fd, link->from);
    link->state = LINK_SHAKING;
    int result = loop_watch(&nodes->fard->loop, &link->source, EPOLLIN);
    if (result)
        lose_by_errno(link, -result, "epoll");
    else
        begin_tls(link);
}

/* Fails into the link, which says so at the end of the turn. */
static void start_connecting(struct node_link *link, const char *where)
{
    struct sockaddr_storage address;
    struct far_error error;
    socklen_t size;
    if (node_address_parse(where, &address, &size, &error)) {
        link_lose_for(link, &error);
        return;
    }
    link->source.fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (link->source.fd < 0) {
        lose_by_errno(link, errno, "socket");
        return;
    }
    link_settle(link->source.fd);
    int failed = connect(link->source.fd, (struct sockaddr *)&address, size) < 0 && errno != EINPROGRESS ? errno : 0;
    int result = failed ? 0 : loop_watch(loop_of(link), &link->source, EPOLLOUT);
    if (failed || result)
        lose_by_errno(link, failed ? failed : -result, "connection");
}

void link_connect(struct node *node)
{
    struct node_link *link = link_new(node->nodes, -1);
    if (!link) {
        node_trouble(node, "no memory");
        return;
    }
    link->outgoing = true;
    link->node = node;
    link->state = LINK_CONNECTING;
    node->attempt = link;
    start_connecting(link, node->address);
}
