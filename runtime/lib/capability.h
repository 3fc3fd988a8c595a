/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The capabilities of this process (docs/capabilities.md): those of its environment, and those that far_present() added. On
 * each new connection they are presented before anything else is asked, since what is bound is bound by what was presented
 * before.
 */
#ifndef FARCALL_LIB_CAPABILITY_H
#define FARCALL_LIB_CAPABILITY_H

#include "runtime/protocol.h"

#include <stdbool.h>
#include <stdint.h>

#define FAR_TOKENS_MAX 16 /* of one process */

struct far_token {
    char text[FAR_TOKEN_MAX];
    bool accepted; /* it was valid once: if it is no more, that is no mistake at start */
};

struct far_tokens {
    struct far_token item[FAR_TOKENS_MAX];
    uint32_t count;
    bool environment_read;
    uint32_t presented_on; /* connection number */
};

/* Make sure that all are presented on the present connection. With the lock held. 0, or -errno and *error. */
int capabilities_present(struct far_error *error);

/* revoked.c: the thread that listens for rights being taken away, and what it does then. */
struct far_connection;
struct far_revoked_by {
    uint32_t number;   /* of the revocation; fard's */
    int trap_stubs;    /* to be mapped in place of branches; -1: none */
    uint32_t progress; /* enum far_revoked_progress; written last */
};
enum far_revoked_progress { FAR_REVOKED_NOT, FAR_REVOKED_TOLD, FAR_REVOKED_DONE };

/* The watching thread writes it while others call. */
static inline enum far_revoked_progress revoked_progress(const struct far_revoked_by *revoked)
{
    return (enum far_revoked_progress)__atomic_load_n(&revoked->progress, __ATOMIC_ACQUIRE);
}

/* With the lock held: what fard said unasked. Takes over the descriptors. */
void revoked_take(const struct far_message *message, const struct far_revoked *revoked, int *fd, int fd_count);
/* Start the thread, if there is none. With the lock held. */
void revoked_watch(void);
/* There is another connection to listen on. */
void revoked_wake(void);
/* In the child after fork: its thread is its own. */
void revoked_after_fork(void);

#endif
