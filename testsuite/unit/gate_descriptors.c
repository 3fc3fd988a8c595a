/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Descriptors from a host that lies: never sent, sent for another call, more or fewer than it says, named twice. The client
 * takes what belongs to its call and nothing else, and has no descriptor more afterwards than it was given.
 */
#include "runtime/lib/descriptors.h"
#include "testsuite/unit/gate_service.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define G_FILE {.value = {.type = G_INT, .passing = FAR_PASS_FD, .width = 4}}

enum { GIVE, OPS };
static const struct gate_op ops[OPS] = {
    [GIVE] = {"give", (void *)abort, .flags = FAR_OP_HAS_FAILS, .fails = (uint32_t)-1, .param_count = 1,
              .param = {G_FILE, G_V_INT}},
};

/* What the host does when it is called with that number. */
enum lie {
    RIGHT,
    NEVER_SENT,
    OF_ANOTHER_CALL,
    ANOTHER_WORD,
    FEWER_THAN_SAID,
    NONE_THOUGH_SAID,
    MORE_THAN_SAID,
    AFTER_RUBBISH,
    ONE_OF_MANY,
    TOO_MANY_SAID,
    AFTER_OLD_ONES,
    TWICE,
    NEGATIVE,
    LIES
};

static struct gate_service service;
static int pair[2], file;

struct packet {
    uint32_t magic, sequence, count, reserved;
};

static void send_packet(uint32_t sequence, uint32_t said, uint32_t sent)
{
    const struct packet packet = {0x64666166u, sequence, said, 0};
    struct iovec vector = {(void *)(uintptr_t)&packet, sizeof packet};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(128 * sizeof(int))];
    } control = {0};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
    if (sent) {
        header.msg_control = &control;
        header.msg_controllen = CMSG_SPACE(sent * sizeof(int));
        struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
        *rights = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sent * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        for (uint32_t i = 0; i < sent; i++)
            memcpy(CMSG_DATA(rights) + i * sizeof(int), &file, sizeof file);
    }
    sendmsg(pair[1], &header, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Returns the word of the answer. */
static uint64_t lie(enum lie which, uint32_t sequence)
{
    uint32_t said = which == ONE_OF_MANY || which == TOO_MANY_SAID ? 64 + (which == TOO_MANY_SAID) : 1;
    uint32_t sent = which == MORE_THAN_SAID ? 5 : which == NONE_THOUGH_SAID ? 0 : which == ONE_OF_MANY ? 64 : 1;
    if (which == NEVER_SENT || which == NEGATIVE)
        return which == NEGATIVE ? (uint32_t)-7 : 0;
    if (which == AFTER_RUBBISH)
        send(pair[1], "rubbish", 7, MSG_DONTWAIT);
    for (uint32_t i = 0; which == AFTER_OLD_ONES && i < 5; i++)
        send_packet(sequence - 9 + i, 3, 3);
    send_packet(which == OF_ANOTHER_CALL ? sequence - 1 : sequence, which == FEWER_THAN_SAID ? 2 : said, sent);
    if (which == TWICE)
        send_packet(sequence, 1, 1);
    return which == ANOTHER_WORD ? 1 : which == ONE_OF_MANY ? 63 : 0;
}

static void lying_host(struct far_astack *astack)
{
    for (uint32_t last = 0;;) {
        uint32_t sequence = far_spin_while(&astack->call.sequence, last, 1000);
        if (sequence == last) {
            far_sleep_while(&astack->call.sequence, last, &astack->reply.sleeping, 100000000);
            continue;
        }
        last = sequence;
        astack->reply.result = lie((enum lie)astack->call.argument[0], sequence);
        astack->reply.status = FAR_CALL_DONE;
        far_publish(&astack->reply.sequence, sequence, &astack->call.sleeping);
    }
}

static int open_here(void)
{
    int count = 0;
    for (int i = 0; i < 1024; i++)
        count += fcntl(i, F_GETFD) >= 0;
    return count;
}

static void test_lie(int (*give)(int), enum lie which, bool fine)
{
    char text[8] = "";
    int before = open_here();
    errno = 0;
    int given = give((int)which);
    CHECK((given >= 0) == fine);
    if (fine) {
        CHECK(fcntl(given, F_GETFD) == FD_CLOEXEC && pread(given, text, 4, 0) == 4 && !strcmp(text, "file"));
        close(given);
    } else {
        CHECK(given == -1 && errno == EPROTO);
    }
    CHECK(open_here() == before);
    int next = give(RIGHT);
    CHECK(next >= 0); /* the next call is none the worse */
    close(next);
    CHECK(open_here() == before);
}

static void begin(void)
{
    int fd = gate_astack(&service, 0, FAR_ASTACK_DEFAULT);
    struct far_channel *channel = &far_thread->channel[0][0];
    struct stat status;
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    CHECK(fstat(pair[0], &status) == 0);
    channel->socket = (uint32_t)pair[0] + 1;
    channel->socket_inode = status.st_ino;
    channel->binding = &service.binding;
    file = memfd_create("file", MFD_CLOEXEC);
    CHECK(write(file, "file", 4) == 4);
    service.host_pid = fork();
    if (service.host_pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        lying_host(channel->astack);
    }
    close(fd);
}

int main(void)
{
    static const bool fine[LIES] = {[RIGHT] = true,       [MORE_THAN_SAID] = true, [AFTER_RUBBISH] = true,
                                    [ONE_OF_MANY] = true, [AFTER_OLD_ONES] = true, [TWICE] = true};
    far_thread_get();
    gate_make(&service, ops, OPS, NULL, 0);
    CHECK(service.binding.plans.descriptors);
    begin();
    int (*give)(int) = (int (*)(int))gate_stub(&service, GIVE);
    for (enum lie which = RIGHT; which < NEGATIVE; which++)
        test_lie(give, which, fine[which]);
    CHECK(give(NEGATIVE) == -7);
    gate_kill(&service);
    gate_free(&service);
    return check_result();
}
