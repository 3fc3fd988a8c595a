/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A client that means harm: it speaks fard's protocol itself and writes into its A-stacks whatever it likes. Nothing of
 * libfarcall is in it, only the project's format headers. Whoever uses this defines what must hold with must().
 */
#ifndef ATTACK_H
#define ATTACK_H

#include "runtime/astack.h"
#include "runtime/fard/manage.h"
#include "runtime/iface.h"
#include "runtime/import.h"
#include "runtime/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

#define must(condition)                                                                                          \
    do {                                                                                                         \
        if (!(condition)) {                                                                                      \
            fprintf(stderr, "%s:%d: does not hold: %s (%s)\n", __FILE__, __LINE__, #condition, strerror(errno)); \
            exit(1);                                                                                             \
        }                                                                                                        \
    } while (0)

static UNUSED double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static UNUSED void nap(int ms)
{
    poll(NULL, 0, ms);
}

/* One packet from fard. */
struct answer {
    union {
        struct far_message head;
        uint8_t bytes[FAR_MESSAGE_MAX];
    };
    size_t size;
    int fd[FAR_MESSAGE_FDS];
    int fd_count;
};

static UNUSED int connect_fard(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv("FARCALL_SOCKET");
    must(path && strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    must(fd >= 0);
    must(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

/* False if the socket does not take it. */
static UNUSED bool send_request(int fard, uint16_t type, uint32_t serial, const void *body, size_t size, const int *fds,
                                unsigned fd_count)
{
    struct far_message head = {FAR_PROTOCOL_MAGIC, (uint32_t)(sizeof head + size), type, 1, serial};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)(uintptr_t)body, size}};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(64 * sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    if (fd_count) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(rights), fds, fd_count * sizeof(int));
    }
    return sendmsg(fard, &message, MSG_NOSIGNAL) == (ssize_t)head.size;
}

/* False at the end of the connection. */
static UNUSED bool receive_answer(int fard, struct answer *answer)
{
    struct iovec part = {answer->bytes, sizeof answer->bytes};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(FAR_MESSAGE_FDS * sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got = recvmsg(fard, &message, MSG_CMSG_CLOEXEC);
    answer->fd_count = 0;
    answer->size = got > 0 ? (size_t)got : 0;
    if (got <= 0)
        return false;
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    if (rights && rights->cmsg_type == SCM_RIGHTS) {
        answer->fd_count = (int)((rights->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(answer->fd, CMSG_DATA(rights), (size_t)answer->fd_count * sizeof(int));
    }
    return (size_t)got >= sizeof answer->head;
}

/* 0, or the errno that fard answered with; -1 if it hung up. */
static UNUSED int ask(int fard, uint16_t type, const void *body, size_t size, struct answer *answer)
{
    static uint32_t serial;
    if (!send_request(fard, type, ++serial, body, size, NULL, 0) || !receive_answer(fard, answer))
        return -1;
    if (answer->head.type == (FAR_MSG_ERROR | FAR_MSG_REPLY))
        return ((struct far_error *)(answer->bytes + sizeof answer->head))->code;
    must(answer->head.type == (type | FAR_MSG_REPLY));
    return 0;
}

static UNUSED void describe(int fard, const char *service, struct answer *answer)
{
    struct far_name_request request = {.first = 0};
    strncpy(request.name, service, sizeof request.name - 1);
    must(ask(fard, FAR_MSG_DESCRIBE, &request, sizeof request, answer) == 0);
}

static UNUSED const struct far_describe_reply *description(const struct answer *answer)
{
    return (const void *)(answer->bytes + sizeof answer->head);
}

/* Anybody may ask which process serves. */
static UNUSED uint32_t host_pid(int fard, const char *service)
{
    struct answer *answer = malloc(sizeof *answer);
    describe(fard, service, answer);
    uint32_t pid = description(answer)->entry.host_pid;
    free(answer);
    return pid;
}

/* What a client was handed when it bound. */
struct bound {
    struct far_bind_reply reply;
    int fd[FAR_FD_COUNT]; /* -1: not handed over */
    const struct far_iface *iface;
};

/* A BIND request for the service's first operation. Returns its size. */
static UNUSED size_t bind_request(int fard, const char *service, uint32_t want, uint8_t body[1024])
{
    struct answer *answer = malloc(sizeof *answer);
    describe(fard, service, answer);
    const struct far_describe_reply *about = description(answer);
    const struct far_describe_op *op =
        (const void *)((const char *)((const struct far_rule *)(about + 1) + about->rule_count) + about->subject_bytes);
    struct far_bind_request request = {.want = want};
    struct far_import_table table = {.magic = FAR_IMPORT_MAGIC,
                                     .version = FAR_IMPORT_VERSION,
                                     .major = about->entry.major,
                                     .minor = about->entry.minor,
                                     .op_count = 1};
    struct far_import_op import = {.fingerprint = op->fingerprint, .name = sizeof table + sizeof import};
    must(op->text_size[FAR_DESCRIBE_NAME] < 256);
    table.size = (uint32_t)((import.name + op->text_size[FAR_DESCRIBE_NAME] + 7) & ~7u);
    strncpy(table.service, service, sizeof table.service - 1);
    memset(body, 0, 1024);
    memcpy(body, &request, sizeof request);
    memcpy(body + sizeof request, &table, sizeof table);
    memcpy(body + sizeof request + sizeof table, &import, sizeof import);
    memcpy(body + sizeof request + import.name, op + 1, op->text_size[FAR_DESCRIBE_NAME]);
    free(answer);
    return sizeof request + table.size;
}

static UNUSED void bind_service(int fard, const char *service, uint32_t want, struct bound *bound)
{
    uint8_t body[1024];
    size_t size = bind_request(fard, service, want, body);
    struct answer *answer = malloc(sizeof *answer);
    must(ask(fard, FAR_MSG_BIND, body, size, answer) == 0);
    memcpy(&bound->reply, answer->bytes + sizeof answer->head, sizeof bound->reply);
    int next = 0;
    for (int i = 0; i < FAR_FD_COUNT; i++)
        bound->fd[i] = bound->reply.fds >> i & 1 ? answer->fd[next++] : -1;
    must(next == answer->fd_count);
    struct stat status;
    must(fstat(bound->fd[FAR_FD_IFACE], &status) == 0);
    void *iface = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, bound->fd[FAR_FD_IFACE], 0);
    must(iface != MAP_FAILED);
    bound->iface = iface;
    free(answer);
}

static UNUSED uint32_t slot_of(const struct bound *bound, const char *name)
{
    const uint8_t *record = (const uint8_t *)bound->iface;
    const struct far_op *op = (const void *)(record + bound->iface->ops.offset);
    for (uint32_t i = 0; i < bound->iface->ops.count; i++)
        if (strcmp((const char *)record + op[i].name, name) == 0)
            return op[i].slot;
    fprintf(stderr, "no operation %s\n", name);
    exit(1);
}

struct channel {
    struct far_astack *astack;
    uint64_t size;
    uint32_t id;
    int fd, host; /* the A-stack, the host's pidfd */
};

/* 0, or fard's errno. */
static UNUSED int try_open_channel(int fard, uint32_t service_id, uint64_t size, struct channel *channel)
{
    struct far_open_channel request = {.service_id = service_id, .size = size};
    struct answer *answer = malloc(sizeof *answer);
    int code = ask(fard, FAR_MSG_OPEN_CHANNEL, &request, sizeof request, answer);
    if (code == 0) {
        struct far_channel_reply reply;
        memcpy(&reply, answer->bytes + sizeof answer->head, sizeof reply);
        must(answer->fd_count == 2);
        *channel =
            (struct channel){.size = reply.size, .id = reply.channel, .fd = answer->fd[0], .host = answer->fd[1]};
        void *astack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, channel->fd, 0);
        must(astack != MAP_FAILED);
        channel->astack = astack;
    }
    free(answer);
    return code;
}

static UNUSED void open_channel(int fard, const struct bound *bound, uint64_t size, struct channel *channel)
{
    int code = try_open_channel(fard, bound->reply.service_id, size, channel);
    errno = code;
    must(code == 0);
}

static UNUSED void close_channel(int fard, struct channel *channel)
{
    struct far_close_channel request = {.channel = channel->id};
    send_request(fard, FAR_MSG_CLOSE_CHANNEL, 0, &request, sizeof request, NULL, 0);
    munmap(channel->astack, channel->size);
    close(channel->fd);
    close(channel->host);
}

static UNUSED char *area_of(const struct channel *channel)
{
    return (char *)channel->astack + FAR_ASTACK_AREA;
}

/* Publish this number and always wake: a liar has no manners. */
static UNUSED void publish(struct channel *channel, uint32_t sequence)
{
    __atomic_store_n(&channel->astack->call.sequence, sequence, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &channel->astack->call.sequence, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* True once the host has answered this number; false after `ms`. */
static UNUSED bool answered(struct channel *channel, uint32_t sequence, int ms)
{
    double end = seconds() + ms / 1000.0;
    while (__atomic_load_n(&channel->astack->reply.sequence, __ATOMIC_SEQ_CST) != sequence) {
        if (seconds() > end)
            return false;
        sched_yield();
    }
    return true;
}

/* One call with these six words; the status that came back. It must come. */
static UNUSED uint32_t call_words(struct channel *channel, uint32_t slot, const uint64_t words[6])
{
    uint32_t sequence = channel->astack->call.sequence + 1;
    if (sequence == FAR_SEQUENCE_DEAD)
        sequence = 1;
    channel->astack->call.slot = slot;
    memcpy(channel->astack->call.argument, words, sizeof channel->astack->call.argument);
    channel->astack->reply.status = 0xABCD;
    publish(channel, sequence);
    must(answered(channel, sequence, 20000));
    return channel->astack->reply.status;
}
#define CALL(channel, slot, ...) call_words(channel, slot, (const uint64_t[6]){__VA_ARGS__})

static UNUSED bool process_lives(uint32_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%u", pid);
    return access(path, F_OK) == 0;
}

#endif
