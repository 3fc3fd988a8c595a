/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * usage: hostile WHAT. A client at level none that does with its channel's socket what it likes: see main(). The host must be
 * the same process afterwards, and have no descriptor more than it had.
 */
#include "testsuite/attack/Inputs/attack.h"

#include "runtime/callback.h"

#define PACKET_MAGIC 0x64666166u

struct packet {
    uint32_t magic, sequence, count, reserved;
};

static int stranger; /* what is sent */

static int open_with_socket(int fard, const struct bound *bound, struct channel *channel)
{
    struct far_open_channel request = {bound->reply.service_id, FAR_CHANNEL_DESCRIPTORS, 1 << 20};
    struct answer *answer = malloc(sizeof *answer);
    int code = ask(fard, FAR_MSG_OPEN_CHANNEL, &request, sizeof request, answer), socket = -code;
    if (code == 0) {
        struct far_channel_reply reply;
        memcpy(&reply, answer->bytes + sizeof answer->head, sizeof reply);
        must(answer->fd_count == 3);
        *channel =
            (struct channel){.size = reply.size, .id = reply.channel, .fd = answer->fd[0], .host = answer->fd[1]};
        channel->astack = mmap(NULL, reply.size, PROT_READ | PROT_WRITE, MAP_SHARED, channel->fd, 0);
        must(channel->astack != MAP_FAILED);
        socket = answer->fd[2];
    }
    free(answer);
    return socket;
}

static bool send_packet(int socket, uint32_t sequence, uint32_t said, uint32_t sent, size_t bytes)
{
    static char body[65536];
    const struct packet packet = {PACKET_MAGIC, sequence, said, 0};
    memcpy(body, &packet, sizeof packet);
    struct iovec vector = {body, bytes};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(253 * sizeof(int))];
    } control = {0};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
    if (sent) {
        header.msg_control = &control;
        header.msg_controllen = CMSG_SPACE(sent * sizeof(int));
        struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
        *rights = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sent * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        for (uint32_t i = 0; i < sent; i++)
            memcpy(CMSG_DATA(rights) + i * sizeof(int), &stranger, sizeof stranger);
    }
    return sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

static uint32_t next_of(const struct channel *channel)
{
    return channel->astack->call.sequence + 1;
}

/* Words without a descriptor, descriptors without a word, of other calls, too many, none where some were said. */
static void lies(struct channel *channel, int socket, uint32_t flags, uint32_t here)
{
    must(CALL(channel, flags, 0) == FAR_CALL_BAD_DESCRIPTOR);
    must(CALL(channel, flags, 63) == FAR_CALL_BAD_DESCRIPTOR);
    must(CALL(channel, flags, 0x7fffffff) == FAR_CALL_BAD_DESCRIPTOR);
    must(CALL(channel, flags, UINT32_MAX) == FAR_CALL_DONE);
    must(send_packet(socket, next_of(channel) - 1, 1, 1, 16));
    must(CALL(channel, flags, 0) == FAR_CALL_BAD_DESCRIPTOR);
    must(send_packet(socket, next_of(channel), 1, 1, 16));
    must(CALL(channel, flags, 1) == FAR_CALL_BAD_DESCRIPTOR);
    must(send_packet(socket, next_of(channel), 64, 1, 16));
    must(CALL(channel, flags, 0) == FAR_CALL_BAD_DESCRIPTOR);
    must(send_packet(socket, next_of(channel), 1, 0, 16));
    must(CALL(channel, flags, 0) == FAR_CALL_BAD_DESCRIPTOR);
    must(send_packet(socket, next_of(channel), 65, 65, 16));
    must(CALL(channel, flags, 0) == FAR_CALL_BAD_DESCRIPTOR);
    must(send_packet(socket, next_of(channel), 1, 253, 16));
    must(CALL(channel, flags, 0) == FAR_CALL_DONE && channel->astack->reply.result == FD_CLOEXEC);
    must(send_packet(socket, next_of(channel), 64, 64, 16));
    must(CALL(channel, flags, 63) == FAR_CALL_DONE && channel->astack->reply.result == FD_CLOEXEC);
    must(send_packet(socket, 1, 9, 9, 1) && send_packet(socket, 1, 9, 9, 0) && send_packet(socket, 1, 9, 9, 60000));
    must(send_packet(socket, next_of(channel), 1, 1, 16));
    must(CALL(channel, flags, 0) == FAR_CALL_DONE);
    must(send_packet(socket, next_of(channel), 1, 1, 16) && send_packet(socket, next_of(channel), 1, 1, 16));
    must(CALL(channel, flags, 0) == FAR_CALL_DONE);
    must(CALL(channel, here, 0) == FAR_CALL_DONE);
    puts("believed in nothing");
}

/* Whatever there is: the host's own socket, its A-stack, the channel's own two ends. */
static void odd(struct channel *channel, int socket, uint32_t flags)
{
    int pair[2], odd[] = {channel->fd, socket, channel->host, -1, -1};
    must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
    odd[3] = pair[0];
    odd[4] = open("/proc/self", O_PATH);
    for (unsigned i = 0; i < sizeof odd / sizeof *odd; i++) {
        stranger = odd[i];
        must(send_packet(socket, next_of(channel), 1, 1, 16));
        must(CALL(channel, flags, 0) == FAR_CALL_DONE && channel->astack->reply.result == FD_CLOEXEC);
    }
    puts("any will do");
}

/* As much as the socket holds, again and again, and never a call. */
static void flood(struct channel *channel, int socket, uint32_t flags)
{
    unsigned sent = 0;
    for (int round = 0; round < 50; round++) {
        while (send_packet(socket, 7, 253, 253, 16))
            sent++;
        must(CALL(channel, flags, 0) == FAR_CALL_BAD_DESCRIPTOR);
    }
    must(sent > 50);
    must(send_packet(socket, next_of(channel), 1, 1, 16) && CALL(channel, flags, 0) == FAR_CALL_DONE);
    puts("thrown away");
}

/* 0xABCD: it was not served, since there is no room for its channel. */
static uint32_t try_call(struct channel *channel, uint32_t slot)
{
    uint32_t sequence = next_of(channel);
    channel->astack->call.slot = slot;
    channel->astack->call.argument[0] = 0;
    channel->astack->reply.status = 0xABCD;
    publish(channel, sequence);
    while (!channel->astack->fate.dead && !answered(channel, sequence, 20))
        ;
    return channel->astack->reply.status;
}

/* It has something opened and never takes it: from one channel, and from many that it closes. Then it waits for a line. */
static void never_reads(int fard, const struct bound *bound, uint32_t same)
{
    unsigned given = 0, refused = 0, channels = 0;
    uint32_t status = FAR_CALL_DONE;
    for (; channels < 400 && refused < 20; channels++) {
        struct channel channel;
        int socket = open_with_socket(fard, bound, &channel);
        if (socket < 0)
            break;
        do {
            send_packet(socket, next_of(&channel), 1, 1, 16);
            status = try_call(&channel, same);
            given += status == FAR_CALL_DONE;
        } while (status == FAR_CALL_DONE && given < 10000);
        must(status == FAR_CALL_NO_DESCRIPTORS || status == 0xABCD);
        refused = given == channels + 1 ? 0 : refused + 1;
        close_channel(fard, &channel); /* its socket stays open here */
    }
    printf("given %s\n", given && given <= channels ? "one for each channel" : "more");
    printf("not without end: %d\n", given <= 252);
    getchar();
}

int main(int argc, char **argv)
{
    struct bound bound;
    struct channel channel;
    const char *what = argc > 1 ? argv[1] : "";
    int fard = connect_fard();
    setvbuf(stdout, NULL, _IONBF, 0);
    bind_service(fard, "fds", FAR_LEVEL_NONE, &bound);
    stranger = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (!strcmp(what, "never-reads")) {
        never_reads(fard, &bound, slot_of(&bound, "fd_same"));
        return 0;
    }
    int socket = open_with_socket(fard, &bound, &channel);
    must(socket >= 0);
    uint32_t flags = slot_of(&bound, "fd_flags"), here = slot_of(&bound, "fd_open_here"), pid = host_pid(fard, "fds");
    must(CALL(&channel, here, 0) == FAR_CALL_DONE);
    uint64_t before = channel.astack->reply.result;
    if (!strcmp(what, "lies"))
        lies(&channel, socket, flags, here);
    else if (!strcmp(what, "odd"))
        odd(&channel, socket, flags);
    else if (!strcmp(what, "flood"))
        flood(&channel, socket, flags);
    /* The client before this one may still have been leaving when that was counted. */
    must(CALL(&channel, here, 0) == FAR_CALL_DONE);
    must(channel.astack->reply.result <= before);
    must(host_pid(fard, "fds") == pid);
    return 0;
}
