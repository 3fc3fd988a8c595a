/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The process gate at a distance, host side: a worker whose client is on another node. Its A-stack is fard's memory and this process's,
 * and outlives the host; the client has a copy. Where a worker of a local client waits for a sequence word, this one receives a
 * frame; where that publishes an answer, this one does too, which makes it known to whoever serves the A-stack after us, and sends it.
 *
 * A connection that is lost leaves the worker with what it has: it waits for the next one, on which both sides say how far they have
 * come. An answer is kept until the next call has come, in the A-stack itself (struct away_journal says where), so that a host that
 * comes after this one still has it. What that host finds begun and not answered it does not begin again, unless the interface says
 * that it may (far_idempotent). testsuite/model/session.pml is the model; runtime/lib/away.h the other side.
 */
#ifndef FARCALL_HOST_AWAY_H
#define FARCALL_HOST_AWAY_H

#include "runtime/host/host.h"
#include "runtime/lib/away_stream.h"

#define AWAY_JOURNAL       512 /* byte of the A-stack */
#define AWAY_BEGIN_S       10  /* for the client to begin the transport, and say where it is */
#define AWAY_CANCELLED_MAX 256

/* In the A-stack, between the wide block and the area. */
struct away_journal {
    uint32_t callbacks;  /* functions of the client's that are waited for: who comes after us cannot go on there */
    uint32_t pages;      /* the number of the last answer that pages belong to, which are not in here; 0: to none */
    uint32_t incomplete; /* bytes of the call that came last are not in the area: it cannot be made again from here */
    uint32_t reserved;
    struct away_extents
        answer; /* which bytes of the area belong to the answer that is being made, or was published last */
};

struct worker_away {
    struct away_stream stream;
    struct away_journal *journal;
    bool published;          /* `answer` is of the message that was published last: the next write begins a new one */
    bool resumed;            /* the A-stack has a call that a host before us had received, and not answered */
    bool is_repeated;        /* it is what is being served */
    uint32_t lost_callbacks; /* functions that the host before us waited for: what they belong to has died with it */
    bool between_calls;      /* what comes is no part of an operation that is under way */
    struct away_aside aside; /* of the call that came last: what lies in the worker's arena, where it is to be */
    bool quiet;              /* nothing has come for a while */
    int wake;                /* eventfd: there is something else to look at than the connection */
    uint64_t give_up_at;     /* milliseconds of the monotonic clock: the deadline that came with the call; 0: none */
    uint32_t said;           /* of the fate line, on this connection */
    uint32_t cancelled_count;
    uint32_t cancelled[AWAY_CANCELLED_MAX]; /* numbers of calls that nobody wants any more */
    pthread_mutex_t lock;
    /* Under it: */
    int using;   /* the descriptor of the connection, for who shuts it; -1: there is none */
    int next_fd; /* a connection that has come, and takes the place of this one; -1: none has */
    struct far_host_connection next;
    bool shut; /* nothing more is to be said to the client */
};

/* The A-stack is mapped. 0, or -errno. */
int distant_begin(struct worker *worker, const struct far_host_channel *channel);
void distant_end(struct worker *worker);

/* Kinds of transports (1 << enum wire_transport) that will be used: before the sandbox closes. */
void distant_prepare(uint32_t transports);

/* From any thread, while the worker is listed. A connection for it: the descriptor is its own from here on. */
void distant_connection(struct worker *worker, const struct far_host_connection *connection, int fd);
void distant_wake(struct worker *worker);    /* it looks around */
void distant_cut_off(struct worker *worker); /* from here on nothing reaches the client */

/*
 * The worker's own thread. The number of the next call, which lies in the A-stack, or `last` when it is time to look around. between_calls: no
 * operation is under way.
 */
uint32_t distant_next(struct worker *worker, uint32_t last, bool between_calls);
/* In the middle of an operation, for a page of the client's: its next frame of that type; and another connection, when one was lost. */
int distant_next_in_operation(struct worker *worker, enum wire_type type, struct wire_frame *frame);
bool distant_reconnect_in_operation(struct worker *worker);
/* The answer's words and memory are written. */
void distant_publish(struct worker *worker);
/* The worker leaves, as the A-stack says: the client hears it, if that is easy. */
void distant_say_fate(struct worker *worker);
/* In the middle of an operation: has the client said something? */
void distant_look(struct worker *worker);
bool distant_is_cancelled(const struct worker *worker, uint32_t sequence);
/* Has the deadline passed that came with the call? */
bool distant_is_late(const struct worker *worker);
/* A message that belongs to what a host before us had begun: it is answered, and not served. */
bool distant_answers_itself(struct worker *worker);

void distant_wrote(struct worker *worker, uint64_t offset, uint64_t bytes);
/* A function of the client's is waited for, or not any more. */
void distant_in_callback(struct worker *worker, int more);

#endif
