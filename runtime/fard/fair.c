/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/fair.h"

static void advance(struct fair_share *share, uint64_t turn)
{
    uint64_t turns = turn - share->turn, owed = (uint64_t)share->spent_ns;
    share->turn = turn;
    share->spent_ns = turns > owed / FAIR_QUANTUM_NS ? 0 : (int64_t)(owed - turns * FAIR_QUANTUM_NS);
}

bool fair_may_spend(struct fair_share *share, uint64_t turn)
{
    advance(share, turn);
    return share->spent_ns < FAIR_QUANTUM_NS;
}

uint64_t fair_turns_to_wait(struct fair_share *share, uint64_t turn)
{
    advance(share, turn);
    return (uint64_t)(share->spent_ns / FAIR_QUANTUM_NS);
}

void fair_spend(struct fair_share *share, uint64_t turn, int64_t ns)
{
    advance(share, turn);
    if (ns > 0)
        share->spent_ns = ns > INT64_MAX - share->spent_ns ? INT64_MAX : share->spent_ns + ns;
}

uint32_t quota_uid_clients(uint64_t descriptors)
{
    return descriptors / 4 < QUOTA_UID_CLIENTS ? (uint32_t)(descriptors / 4) : QUOTA_UID_CLIENTS;
}

bool quota_admits(const struct quota_use *use)
{
    uint64_t room = use->descriptors;
    const uint64_t all = (uint64_t)use->clients + use->others, own = (uint64_t)use->uid_clients + use->uid_others;
    if (use->uid_clients >= quota_uid_clients(room) || own >= room / 4)
        return false;
    if (use->manager)
        return true;
    if (all + QUOTA_MANAGERS >= room)
        return false;
    return all < room / 4 * 3 || own < QUOTA_UID_SMALL;
}
