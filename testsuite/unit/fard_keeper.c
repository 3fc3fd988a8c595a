/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What fard and its keeper say to each other, what is no such thing, and a host's list of channels. */
#include "runtime/astack.h"
#include "runtime/fard/keeper.h"
#include "runtime/fard/request.h"
#include "testsuite/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static bool same_file(int a, int b)
{
    struct stat first, second;
    return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

static void words(void)
{
    int end[2], fd, file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct keeper_message message, rubbish = {.magic = KEEPER_MAGIC, .word = KEEPER_KEEP};
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, end) == 0 && file >= 0);
    CHECK(keeper_send(end[0], KEEPER_KEEP, "data-7", file) == 0);
    CHECK(keeper_receive(end[1], &message, &fd) == 0);
    CHECK(message.word == KEEPER_KEEP && strcmp(message.name, "data-7") == 0 && same_file(fd, file));
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
    close(fd);
    CHECK(keeper_send(end[0], KEEPER_LAST, NULL, -1) == 0);
    CHECK(keeper_receive(end[1], &message, &fd) == 0 && message.word == KEEPER_LAST && fd == -1);

    memset(rubbish.name, 'x', sizeof rubbish.name); /* a name without an end */
    CHECK(send(end[0], &rubbish, sizeof rubbish, 0) == sizeof rubbish);
    CHECK(keeper_receive(end[1], &message, &fd) == -EPROTO);
    rubbish = (struct keeper_message){.magic = 1};
    CHECK(send(end[0], &rubbish, sizeof rubbish, 0) == sizeof rubbish);
    CHECK(keeper_receive(end[1], &message, &fd) == -EPROTO);
    CHECK(send(end[0], "short", 5, 0) == 5);
    CHECK(keeper_receive(end[1], &message, &fd) == -EPROTO);
    close(end[0]);
    CHECK(keeper_receive(end[1], &message, &fd) == -ECONNRESET);
    CHECK(keeper_send(end[1], KEEPER_DROP, "data-7", -1) == -EPIPE);
    close(end[1]);
    close(file);
}

struct list_message {
    struct far_message head;
    struct far_host_channels channels;
    struct far_host_channel channel[2];
};

static int check(const struct list_message *message)
{
    const struct far_host_channels *channels;
    const struct far_host_channel *channel;
    struct far_error error;
    return protocol_check_host_channels(&message->head, &channels, &channel, &error);
}

static void lists(void)
{
    const struct list_message sound = {{FAR_PROTOCOL_MAGIC, sizeof sound, FAR_MSG_HOST_CHANNELS, 1, 0},
                                       {2, 1, 3, 4},
                                       {{.channel = 5, .level = FAR_LEVEL_READ, .size = FAR_ASTACK_DEFAULT},
                                        {.channel = 6, .level = FAR_LEVEL_NONE, .size = FAR_ASTACK_AREA}}};
    struct list_message message = sound;
    CHECK(check(&message) == 0);
    message.channels.count = 1;
    CHECK(check(&message) == FARD_REFUSED);
    message.channels.count = UINT32_MAX;
    CHECK(check(&message) == FARD_REFUSED);
    message = sound;
    message.channels.last = 2;
    CHECK(check(&message) == FARD_REFUSED);
    message = sound;
    message.channel[1].channel = 0;
    CHECK(check(&message) == FARD_REFUSED);
    message = sound;
    message.channel[0].size = FAR_ASTACK_MAX + 1;
    CHECK(check(&message) == FARD_REFUSED);
    message = sound;
    message.head.size = sizeof message.head + 8;
    CHECK(check(&message) == FARD_REFUSED);
    message.head.size = sizeof message.head + sizeof message.channels;
    message.channels.count = 0;
    CHECK(check(&message) == 0);
}

int main(void)
{
    words();
    lists();
    return check_result();
}
