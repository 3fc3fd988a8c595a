/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/descriptors.h"

#include "runtime/astack.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKET_MAGIC 0x64666166u /* "fafd" */
/* More than a socket ever holds (net.unix.max_dgram_qlen): who goes on sending while we throw away is not waited for. */
#define PACKETS_MAX 1024

struct packet {
    uint32_t magic;
    uint32_t sequence;
    uint32_t count;
    uint32_t reserved;
};

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(FAR_DESCRIPTORS_MAX * sizeof(int))];
};

uint64_t descriptors_all(const struct descriptors *come)
{
    return come->count < 64 ? (1ull << come->count) - 1 : UINT64_MAX;
}

unsigned descriptors_add(struct descriptors *going, int fd, uint32_t *word)
{
    if (going->count == FAR_DESCRIPTORS_MAX)
        return FAR_CALL_TOO_MUCH;
    *word = going->count;
    going->fd[going->count++] = fd;
    return FAR_CALL_DONE;
}

unsigned descriptors_claim(struct descriptors *come, uint32_t word, int *fd)
{
    if (word >= come->count || come->claimed >> word & 1)
        return FAR_CALL_BAD_DESCRIPTOR;
    come->claimed |= 1ull << word;
    *fd = come->fd[word];
    return FAR_CALL_DONE;
}

void descriptors_close(const struct descriptors *come, uint64_t which)
{
    for (uint32_t i = 0; i < come->count; i++)
        if (which >> i & 1)
            close(come->fd[i]);
}

static void put_rights(struct msghdr *header, union control *control, const struct descriptors *going)
{
    size_t bytes = going->count * sizeof(int);
    header->msg_control = control;
    header->msg_controllen = CMSG_SPACE(bytes);
    struct cmsghdr *rights = CMSG_FIRSTHDR(header);
    *rights = (struct cmsghdr){.cmsg_len = CMSG_LEN(bytes), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(rights), going->fd, bytes);
}

int descriptors_send(int socket, uint32_t sequence, const struct descriptors *going)
{
    struct packet packet = {PACKET_MAGIC, sequence, going->count, 0};
    struct iovec vector = {&packet, sizeof packet};
    union control control;
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
    ssize_t sent;
    memset(&control, 0, sizeof control);
    put_rights(&header, &control, going);
    do
        sent = sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : 0;
}

/* Without room for descriptors none is made: they end where they are, in the socket. */
static ssize_t look(int socket, struct packet *packet, int flags)
{
    ssize_t got;
    do
        got = recv(socket, packet, sizeof *packet, MSG_DONTWAIT | MSG_TRUNC | flags);
    while (got < 0 && errno == EINTR);
    return got;
}

uint32_t descriptors_await(int socket, uint32_t sequence)
{
    struct packet packet;
    ssize_t got = 0;
    for (uint32_t i = 0; i < PACKETS_MAX && got >= 0; i++) {
        got = look(socket, &packet, MSG_PEEK);
        if (got == sizeof packet && packet.magic == PACKET_MAGIC && packet.sequence == sequence)
            return packet.count <= FAR_DESCRIPTORS_MAX ? packet.count : 0;
        if (got >= 0)
            got = look(socket, &packet, 0);
    }
    return 0;
}

static void take_rights(struct msghdr *header, struct descriptors *come)
{
    come->count = 0;
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
            continue;
        size_t bytes = control->cmsg_len - CMSG_LEN(0);
        memcpy(come->fd, CMSG_DATA(control), bytes);
        come->count = (uint32_t)(bytes / sizeof(int));
    }
}

/* Exactly as many as were announced become ours, whatever else is in the packet. */
int descriptors_take(int socket, struct descriptors *come, uint32_t count)
{
    struct packet packet;
    struct iovec vector = {&packet, sizeof packet};
    union control control;
    struct msghdr header = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(count * sizeof(int))};
    ssize_t got;
    memset(&control, 0, sizeof control);
    do
        got = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    come->claimed = 0;
    come->count = 0;
    if (got < 0)
        return EBADF;
    take_rights(&header, come);
    if (come->count == count)
        return 0;
    descriptors_close(come, UINT64_MAX);
    come->count = 0;
    return header.msg_flags & MSG_CTRUNC ? EMFILE : EBADF;
}

void descriptors_drop(int socket)
{
    struct packet packet;
    ssize_t got = 0;
    for (uint32_t i = 0; i < PACKETS_MAX && got >= 0; i++)
        got = look(socket, &packet, 0);
}

bool descriptors_are_read(int socket)
{
    uint32_t info[SK_MEMINFO_VARS] = {0};
    socklen_t size = sizeof info;
    if (getsockopt(socket, SOL_SOCKET, SO_MEMINFO, info, &size) != 0)
        return true; /* an emulator, or an old kernel */
    return info[SK_MEMINFO_WMEM_ALLOC] == 0;
}
