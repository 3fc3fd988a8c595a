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

int64_t fair_write_wait(const struct fair_writers *writers, uid_t uid, int64_t now_ns)
{
    const int64_t burst = (int64_t)FAIR_WRITE_BURST_NS * FAIR_WRITE_PART;
    for (int i = 0; i < FAIR_WRITERS_MAX; i++) {
        const struct fair_writer *writer = &writers->writer[i];
        if (writer->clear_at && writer->uid == uid)
            return writer->clear_at - now_ns > burst ? writer->clear_at - now_ns - burst : 0;
    }
    return 0;
}

/* The place of a uid: its own, or that of whoever has paid first. */
static struct fair_writer *place_for(struct fair_writers *writers, uid_t uid)
{
    struct fair_writer *place = &writers->writer[0];
    for (int i = 0; i < FAIR_WRITERS_MAX; i++) {
        struct fair_writer *writer = &writers->writer[i];
        if (writer->clear_at && writer->uid == uid)
            return writer;
        if (writer->clear_at < place->clear_at)
            place = writer;
    }
    *place = (struct fair_writer){uid, 0};
    return place;
}

void fair_write(struct fair_writers *writers, uid_t uid, int64_t now_ns, int64_t spent_ns)
{
    struct fair_writer *writer = place_for(writers, uid);
    int64_t from = writer->clear_at > now_ns ? writer->clear_at : now_ns;
    if (spent_ns > 0 && spent_ns < (INT64_MAX - from) / FAIR_WRITE_PART)
        writer->clear_at = from + spent_ns * FAIR_WRITE_PART;
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
