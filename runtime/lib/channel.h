/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Channels: an A-stack shared by one client thread and one worker of a service's host. A thread has one for each
 * service it calls, opened at the first call. A call from a signal handler that interrupted another call has channels
 * of its own, one set for each level, so that no call ever finds another's half-written A-stack. A call from a callback goes
 * down the channel that it came by. Everything here may
 * run in a signal handler: memory comes from mmap, signals are blocked while a lock is held.
 */
#ifndef FARCALL_CHANNEL_H
#define FARCALL_CHANNEL_H

#include "runtime/callback.h"
#include "runtime/lib/binding.h"
#include "runtime/lib/lending.h"
#include "runtime/walk/memory.h"

#include <stdbool.h>

/* After a call that needed a larger one than this, a channel is closed again: its memory is better used elsewhere. */
#define FAR_CHANNEL_KEEP (16u << 20)

/* Calls that interrupt each other in one thread, and so have channels of their own. */
#define FAR_LEVELS_MAX 8

struct far_away;

struct far_channel {
    struct far_astack *astack; /* NULL: not open */
    uint64_t size;
    uint32_t sequence; /* of the last call */
    uint32_t spin;     /* looks before sleeping */
    uint32_t cpu;      /* what we last wrote to call.cpu */
    uint32_t id;       /* as fard knows it, on connection number `opened_on` */
    uint32_t opened_on;
    int host_pidfd;                    /* readable once the host is gone; -1: unknown */
    uint32_t in_callback;              /* functions of ours that run for calls under way here */
    uint64_t area_end;                 /* bytes of the area that calls under way have in use: later ones lie behind */
    const struct far_binding *binding; /* whose service it leads to; NULL: it is not open */
    /* A one-way call is under way, and `astack` is NULL meanwhile: then no call takes the fast path (oneway.c). */
    struct far_astack *unheard;
    uint64_t unheard_end; /* bytes of the area that it has in use */
    uint32_t before;      /* the number before its own */
    uint32_t socket;      /* 1 + its descriptor, for those that travel (descriptors.h); 0: none */
    uint64_t socket_inode;
    struct far_batch *after; /* one-way calls are in that batch, and come first; `unheard` may be NULL then */
    uint32_t after_number;
    struct far_away
        *away; /* its host is on another node, and the A-stack this process's own (away.h); NULL: it is here */
} __attribute__((aligned(64)));

/* Descriptors that functions of ours have been lent, innermost last: closed when the function has ended, or was jumped out of. */
#define FAR_LENT_MAX 1024
struct far_lent {
    uint32_t count;
    struct {
        int fd;
        uint32_t depth; /* of calls, when its function was called */
    } item[FAR_LENT_MAX];
};

/*
 * What lies on the stack as long as a function of ours runs for a call, and is something else when its place was used anew:
 * then a jump has left both. sum 0: none runs.
 */
struct far_witness {
    const void *memory;
    uint64_t bytes;
    uint64_t sum;
    uint64_t area_end; /* of its channel, for what the function calls */
};
uint64_t witness_sum(const void *memory, uint64_t bytes); /* abandon.c */

/* What a thread has. Lives in an mmap of its own, of which only the pages in use cost memory. */
struct far_thread {
    uint32_t depth; /* calls on their way */
    struct {
        const void *frame; /* of the gate, on the caller's stack */
        struct far_channel *channel;
        uint32_t level; /* of its channel. The first one's is 0, and never written */
        bool entered;   /* until it returns. Of the first one on the fast path: not written */
        struct far_witness in_callback;
    } running[FAR_CALLS_NESTED]; /* depth of them */
    struct far_channel channel[FAR_LEVELS_MAX][FAR_BINDING_MAX];
    struct {
        struct walk_memory call;            /* while it lasts */
        struct walk_memory results;         /* until the next one */
        struct walk_memory function;        /* what its callbacks are given */
    } walk[FAR_CALLS_NESTED];               /* by depth */
    struct far_loan loan[FAR_CALLS_NESTED]; /* by depth: pages for calls to other nodes */
    struct far_lent lent;
    struct {
        bool on;          /* between far_batch_begin() and far_batch_run() */
        bool broken;      /* linked, and one has failed: no more are begun */
        uint32_t flags;   /* FAR_BATCH_… */
        const void *busy; /* the frame of the call that is being gathered; NULL: none is */
    } gathering;
    struct {
        struct far_batch *open;  /* gathered, and not sent */
        struct far_batch *sent;  /* the one before it, if one is not enough */
        bool failed;             /* linked, and one of those before has */
    } gathered[FAR_BINDING_MAX]; /* by service */
};

/* NULL until the thread's first call. Initial-exec: one load in the gate. */
extern __thread struct far_thread *far_thread __attribute__((tls_model("initial-exec")));

/* This thread's, made at its first call. NULL: no memory. */
struct far_thread *far_thread_get(void);

/* Make sure that the channel is open and not dead. 0, or -errno and *error. */
int channel_ready(struct far_binding *binding, struct far_channel *channel, struct far_error *error);

/*
 * Whose channel the thread's next call of that service takes, and its level. One that the thread is in a callback of, if there
 * is one: the service's own thread waits there. Otherwise that of the next level. NULL: there is none left.
 */
struct far_channel *thread_channel(struct far_thread *thread, const struct far_binding *binding, uint32_t *level);

/* What fork has left of a channel in the child. in_use: a call is under way, which ends as if the host had died. */
void channel_forget(struct far_channel *channel, bool in_use);
/* The first level that no call under way has. */
uint32_t thread_free_level(const struct far_thread *thread);

/* Replace the channel by one of at least `size` bytes. 0, or -errno and *error, and then it is closed. */
int channel_grow(struct far_binding *binding, struct far_channel *channel, uint64_t size, struct far_error *error);

/* Calls that a jump has left end here: those whose frames cannot be below a caller whose frame is `now`. */
void thread_end_abandoned(struct far_thread *thread, const void *now);
/* The same when a function of ours returns to the call at depth `alive`: calls that it made and left by a jump. */
void thread_end_above(struct far_thread *thread, uint32_t alive);
/* The call at that depth returns: those that signals' handlers made meanwhile, and left by a jump, end with it. */
void thread_leave(struct far_thread *thread, uint32_t depth);
/* Was a frame left by a jump, as seen from a frame of its thread that is `now`? */
bool call_is_left(const void *frame, const void *now);

/* The socket for descriptors, if it is still that; -1: there is none. */
int channel_socket(const struct far_channel *channel);

/* Give up a channel: after its death, or because it is too large to keep. */
void channel_close(struct far_channel *channel);

/* Is the other side gone? By what fard wrote; by the host process itself. */
bool channel_dead(const struct far_channel *channel);
int channel_fate_error(
    const struct far_channel *channel); /* what a call in a dead one ends with: EHOSTDOWN, EACCES, EAGAIN */
#define FAR_REASON_REVOKED "the capability that this process was bound by was revoked"
#define FAR_REASON_FULL    "the service's host has no room for one more channel of this user; close some, or try again"
/* For a call that is under way: dead, and not merely moved to another version (FAR_FATE_MOVED). */
bool channel_lost(const struct far_channel *channel);
bool channel_host_gone(const struct far_channel *channel);
/* After so many looks without an answer: has no worker ever taken it? fard was killed before it could tell the host. */
bool channel_unserved(const struct far_channel *channel, unsigned looks);

#endif
