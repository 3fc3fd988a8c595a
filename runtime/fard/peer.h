/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The other end of a SOCK_SEQPACKET connection: a client, or a host. Sending never blocks and never fails in the
 * caller's face: what does not fit waits in a bounded queue, and a peer that lets it run over is lost. While anything
 * waits for a client, nothing more is read from it, so that whoever asks must also listen. A host is read from always: it
 * answers what fard says (HOST_CLOSE), and neither may wait for the other.
 */
#ifndef FARCALL_PEER_H
#define FARCALL_PEER_H

#include "runtime/fard/error.h"
#include "runtime/fard/loop.h"

#include <stdbool.h>
#include <sys/uio.h>

#define PEER_QUEUE_MAX   2048 /* packets */
#define PEER_QUEUE_BYTES (4u << 20)

struct peer;
struct peer_calls {
    /* A sound header, a body of any kind. The callee takes a descriptor by setting it to -1; the rest is closed after.
     */
    void (*message)(struct peer *peer, const struct far_message *message, int *fds, unsigned fd_count);
    /* Gone, or rubbish, or run over. Called once, perhaps from inside peer_send(): mark it, free it later. */
    void (*lost)(struct peer *peer);
    /* May a packet be taken from it now? If not, whoever says so has paused it (peer_pause). NULL: always. */
    bool (*may_receive)(struct peer *peer);
    /* A packet with descriptors was refused unread. NULL: nobody wants to know. */
    void (*refused)(struct peer *peer, const struct far_error *error);
    /* What came is no message; it has been told so. NULL: nobody wants to know. */
    void (*rubbish)(struct peer *peer, const struct far_error *error);
};

struct peer {
    struct source source;
    struct loop *loop;
    const struct peer_calls *calls;
    struct list queue;
    uint32_t queued;
    uint32_t queued_bytes;
    bool takes_rights; /* descriptors are taken from it: a manager */
    bool
        patient; /* a host: its queue is bounded by whoever fills it (channel_open), and running over is no reason to lose it */
    bool lost;
};

/* Takes over the descriptor, also when it fails. */
int peer_init(struct peer *peer, struct loop *loop, int fd, const struct peer_calls *calls);
void peer_free(struct peer *peer); /* closes it; nothing is called */
void peer_lose(struct peer *peer);
/* Nothing is read from it until it is resumed; what is said to it still goes out. */
void peer_pause(struct peer *peer);
/* One packet is taken from it, if there is one, and it is listened to again. */
void peer_resume(struct peer *peer);
/* Delivers what has arrived already, from a lost peer too: last words. */
void peer_drain(struct peer *peer);

/*
 * The descriptors stay the caller's. 0, or -ETOOMANYREFS: too many descriptors are under way to others; nothing was sent,
 * and the peer is not lost.
 */
int peer_send(struct peer *peer, uint16_t type, uint32_t serial, const void *body, size_t size, const int *fds,
              unsigned fd_count);
void peer_send_error(struct peer *peer, uint32_t serial, const struct far_error *error);

#endif
