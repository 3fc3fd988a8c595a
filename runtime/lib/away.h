/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The process gate at a distance, client side: a channel whose host is on another node. The A-stack is this process's own; where a
 * call of a local channel publishes a number and waits for one, this sends a frame and receives one, on the thread that calls. All
 * else (marshalling, the walk, callbacks, batches) finds in the A-stack what it finds there of a local host.
 *
 *     away.c           sending, waiting, looking; what comes
 *     away_connect.c   the first connection, and the next one when one was lost
 *     away_stream.c    frames
 *     away_extents.c   which bytes of the area go over
 *
 * A call that was sent and not answered when the connection was lost is sent again, on the next one, if the host says that it has
 * not got it: so it is executed once at most. testsuite/model/session.pml is the model.
 */
#ifndef FARCALL_AWAY_H
#define FARCALL_AWAY_H

#include "runtime/lib/away_stream.h"
#include "runtime/lib/channel.h"
#include "runtime/net/bundle.h"

#define AWAY_PATIENCE_MS 30000 /* where nobody has said another number */
#define AWAY_PING_MS     10000 /* nothing has come for so long while we wait: is anybody there? */
#define AWAY_PONG_MS     10000 /* nor for so long, after we have asked: another connection says whether the node is there */
#define AWAY_IDLE_MS     100 /* after so long without a call it is worth looking whether the connection is still there */
#define AWAY_WHY_MAX     512

struct far_away {
    struct far_away *next, **link; /* among all of the process: whoever looks for leaks finds their transports there */
    struct away_stream stream;
    struct away_extents written; /* of the message that is being made, or that was sent last */
    struct away_pieces pieces;   /* of that; none once its answer is there */
    bool is_sent;                /* the latter */
    bool has_wide;
    bool is_dialled;                /* the last try to connect has come as far as the other node's answer */
    uint32_t busy;                  /* one thread at a time uses the connection; atomic */
    const struct far_thread *owner; /* which one */
    uint32_t announced;  /* 1 + generation of the host that knows where our domain segment lies (lending.h) */
    uint32_t lent;       /* the number of the last message whose pages have gone before it (lending.h) */
    uint32_t received;   /* the number of the last answer that is whole */
    uint32_t torn;       /* of this one's answer the beginning has come, into the area; 0: of none */
    uint32_t generation; /* of the host */
    uint64_t until;      /* when the call under way gives up; 0: never */
    uint64_t heard;      /* when something came last */
    uint64_t pinged;     /* when we last asked; 0: not since */
    struct far_channel_path path;
    struct bundle_body out, in; /* memory that the next pages to go and to come are put into (lending.h) */
    char why[AWAY_WHY_MAX];     /* the channel was given up */
};

/* --- opening and closing --- */

/* Memory of this channel's own in the place of an A-stack, and the first connection. 0, or -errno and *error. */
int away_open(struct far_channel *channel, const struct far_channel_path *path, struct far_error *error);
/* With as little ado as possible; the host is told if that is easy. With the process's lock held. */
void away_close(struct far_channel *channel);
/* In the child after fork: the connection is the parent's. in_use: a call is under way, which finds that the host has gone. */
void away_forget(struct far_channel *channel, bool in_use);
/* A channel that has no connection gets another one, and what the host has not got is sent again. until: nanoseconds, 0: as long as
 * the path's patience lasts. 0; EHOSTDOWN, ETIMEDOUT, EACCES …: then the channel is dead, but for ETIMEDOUT. */
int away_resume(struct far_channel *channel, uint64_t until);

/* --- messages --- */

/* These bytes of the area were written for the next message; the wide block is used. */
void away_wrote(struct far_channel *channel, uint64_t offset, uint64_t bytes);
void away_uses_wide(struct far_channel *channel);
/*
 * These need not be written: they can be read where they are until away_give_back(), and away_wrote() is told of them all the same. False: they are
 * too few to be worth it, or in too many pieces.
 */
bool away_lend(struct far_channel *channel, uint64_t offset, uint64_t bytes, const char *from);
void away_give_back(struct far_channel *channel);
/* The call line is written, and channel->sequence is its number. That it could not be sent is heard by whoever waits. */
void away_send(struct far_channel *channel, uint32_t slot, uint32_t deadline_ms);
/* Until the answer is there, or the channel is lost: 0; ETIMEDOUT, EPROTO, or what away_resume() says. */
int away_await(struct far_channel *channel, uint32_t deadline_ms);
/* What is there, without waiting. True: something has happened: an answer, an end; or it takes waiting to know. */
bool away_look(struct far_channel *channel);
/* The same before a call: has it been dead for long? */
void away_look_if_idle(struct far_channel *channel);
/* At most so long, for something to happen. */
void away_wait_ms(struct far_channel *channel, long ms);
/* What poll() may wait for; -1: there is no connection. */
int away_poll_fd(const struct far_channel *channel);
/* Nobody wants the call of that number any more. */
void away_cancel(struct far_channel *channel, uint32_t sequence);

/* Why its calls fail, as a sentence's end. */
const char *away_reason(const struct far_channel *channel);

/* --- between the files --- */

static inline struct away_memory away_memory_of(const struct far_channel *channel)
{
    return (struct away_memory){channel->astack ? channel->astack : channel->unheard, channel->size};
}
/* Is a message of ours without an answer? */
static inline bool away_awaits(const struct far_channel *channel)
{
    return channel->sequence != channel->away->received;
}
int away_transmit(struct far_channel *channel); /* the message that the A-stack has. 0, or -errno */
/* From here on the channel is dead. error: what for: enum of astack.h's fate. */
void away_mark_dead(struct far_channel *channel, uint32_t fate);

#endif
