/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Who is granted which level: a service's rules against who a client is. No I/O. */
#ifndef FARCALL_POLICY_H
#define FARCALL_POLICY_H

#include "runtime/fard/manage.h"

#include <sys/types.h>

/* A client as the kernel vouches for it (SO_PEERCRED, SO_PEERGROUPS) at the time it connected. */
struct principal {
    pid_t pid;
    uid_t uid;
    gid_t gid;
    gid_t *groups; /* supplementary ones; owned by whoever fills this in */
    uint32_t group_count;
};

/* The most specific rules that fit decide (uid, then gid, then all); among equally specific ones the highest level. */
enum far_level policy_level(const struct far_rule *rules, uint32_t count, const struct principal *principal);

/* No more than wanted. FAR_LEVEL_UNSET: whatever is granted. */
enum far_level policy_lowered(enum far_level granted, uint32_t want);

/* Is this a rule that can be kept? */
bool policy_rule_is_sound(const struct far_rule *rule);

#endif
