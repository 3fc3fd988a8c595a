/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/peer.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

union control {
    struct cmsghdr header; /* for its alignment */
    char bytes[CMSG_SPACE(FAR_MESSAGE_FDS * sizeof(int))];
};

struct packet {
    struct list link;
    int fds[FAR_MESSAGE_FDS];
    unsigned fd_count;
    size_t size;
    uint8_t bytes[];
};

static void close_all(const int *fds, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
}

static void packet_free(struct peer *peer, struct packet *packet)
{
    list_take_out(&packet->link);
    peer->queued--;
    peer->queued_bytes -= (uint32_t)packet->size;
    close_all(packet->fds, packet->fd_count);
    free(packet);
}

void peer_lose(struct peer *peer)
{
    if (peer->lost)
        return;
    peer->lost = true;
    loop_forget(peer->loop, &peer->source);
    peer->calls->lost(peer);
}

/* 0, or a negative errno; -EAGAIN if the socket is full. */
static int send_now(int socket, struct iovec *parts, size_t part_count, const int *fds, unsigned fd_count)
{
    union control control;
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = part_count};
    if (fd_count) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof *fds);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(fd_count * sizeof *fds);
        memcpy(CMSG_DATA(header), fds, fd_count * sizeof *fds);
    }
    ssize_t sent;
    do
        sent = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

static struct packet *packet_from(const struct far_message *head, const void *body, size_t size, const int *fds,
                                  unsigned fd_count)
{
    struct packet *packet = calloc(1, sizeof *packet + sizeof *head + size);
    if (!packet)
        return NULL;
    packet->size = sizeof *head + size;
    memcpy(packet->bytes, head, sizeof *head);
    if (size)
        memcpy(packet->bytes + sizeof *head, body, size);
    for (; packet->fd_count < fd_count; packet->fd_count++) {
        int copy = fcntl(fds[packet->fd_count], F_DUPFD_CLOEXEC, 3); /* the original may be closed before it is sent */
        if (copy < 0) {
            close_all(packet->fds, packet->fd_count);
            free(packet);
            return NULL;
        }
        packet->fds[packet->fd_count] = copy;
    }
    return packet;
}

/* A host is heard all the same: it may be waiting for room to speak, and not listen before it has it. */
static uint32_t events_while_queued(const struct peer *peer)
{
    return peer->patient ? EPOLLOUT | EPOLLIN : EPOLLOUT;
}

static void enqueue(struct peer *peer, const struct far_message *head, const void *body, size_t size, const int *fds,
                    unsigned fd_count)
{
    bool full = !peer->patient && (peer->queued >= PEER_QUEUE_MAX || peer->queued_bytes + size > PEER_QUEUE_BYTES);
    struct packet *packet = full ? NULL : packet_from(head, body, size, fds, fd_count);
    if (!packet) {
        peer_lose(peer);
        return;
    }
    list_append(&peer->queue, &packet->link);
    peer->queued++;
    peer->queued_bytes += (uint32_t)packet->size;
    if (loop_change(peer->loop, &peer->source, events_while_queued(peer)) < 0)
        peer_lose(peer);
}

int peer_send(struct peer *peer, uint16_t type, uint32_t serial, const void *body, size_t size, const int *fds,
              unsigned fd_count)
{
    struct far_message head = {.magic = FAR_PROTOCOL_MAGIC, .type = type, .version = 1, .serial = serial};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)(uintptr_t)body, size}};
    if (peer->lost)
        return 0;
    head.size = (uint32_t)(sizeof head + size);
    int result = list_is_empty(&peer->queue) ? send_now(peer->source.fd, parts, 2, fds, fd_count) : -EAGAIN;
    if (result == -ETOOMANYREFS)
        return result;
    if (result == -EAGAIN)
        enqueue(peer, &head, body, size, fds, fd_count);
    else if (result)
        peer_lose(peer);
    return 0;
}

void peer_send_error(struct peer *peer, uint32_t serial, const struct far_error *error)
{
    peer_send(peer, FAR_MSG_ERROR | FAR_MSG_REPLY, serial, error, sizeof *error, NULL, 0);
}

static void flush(struct peer *peer)
{
    while (!peer->lost && !list_is_empty(&peer->queue)) {
        struct packet *packet = list_entry(peer->queue.next, struct packet, link);
        struct iovec part = {packet->bytes, packet->size};
        int result = send_now(peer->source.fd, &part, 1, packet->fds, packet->fd_count);
        if (result == -EAGAIN || result == -ETOOMANYREFS)
            return; /* the latter passes: EPOLLOUT is level-triggered, and comes again */
        packet_free(peer, packet);
        if (result)
            peer_lose(peer);
    }
    if (!peer->lost && loop_change(peer->loop, &peer->source, EPOLLIN) < 0)
        peer_lose(peer);
}

static unsigned take_descriptors(struct msghdr *message, int *fds)
{
    unsigned count = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        size_t here = (header->cmsg_len - CMSG_LEN(0)) / sizeof *fds;
        for (size_t i = 0; i < here; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
            if (count < FAR_MESSAGE_FDS)
                fds[count++] = fd;
            else
                close(fd);
        }
    }
    return count;
}

/* Whoever sends rubbish is told so and sees no more of us. */
static void refuse_rubbish(struct peer *peer, const struct far_message *head, size_t got, const struct far_error *error)
{
    peer_send_error(peer, got >= sizeof *head ? head->serial : 0, error);
    if (peer->calls->rubbish)
        peer->calls->rubbish(peer, error);
    peer_lose(peer);
}

static void deliver(struct peer *peer, struct msghdr *message, size_t got, int *fds, unsigned fd_count)
{
    struct far_error error;
    const struct far_message *head = message->msg_iov->iov_base;
    int result = protocol_check_message(head, got, &error);
    if (!result && message->msg_flags & MSG_CTRUNC)
        result = refuse(&error, EMFILE, EX_TEMPFAIL,
                        "message: its descriptors did not arrive: too many, or fard has no room");
    if (!result && message->msg_flags & MSG_TRUNC)
        result = refuse(&error, EMSGSIZE, EX_PROTOCOL, "message: longer than %u bytes", FAR_MESSAGE_MAX);
    if (result)
        refuse_rubbish(peer, head, got, &error);
    else
        peer->calls->message(peer, head, fds, fd_count);
}

/*
 * Does the next packet bring descriptors? Looked at without taking it: whoever has a descriptor last waits for its close,
 * and there are some that take as long as their sender likes (a TCP socket that lingers, a file of his own file system).
 * 1, 0, or -errno: then nothing may be taken either, for what comes next has not been looked at.
 */
static int look_for_rights(int socket)
{
    struct msghdr message = {0};
    if (recvmsg(socket, &message, MSG_PEEK | MSG_DONTWAIT) < 0)
        return -errno;
    return message.msg_flags & MSG_CTRUNC ? 1 : 0;
}

static void refuse_rights(struct peer *peer)
{
    struct far_error error;
    refuse(&error, EACCES, EX_NOPERM,
           "message: a descriptor came, but only uid %u, which runs this fard, or root may register and unregister "
           "services",
           geteuid());
    peer_send_error(peer, 0, &error);
    if (peer->calls->refused)
        peer->calls->refused(peer, &error);
    peer_lose(peer);
}

/* One packet, if there is one. */
static bool receive(struct peer *peer)
{
    _Alignas(
        16) static uint8_t bytes[FAR_MESSAGE_MAX]; /* one thread, and nothing is kept in it from message to message */
    union control control;
    int fds[FAR_MESSAGE_FDS];
    struct iovec part = {bytes, sizeof bytes};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    int rights = peer->takes_rights ? 0 : look_for_rights(peer->source.fd);
    if (rights > 0)
        refuse_rights(peer);
    else if (rights < 0 && rights != -EAGAIN && rights != -EINTR)
        peer_lose(peer);
    if (rights)
        return false;
    ssize_t got = recvmsg(peer->source.fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got < 0) {
        peer_lose(peer);
        return false;
    }
    unsigned count = take_descriptors(&message, fds);
    /* A packet of no bytes looks like the end, and nobody who means well sends one. */
    if (got == 0)
        peer_lose(peer);
    else
        deliver(peer, &message, (size_t)got, fds, count);
    close_all(fds, count);
    return got > 0;
}

void peer_drain(struct peer *peer)
{
    while (peer->source.fd >= 0 && receive(peer))
        ;
}

/* With something in the queue it is not listened to anyway, and its EPOLLOUT must stay. */
static void listen_for(struct peer *peer, uint32_t events)
{
    if (!peer->lost && list_is_empty(&peer->queue) && loop_change(peer->loop, &peer->source, events) < 0)
        peer_lose(peer);
}

void peer_pause(struct peer *peer)
{
    listen_for(peer, 0);
}

void peer_resume(struct peer *peer)
{
    listen_for(peer, EPOLLIN);
    if (!peer->lost && list_is_empty(&peer->queue))
        receive(peer);
}

static int peer_ready(struct source *source, uint32_t events)
{
    struct peer *peer = list_entry(source, struct peer, source);
    if (events & EPOLLOUT)
        flush(peer);
    if (peer->lost || (events & EPOLLOUT && !peer->patient))
        return 0;
    if (events & EPOLLIN && peer->calls->may_receive && !peer->calls->may_receive(peer))
        return 0;
    if (events & EPOLLIN)
        receive(peer);
    else if (events & (EPOLLHUP | EPOLLERR))
        peer_lose(peer);
    return 0;
}

int peer_init(struct peer *peer, struct loop *loop, int fd, const struct peer_calls *calls)
{
    *peer = (struct peer){.source = {fd, peer_ready}, .loop = loop, .calls = calls};
    list_init(&peer->queue);
    int result = loop_watch(loop, &peer->source, EPOLLIN);
    if (result) {
        close(fd);
        peer->source.fd = -1;
    }
    return result;
}

#define CLOSER_STACK 65536

/* Taken before closed: what is left unread would reach the other side as an error, before our last words. */
static void *close_it(void *argument)
{
    char byte;
    int fd = (int)(intptr_t)argument;
    while (recv(fd, &byte, 1, MSG_DONTWAIT) > 0 || errno == ECONNRESET)
        errno = 0;
    close(fd);
    return NULL;
}

/*
 * What lies unread goes with the socket, and may bring descriptors that are slow to close: not in our time. Whether
 * anything does cannot be told for sure (packets of no bytes look like the end), so a thread is started for each.
 */
static void close_aside(int fd)
{
    pthread_t thread;
    pthread_attr_t attributes;
    shutdown(fd, SHUT_RDWR); /* nothing more arrives from here on */
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, CLOSER_STACK);
    if (pthread_create(&thread, &attributes, close_it, (void *)(intptr_t)fd) != 0)
        close(fd);
    pthread_attr_destroy(&attributes);
}

void peer_free(struct peer *peer)
{
    if (peer->source.fd < 0)
        return;
    if (!peer->lost)
        loop_forget(peer->loop, &peer->source);
    peer->lost = true;
    while (!list_is_empty(&peer->queue))
        packet_free(peer, list_entry(peer->queue.next, struct packet, link));
    if (peer->takes_rights || peer->patient)
        close(peer->source.fd);
    else
        close_aside(peer->source.fd);
    peer->source.fd = -1;
}
