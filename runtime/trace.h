/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What a host writes about its calls while somebody traces its service: a ring of records in a memfd that fard has made
 * and sealed against growing and shrinking. Writers never wait: each takes the next ticket and writes over the oldest
 * record. Readers keep their own place and see by the tickets what they were too slow for.
 *
 *     writer   ticket = next++; record[ticket % COUNT].ticket = 0; …fields…; .ticket = ticket + 1   (release)
 *     reader   .ticket == expected (acquire), copy, .ticket still == expected: the copy is whole
 *
 * A writer that sleeps in between for a whole round may tear a record that another writes; it is seen as lost, or, if it
 * goes on while the reader copies, as one record with fields of two. It is for people to look at, and decides nothing.
 */
#ifndef FARCALL_TRACE_H
#define FARCALL_TRACE_H

#include <stdint.h>

#define FAR_TRACE_MAGIC   0x31435254u /* "TRC1" */
#define FAR_TRACE_RECORDS 16384u

struct far_trace_record {
    uint64_t ticket;   /* 0: being written; else its own number + 1 */
    uint64_t begin_ns; /* CLOCK_MONOTONIC */
    uint64_t duration_ns;
    uint32_t slot;
    uint32_t pid, uid; /* the client's */
    uint32_t level;    /* enum far_level */
    uint32_t status;   /* enum far_call_status */
    int32_t error;     /* errno that the operation left */
    uint32_t channel;
    uint32_t reserved;
};

struct far_trace_ring {
    uint32_t magic;
    uint32_t records;
    uint64_t next; /* the ticket that the next call takes */
    uint64_t reserved[6];
    struct far_trace_record record[FAR_TRACE_RECORDS];
};

#define FAR_TRACE_SIZE ((sizeof(struct far_trace_ring) + 65535) & ~(uint64_t)65535)

_Static_assert(sizeof(struct far_trace_record) == 56, "layout");
_Static_assert(__builtin_offsetof(struct far_trace_ring, record) == 64, "layout");

#endif
