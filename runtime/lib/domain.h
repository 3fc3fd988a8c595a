/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The process's own domain segment: memory at addresses that nobody else has, which services may be let in to. Made once,
 * when it is first wanted. A child of fork has a private copy of it, which no service can reach.
 */
#ifndef FARCALL_DOMAIN_H
#define FARCALL_DOMAIN_H

#include "runtime/protocol.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct far_binding;
struct far_heap_calls;

#define FAR_TRUSTED_MAX 64 /* services that may reach it */

struct far_own_domain {
    uint64_t base; /* 0: there is none. Written last: calls look without a lock */
    uint64_t size;
    int memory;       /* descriptor; the program may have closed it */
    bool tells_pages; /* may we know by mincore() what of it is in use? */
    dev_t device;
    ino_t inode;
    uint32_t known_on; /* connection on which fard knows it as ours */
    bool is_private;   /* a copy, after fork: fard knows nothing of it */
    bool unknown;      /* fard was started anew, and does not know it any more */
    bool fork_watched;
    uint32_t trusted_count; /* places in use, some perhaps empty */
    char trusted[FAR_TRUSTED_MAX][FAR_SERVICE_MAX];
    const struct far_heap_calls *heap; /* heap.h; NULL until something was allocated */
    /* While a fork is on its way, under fork_lock. */
    pthread_mutex_t fork_lock;
    sigset_t fork_mask;
    int fork_pipe[2];
    bool forking;
};

/* With the process's lock held. 0, or -errno and *error; nothing is done if there is one already. */
int domain_make(struct far_error *error);
/* The connection is a new one: make fard know the segment on it, and whom it is shared with. With the lock held. */
void domain_renew(void);

/* What the service of this binding may be handed has changed: write it down there. With the lock held. */
void domain_tell(struct far_binding *binding);
void domain_tell_all(void);

/* May the service of this binding be handed that memory as it is? No lock needed. */
bool domain_shares(const struct far_binding *binding, uint64_t address, uint64_t size);

/* domain_fork.c: see to it that a child of fork gets its copy. */
void domain_watch_forks(void);

#endif
