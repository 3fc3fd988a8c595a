/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Who may use fard's time, and how many connections a uid may have. Deficit round robin over uids (Shreedhar and
 * Varghese, 1995), in time: in each turn of the loop a uid may spend FAIR_QUANTUM_NS on what its clients ask; what it
 * spends above that is taken from its next turns. So a request waits for one quantum, and the rest of one request, of each
 * other uid that keeps asking, however many connections those have and however dear their requests are. A uid that is
 * alone loses nothing: turns without anything to do take no time.
 *
 * No I/O and no clock: the caller measures.
 */
#ifndef FARCALL_FAIR_H
#define FARCALL_FAIR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FAIR_QUANTUM_NS 50000 /* as much as a bind of a small service takes */
#define FAIR_REQUEST_NS 5000  /* added to what was measured: the packet itself */

struct fair_share {
    uint64_t turn; /* that spent_ns is of */
    int64_t spent_ns;
};

/* May it spend something in this turn? */
bool fair_may_spend(struct fair_share *share, uint64_t turn);
/* In how many turns it may; 0: in this one. */
uint64_t fair_turns_to_wait(struct fair_share *share, uint64_t turn);
void fair_spend(struct fair_share *share, uint64_t turn, int64_t ns);

/*
 * What is written to the store cannot be interrupted: whoever asks meanwhile waits for the disk, whose turn it may be. So
 * who is no manager may have fard write for a sixteenth of the time, and for FAIR_WRITE_BURST_NS at once. By uid, and beyond
 * its connections: whoever comes back has not gone.
 */
#define FAIR_WRITE_PART     16
#define FAIR_WRITE_BURST_NS 100000000
#define FAIR_WRITERS_MAX    64
#define FAIR_WRITE_NS       1000000 /* what one is taken for before it was done */
#define FAIR_WRITE_WAIT_MS  10000   /* who would have to wait longer is refused */

struct fair_writers {
    struct fair_writer {
        uid_t uid;
        int64_t clear_at; /* when all is paid for; 0: an empty place */
    } writer[FAIR_WRITERS_MAX];
};

/* In how many nanoseconds it may; 0: now. */
int64_t fair_write_wait(const struct fair_writers *writers, uid_t uid, int64_t now_ns);
void fair_write(struct fair_writers *writers, uid_t uid, int64_t now_ns, int64_t spent_ns);

#define QUOTA_UID_CLIENTS 1024u /* connections of one uid, where there are descriptors enough */
#define QUOTA_UID_SMALL   16u   /* a uid with fewer is let in while there is any room but the managers' */
#define QUOTA_MANAGERS    64u   /* descriptors that nobody else gets */

/* What a new connection would add itself to. */
struct quota_use {
    uint64_t descriptors; /* that fard may have: RLIMIT_NOFILE */
    uint32_t clients;     /* of all uids, the new one not counted */
    uint32_t uid_clients; /* of its uid */
    uint32_t others;      /* descriptors that fard has for clients besides: of domain segments */
    uint32_t uid_others;  /* for those of this uid */
    bool manager;
};
/* One uid never has more than a quarter of the descriptors; the last quarter is for uids that have few connections. */
bool quota_admits(const struct quota_use *use);
uint32_t quota_uid_clients(uint64_t descriptors);

#endif
