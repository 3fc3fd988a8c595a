/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A packet between fard and its keeper. Both wait for each other, but not for ever (SO_RCVTIMEO, SO_SNDTIMEO). */
#include "runtime/fard/keeper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

static void attach(struct msghdr *header, union control *control, int fd)
{
    header->msg_control = control;
    header->msg_controllen = sizeof *control;
    struct cmsghdr *rights = CMSG_FIRSTHDR(header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(rights), &fd, sizeof fd);
}

int keeper_send(int socket, enum keeper_word word, const char *name, int fd)
{
    struct keeper_message message = {.magic = KEEPER_MAGIC, .word = word};
    struct iovec part = {&message, sizeof message};
    union control control = {0};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    snprintf(message.name, sizeof message.name, "%s", name ? name : "");
    if (fd >= 0)
        attach(&header, &control, fd);
    ssize_t sent;
    do
        sent = sendmsg(socket, &header, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

static int detach(struct msghdr *header)
{
    int fd = -1;
    struct cmsghdr *rights = CMSG_FIRSTHDR(header);
    if (rights && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS &&
        rights->cmsg_len == CMSG_LEN(sizeof fd))
        memcpy(&fd, CMSG_DATA(rights), sizeof fd);
    return fd;
}

int keeper_receive(int socket, struct keeper_message *message, int *fd)
{
    struct iovec part = {message, sizeof *message};
    union control control = {0};
    struct msghdr header = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got;
    *fd = -1;
    do
        got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return got ? -errno : -ECONNRESET;
    *fd = detach(&header);
    if (got == sizeof *message && message->magic == KEEPER_MAGIC && !message->name[KEEPER_NAME_MAX - 1] &&
        !(header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
        return 0;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    return -EPROTO;
}
