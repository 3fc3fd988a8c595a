/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Has a host let go of a client's domain segment, as it says? Looked up by a process of its own, one at a time, for all hosts
 * that have said so meanwhile. fard waits for nobody.
 */
#ifndef FARCALL_FARD_DOMAIN_LOOK_H
#define FARCALL_FARD_DOMAIN_LOOK_H

#include "runtime/fard/domain.h"

#define DOMAIN_LOOK_MAX 64 /* hosts in one look; the others wait for the next */
#define DOMAIN_LOOK_S   4  /* what one may take; less than DOMAIN_ANSWER_MS */

struct domain_suspect {
    uint32_t domain;
    pid_t host;
    int pidfd;
    uid_t uid;
    bool own_uid; /* nobody but this host and its children has it */
    pid_t owner;  /* of the memory: whatever it holds is its own */
    dev_t device;
    ino_t inode;
};

enum domain_holds {
    DOMAIN_HOLDS_NOTHING = 1,
    DOMAIN_HOLDS_STILL,
    DOMAIN_HOLDS_UNSEEN /* fard may not look at it */
};

struct domain_verdict {
    uint32_t domain;
    pid_t host;
    uint32_t holds;  /* enum domain_holds; of the host itself */
    uint32_t killed; /* processes of the host's that held it, and were killed */
};

struct domain_seen {
    uint32_t count;
    struct domain_verdict verdict[DOMAIN_LOOK_MAX];
};

/* domain_scan.c: in the process. */
void domain_scan(const struct domain_suspect *suspect, uint32_t count, pid_t fard, struct domain_seen *seen);

/* domain_look.c: looks at all mappings in the state LOOKING that nobody looks at yet, now or when the look under way ends. */
void domain_look(struct fard *fard);
void domain_look_abandon(struct fard *fard);
/* domain_host.c: what came of it for one of them; seen NULL: it could not be found out. */
void domain_looked(struct fard *fard, uint32_t domain, pid_t host, const struct domain_verdict *verdict);

#endif
