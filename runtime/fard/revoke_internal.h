/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A revocation under way, as revoke.c and revoke_look.c share it. */
#ifndef FARCALL_REVOKE_INTERNAL_H
#define FARCALL_REVOKE_INTERNAL_H

#include "runtime/fard/revoke.h"

/* A process that was told to unmap. */
struct told {
    struct list of_revocation;
    const struct client *client; /* NULL: gone */
    pid_t pid;
    int pidfd;
    bool done;
};

enum revocation_state {
    REVOCATION_TELLING, /* holders have time yet to let go */
    REVOCATION_WAITING, /* for a look at all processes */
    REVOCATION_LOOKING
};

struct revocation {
    struct list link;
    struct fard *fard;
    struct client *client; /* whoever waits for it; or NULL */
    uint32_t serial;       /* of the request */
    uint32_t number;       /* of the revocation */
    uint32_t service_id;
    enum revocation_state state;
    struct list told;
    struct list closing;
    struct timer deadline;
    uid_t *uid; /* who was ever given the memory by what is revoked: whose processes may be ended for it */
    uint32_t uid_count;
    struct far_revoke_reply reply;
};

/* revoke.c */
void revocation_answer(struct revocation *revocation);

/* revoke_look.c: who holds the service's memory still? Answers the revocation, perhaps at once. */
void look_for(struct revocation *revocation);
void look_abandon(struct fard *fard);

/* revoke_store.c: 0: out of the store, or will be. Otherwise nothing was changed. */
int revoke_in_store(struct revocation *revocation, const uint32_t *ids, uint32_t count, struct far_error *error);
void revoke_store_end(struct fard *fard);

#endif
