/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The other end of a connection does not read: a client is not read from either, a host is. */
#include "runtime/fard/peer.h"
#include "runtime/protocol.h"
#include "testsuite/unit/check.h"

#include <sys/socket.h>
#include <unistd.h>

static unsigned heard;

static void hear(struct peer *peer, const struct far_message *message, int *fds, unsigned fd_count)
{
    (void)peer;
    (void)message;
    (void)fds;
    (void)fd_count;
    heard++;
}

static void lose(struct peer *peer)
{
    (void)peer;
}

static unsigned heard_while_full(bool patient)
{
    static const struct peer_calls calls = {.message = hear, .lost = lose};
    static const char body[1000];
    const struct far_message message = {FAR_PROTOCOL_MAGIC, sizeof message, FAR_MSG_HOST_READY, 1, 0};
    struct loop loop;
    struct peer peer;
    int ends[2];
    CHECK(loop_init(&loop) == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    CHECK(peer_init(&peer, &loop, ends[0], &calls) == 0);
    peer.patient = patient;
    while (!peer.queued)
        CHECK(peer_send(&peer, FAR_MSG_HOST_CLOSE, 0, body, sizeof body, NULL, 0) == 0);
    CHECK(send(ends[1], &message, sizeof message, MSG_DONTWAIT) == sizeof message);
    heard = 0;
    for (int i = 0; i < 5; i++)
        CHECK(loop_turn(&loop, 0) == 0);
    CHECK(!peer.lost && peer.queued);
    unsigned while_full = heard;
    while (recv(ends[1], (char[2000]){0}, 2000, MSG_DONTWAIT) > 0)
        loop_turn(&loop, 0);
    CHECK(!peer.queued);
    for (int i = 0; i < 5; i++)
        CHECK(loop_turn(&loop, 0) == 0);
    CHECK(heard == 1);
    peer.patient = true; /* closed here, by no thread */
    peer_free(&peer);
    close(ends[1]);
    loop_free(&loop);
    return while_full;
}

int main(void)
{
    CHECK(heard_while_full(false) == 0);
    CHECK(heard_while_full(true) == 1);
    return check_result();
}
