/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A node without fards, for tests of the network gate: gate_service.h's service, whose host is a forked child, behind a listener and a
 * proxy that are threads of the test. The client asks a double of fard for its channels; what the two fards would do between them is
 * done here: A-stacks that outlive hosts, tickets, prefaces, connections that are handed to the host.
 *
 *     client ── FAR_MSG_… ──► node_thread ── HOST_CHANNEL, HOST_CONNECTION ──► host (child)
 *        └────── TCP ──► proxy_thread ──► node_thread's listener ── descriptor ──────┘
 *
 * The proxy cuts connections where the test says.
 */
#ifndef FARCALL_AWAY_NODE_H
#define FARCALL_AWAY_NODE_H

#include "runtime/host/away.h"
#include "runtime/lib/away.h"
#include "testsuite/unit/gate_service.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#define NODE_CHANNELS 64

/* What the operations leave, seen by both processes. */
struct node_shared {
    uint32_t executed[256]; /* by a number that the call says */
    uint32_t calls;
    uint32_t hold;   /* operations that ask wait while it is set */
    uint32_t inside; /* one is there */
    uint32_t heard;  /* far_cancelled() has said so */
};

struct node_channel {
    bool open;
    int memory;
    uint64_t size;
    uint8_t ticket[WIRE_TICKET_SIZE];
    bool has_ticket;
};

/* Cut the next connections after so many bytes, one number each; 0: never. */
#define NODE_CUTS 8
struct node_cut {
    uint32_t from_client, from_host;
};

struct node {
    struct gate_service *service;
    struct node_shared *shared;
    int fard; /* the double's end of the client's socket */
    int host; /* the host's socket; -1: there is none */
    int listener, proxy;
    uint16_t port, proxy_port;
    struct node_channel channel[NODE_CHANNELS];
    struct node_cut cut[NODE_CUTS];
    uint32_t cuts; /* connections that were cut */
    uint32_t connections, reopened;
    int refuse; /* REOPEN_CHANNEL: this errno; 0: no */
    bool deaf;  /* the proxy takes connections and passes nothing on */
    uint32_t generation;
    struct far_extent lent; /* where the client's segment lies, as its node says */
    void *(*liar)(void *);  /* in the place of the host: has the descriptor, on a thread of its own */
    pthread_mutex_t lock, cut_lock;
};

/* --- packets --- */

static inline void node_send(int to, uint16_t type, uint32_t serial, const void *body, size_t size, const int *fd,
                             int fd_count)
{
    struct far_message message = {.magic = FAR_PROTOCOL_MAGIC,
                                  .size = (uint32_t)(sizeof message + size),
                                  .type = type,
                                  .version = 1,
                                  .serial = serial};
    struct iovec part[2] = {{&message, sizeof message}, {(void *)(uintptr_t)body, size}};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(2 * sizeof(int))];
    } control = {0};
    struct msghdr header = {.msg_iov = part, .msg_iovlen = 2};
    if (fd_count) {
        header.msg_control = &control;
        header.msg_controllen = CMSG_SPACE((size_t)fd_count * sizeof(int));
        struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
        *rights = (struct cmsghdr){CMSG_LEN((size_t)fd_count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(rights), fd, (size_t)fd_count * sizeof(int));
    }
    (void)!sendmsg(to, &header, MSG_NOSIGNAL);
}

static inline ssize_t node_receive(int from, void *packet, size_t room, int *fd)
{
    struct iovec part = {packet, room};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(2 * sizeof(int))];
    } control = {0};
    struct msghdr header = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    *fd = -1;
    ssize_t got = recvmsg(from, &header, MSG_CMSG_CLOEXEC);
    for (struct cmsghdr *rights = CMSG_FIRSTHDR(&header); got > 0 && rights; rights = CMSG_NXTHDR(&header, rights))
        memcpy(fd, CMSG_DATA(rights), sizeof *fd);
    return got;
}

/* --- the host --- */

static inline void node_host_main(const struct host *host, int from)
{
    char packet[512];
    int fd;
    while (node_receive(from, packet, sizeof packet, &fd) > 0) {
        const struct far_message *message = (const void *)packet;
        const void *body = message + 1;
        if (message->type == FAR_MSG_HOST_CHANNEL) {
            worker_start(host, body, fd, -1);
            close(fd);
        } else if (message->type == FAR_MSG_HOST_CONNECTION) {
            worker_connection(body, fd);
        } else if (message->type == FAR_MSG_HOST_LENDS) {
            worker_lends(body);
        } else if (message->type == FAR_MSG_HOST_CLOSE) {
            worker_stop(((const struct far_close_channel *)body)->channel, true);
        } else if (message->type == FAR_MSG_HOST_RETIRE) {
            workers_retire();
        }
    }
    _exit(0);
}

static inline void node_tell_channel(struct node *node, uint32_t id, uint32_t flags)
{
    const struct node_channel *channel = &node->channel[id];
    const struct far_host_channel body = {.channel = id,
                                          .level = FAR_LEVEL_NONE,
                                          .uid = 1000,
                                          .pid = 4711,
                                          .size = channel->size,
                                          .connection = 1,
                                          .flags = FAR_CHANNEL_AWAY | flags,
                                          .node = 1,
                                          .lent = node->lent};
    node_send(node->host, FAR_MSG_HOST_CHANNEL, 0, &body, sizeof body, &channel->memory, 1);
}

/* From here on the client's node says so; hosts that have channels of it hear it, or do not yet. */
static inline void node_say_lent(struct node *node, const struct far_extent *range, bool to_host)
{
    pthread_mutex_lock(&node->lock);
    node->lent = *range;
    for (uint32_t id = 1; to_host && id < NODE_CHANNELS; id++) {
        const struct far_host_lends body = {.channel = id, .range = *range};
        if (node->channel[id].open && node->host >= 0)
            node_send(node->host, FAR_MSG_HOST_LENDS, 0, &body, sizeof body, NULL, 0);
    }
    pthread_mutex_unlock(&node->lock);
}

static inline void node_start_host(struct node *node)
{
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    fflush(NULL);
    node->service->host.generation =
        __atomic_add_fetch(&node->generation, 1, __ATOMIC_SEQ_CST); /* paths are answered meanwhile */
    pid_t pid = fork();
    if (pid == 0) {
        dup2(pair[1], FAR_HOST_FD); /* and nothing else: connections of the test's must end when it closes them */
        close_range(FAR_HOST_FD + 1, ~0u, 0);
        node_host_main(&node->service->host, FAR_HOST_FD);
    }
    close(pair[1]);
    pthread_mutex_lock(&node->lock);
    node->service->host_pid = pid;
    node->host = pair[0];
    for (uint32_t id = 1; id < NODE_CHANNELS; id++)
        if (node->channel[id].open)
            node_tell_channel(node, id, FAR_CHANNEL_RESUMED);
    pthread_mutex_unlock(&node->lock);
}

static inline void node_kill_host(struct node *node)
{
    gate_kill(node->service);
    pthread_mutex_lock(&node->lock);
    close(node->host);
    node->host = -1;
    pthread_mutex_unlock(&node->lock);
}

/* --- the fards --- */

static inline void node_answer_path(struct node *node, const struct far_message *request, uint32_t id)
{
    struct {
        struct far_channel_reply reply;
        struct far_channel_path path;
    } body = {{id, __atomic_load_n(&node->generation, __ATOMIC_SEQ_CST), node->channel[id].size},
              {.transport = WIRE_TCP, .patience_ms = 3000, .channel = id}};
    struct node_channel *channel = &node->channel[id];
    for (int i = 0; i < WIRE_TICKET_SIZE; i++)
        channel->ticket[i] = (uint8_t)rand();
    channel->has_ticket = true;
    memcpy(body.path.ticket, channel->ticket, sizeof channel->ticket);
    snprintf(body.path.address, sizeof body.path.address, "127.0.0.1:%u", node->proxy_port);
    strcpy(body.path.node, "there");
    node_send(node->fard, request->type | FAR_MSG_REPLY, request->serial, &body, sizeof body, NULL, 0);
}

static inline void node_refuse(struct node *node, const struct far_message *request, int code)
{
    struct far_error error = {.code = code, .exit = 69, .text = "the test refuses"};
    node_send(node->fard, FAR_MSG_ERROR | FAR_MSG_REPLY, request->serial, &error, sizeof error, NULL, 0);
}

static inline void node_open(struct node *node, const struct far_message *request)
{
    const struct far_open_channel *body = (const void *)(request + 1);
    uint32_t id = 1;
    while (node->channel[id].open)
        id++;
    struct node_channel *channel = &node->channel[id];
    *channel = (struct node_channel){.open = true, .size = body->size, .memory = memfd_create("there", MFD_CLOEXEC)};
    CHECK(ftruncate(channel->memory, (off_t)body->size) == 0);
    if (node->host >= 0)
        node_tell_channel(node, id, 0);
    node_answer_path(node, request, id);
}

static inline void node_close(struct node *node, uint32_t id)
{
    const struct far_close_channel body = {.channel = id};
    if (id >= NODE_CHANNELS || !node->channel[id].open)
        return;
    if (node->host >= 0)
        node_send(node->host, FAR_MSG_HOST_CLOSE, 0, &body, sizeof body, NULL, 0);
    close(node->channel[id].memory);
    node->channel[id].open = false;
}

static inline void node_request(struct node *node)
{
    char packet[512];
    int fd;
    const struct far_message *request = (const void *)packet;
    const struct far_close_channel *channel = (const void *)(request + 1);
    if (node_receive(node->fard, packet, sizeof packet, &fd) <= 0)
        return;
    if (request->type == FAR_MSG_OPEN_CHANNEL) {
        node_open(node, request);
    } else if (request->type == FAR_MSG_REOPEN_CHANNEL) {
        node->reopened++;
        int refuse = __atomic_load_n(&node->refuse, __ATOMIC_ACQUIRE);
        if (refuse || channel->channel >= NODE_CHANNELS || !node->channel[channel->channel].open)
            node_refuse(node, request, refuse ? refuse : ENOENT);
        else
            node_answer_path(node, request, channel->channel);
    } else if (request->type == FAR_MSG_CLOSE_CHANNEL) {
        node_close(node, channel->channel);
    }
}

static inline uint32_t node_ticket(struct node *node, const uint8_t *ticket)
{
    for (uint32_t id = 1; id < NODE_CHANNELS; id++) {
        struct node_channel *channel = &node->channel[id];
        if (!channel->open || !channel->has_ticket || memcmp(channel->ticket, ticket, WIRE_TICKET_SIZE) != 0)
            continue;
        channel->has_ticket = false;
        return id;
    }
    return 0;
}

static inline void node_accept(struct node *node)
{
    struct wire_preface preface;
    struct wire_answer answer;
    int fd = accept(node->listener, NULL, NULL), one = 1;
    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const struct timeval soon = {.tv_sec = 2};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    char why[64];
    bool whole = recv(fd, &preface, sizeof preface, MSG_WAITALL) == sizeof preface &&
                 wire_check_preface(&preface, why, sizeof why) == 0;
    uint32_t id = whole ? node_ticket(node, preface.ticket) : 0;
    wire_make_answer(&answer, id ? WIRE_WELCOME : WIRE_REFUSED_TICKET, id ? NULL : "no such ticket");
    if (whole)
        (void)!send(fd, &answer, sizeof answer, MSG_NOSIGNAL);
    struct far_host_connection connection = {.channel = id, .transport = WIRE_TCP};
    pthread_t thread;
    if (id && node->liar && pthread_create(&thread, NULL, node->liar, (void *)(intptr_t)dup(fd)) == 0)
        pthread_detach(thread);
    else if (id && node->host >= 0)
        node_send(node->host, FAR_MSG_HOST_CONNECTION, 0, &connection, sizeof connection, &fd, 1);
    if (id)
        __atomic_add_fetch(&node->connections, 1, __ATOMIC_SEQ_CST);
    close(fd);
}

static inline void *node_thread(void *argument)
{
    struct node *node = argument;
    for (;;) {
        struct pollfd poll_fd[2] = {{.fd = node->fard, .events = POLLIN}, {.fd = node->listener, .events = POLLIN}};
        poll(poll_fd, 2, -1);
        pthread_mutex_lock(&node->lock);
        if (poll_fd[0].revents)
            node_request(node);
        if (poll_fd[1].revents)
            node_accept(node);
        pthread_mutex_unlock(&node->lock);
    }
    return NULL;
}

/* --- the proxy --- */

struct node_flow {
    int client, there;
    struct node_cut cut; /* what is left until then; 0: never */
    uint32_t passed[2];
};

/* False: it is cut, or over. */
static inline bool node_pass(int from, int to, uint32_t limit, uint32_t *passed)
{
    char bytes[65536];
    size_t most = limit && limit - *passed < sizeof bytes ? limit - *passed : sizeof bytes;
    ssize_t got = recv(from, bytes, most, 0);
    if (got <= 0)
        return false;
    *passed += (uint32_t)got;
    for (ssize_t sent = 0, some; sent < got; sent += some)
        if ((some = send(to, bytes + sent, (size_t)(got - sent), MSG_NOSIGNAL)) < 0)
            return false;
    return !limit || *passed < limit;
}

/* A reset, not an orderly end. */
static inline void node_reset(int fd)
{
    const struct linger none = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close(fd);
}

static inline void *node_flow_thread(void *argument)
{
    struct node_flow *flow = argument;
    bool goes_on = true;
    while (goes_on) {
        struct pollfd poll_fd[2] = {{.fd = flow->client, .events = POLLIN}, {.fd = flow->there, .events = POLLIN}};
        poll(poll_fd, 2, -1);
        if (poll_fd[0].revents)
            goes_on = node_pass(flow->client, flow->there, flow->cut.from_client, &flow->passed[0]);
        if (poll_fd[1].revents && goes_on)
            goes_on = node_pass(flow->there, flow->client, flow->cut.from_host, &flow->passed[1]);
    }
    node_reset(flow->client);
    node_reset(flow->there);
    free(flow);
    return NULL;
}

static inline int node_connect(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    close(fd);
    return -1;
}

static inline void node_take_cut(struct node *node, struct node_flow *flow)
{
    pthread_mutex_lock(&node->cut_lock);
    flow->cut = node->cut[0];
    if (flow->cut.from_client || flow->cut.from_host)
        node->cuts++;
    memmove(node->cut, node->cut + 1, (NODE_CUTS - 1) * sizeof node->cut[0]);
    node->cut[NODE_CUTS - 1] = (struct node_cut){0};
    pthread_mutex_unlock(&node->cut_lock);
}

static inline void *node_proxy_thread(void *argument)
{
    struct node *node = argument;
    for (;;) {
        int client = accept4(node->proxy, NULL, NULL, SOCK_CLOEXEC), one = 1;
        pthread_t thread;
        struct node_flow *flow = calloc(1, sizeof *flow);
        if (client < 0 || __atomic_load_n(&node->deaf, __ATOMIC_ACQUIRE)) {
            free(flow);
            continue; /* it stays open, and nobody reads */
        }
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        *flow = (struct node_flow){.client = client, .there = node_connect(node->port)};
        node_take_cut(node, flow);
        if (flow->there < 0 || pthread_create(&thread, NULL, node_flow_thread, flow) != 0) {
            close(client);
            free(flow);
            continue;
        }
        pthread_detach(thread);
    }
    return NULL;
}

/* --- all of it --- */

static inline int node_listen(uint16_t *port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    CHECK(bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 64) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&at, &size) == 0);
    *port = ntohs(at.sin_port);
    return fd;
}

/* The service has been made, and is bound as fard would have said it: away. */
static inline void node_begin(struct node *node, struct gate_service *service)
{
    int pair[2];
    pthread_t thread;
    struct node_shared *shared = node->shared;
    *node = (struct node){.service = service, .shared = shared, .host = -1};
    pthread_mutex_init(&node->lock, NULL);
    pthread_mutex_init(&node->cut_lock, NULL);
    CHECK(handle_types_make(&service->host.handle_types, service->host.iface) == 0);
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    node->listener = node_listen(&node->port);
    node->proxy = node_listen(&node->proxy_port);
    node->fard = pair[1];
    far_process.connection.fd = pair[0];
    far_process.connection_number = 1;
    far_process.binding[0] = &service->binding;
    far_process.binding_count = 1;
    service->binding.known_on = 1;
    binding_goes_away(&service->binding);
    CHECK(far_thread_get() != NULL);
    node_start_host(node);
    CHECK(pthread_create(&thread, NULL, node_thread, node) == 0);
    CHECK(pthread_create(&thread, NULL, node_proxy_thread, node) == 0);
}

/* Before node_begin(). */
static inline struct node_shared *node_share(void)
{
    return mmap(NULL, sizeof(struct node_shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static inline void node_cut_next(struct node *node, uint32_t i, uint32_t from_client, uint32_t from_host)
{
    pthread_mutex_lock(&node->cut_lock);
    node->cut[i] = (struct node_cut){from_client, from_host};
    pthread_mutex_unlock(&node->cut_lock);
}

/* The thread's channel of the service. */
static inline struct far_channel *node_channel_of(const struct node *node)
{
    return &far_thread->channel[0][node->service->binding.index];
}

static inline void node_forget_channel(const struct node *node)
{
    struct far_channel *channel = node_channel_of(node);
    if (channel->astack)
        channel_close(channel);
}

#endif
