/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A far-host that runs no code: it looks at what fard sends, says that it is ready, and notes what it is told in the
 * file FARCALL_TEST_HOST_NOTES, so that fard can be tested alone. FARCALL_TEST_HOST_MODE: ready (default), fail, die, silent, rubbish.
 */
#include "runtime/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static FILE *notes;

static ssize_t receive(void *bytes, size_t size, int *fds, unsigned *fd_count)
{
    char control[CMSG_SPACE(FAR_MESSAGE_FDS * sizeof(int))];
    struct iovec part = {bytes, size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t got = recvmsg(FAR_HOST_FD, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    *fd_count = 0;
    if (header && header->cmsg_type == SCM_RIGHTS) {
        *fd_count = (unsigned)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(fds, CMSG_DATA(header), *fd_count * sizeof(int));
    }
    return got;
}

static void say(uint16_t type, const void *body, size_t size)
{
    struct {
        struct far_message head;
        uint8_t body[sizeof(struct far_error)];
    } message = {.head = {FAR_PROTOCOL_MAGIC, (uint32_t)(sizeof message.head + size), type, 1, 0}};
    if (size)
        memcpy(message.body, body, size);
    if (send(FAR_HOST_FD, &message, message.head.size, MSG_NOSIGNAL) < 0)
        exit(1);
}

static void fail(void)
{
    struct far_error error = {.code = EINVAL, .exit = 70, .text = "the fake host was told to fail"};
    say(FAR_MSG_HOST_FAILED, &error, sizeof error);
    pause();
}

/* Everything mapped where it belongs and as it must be, or a reason to fail. */
static void start(const struct far_host_start *body, const int *fds, unsigned fd_count)
{
    static const char *const names[] = {"stubs", "iface", "image", "reloc", "data"};
    const char *mode = getenv("FARCALL_TEST_HOST_MODE");
    fprintf(notes, "start %s generation %u%s uid %u\n", body->service, body->generation,
            body->flags & FAR_HOST_INITIALISE ? " initialise" : "", geteuid());
    for (unsigned i = 0; i < fd_count; i++) {
        struct stat status;
        fstat(fds[i], &status);
        fprintf(notes, "fd %s seals 0x%x mode 0%o\n", names[i], fcntl(fds[i], F_GET_SEALS), status.st_mode & 07777);
    }
    uint64_t *data = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fds[FAR_FD_DATA], 0);
    fprintf(notes, "data word 0 %llu\n", (unsigned long long)data[0]++);
    for (int i = 4; i < 1024; i++) {
        if (fcntl(i, F_GETFD) >= 0 && !(fcntl(i, F_GETFD) & FD_CLOEXEC))
            fprintf(notes, "descriptor %d was inherited\n", i);
    }
    fflush(notes);
    if (mode && strcmp(mode, "fail") == 0)
        fail();
    if (mode && strcmp(mode, "die") == 0)
        abort();
    if (mode && strcmp(mode, "silent") == 0)
        pause();
    say(mode && strcmp(mode, "rubbish") == 0 ? 999 : FAR_MSG_HOST_READY, NULL, 0);
}

int main(void)
{
    _Alignas(16) static uint8_t bytes[FAR_MESSAGE_MAX];
    int fds[FAR_MESSAGE_FDS];
    unsigned fd_count;
    notes = fopen(getenv("FARCALL_TEST_HOST_NOTES") ? getenv("FARCALL_TEST_HOST_NOTES") : "/dev/null", "ae");
    if (!notes)
        return 1;
    while (receive(bytes, sizeof bytes, fds, &fd_count) > 0) {
        const struct far_message *head = (const void *)bytes;
        const struct far_host_channel *channel = (const void *)(head + 1);
        if (head->type == FAR_MSG_HOST_START)
            start((const void *)(head + 1), fds, fd_count);
        else if (head->type == FAR_MSG_HOST_CHANNEL)
            fprintf(notes, "channel level %u uid %u size %llu fds %u\n", channel->level, channel->uid,
                    (unsigned long long)channel->size, fd_count);
        else
            fprintf(notes, "message %u\n", head->type);
        fflush(notes);
        for (unsigned i = 0; i < fd_count; i++)
            close(fds[i]);
    }
    fprintf(notes, "end\n");
    return 0;
}
