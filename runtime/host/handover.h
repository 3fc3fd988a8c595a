/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Handles on their way from a host to the one that takes its service over (docs/hosts.md). The old host gives away every
 * handle that no call uses, before the new one serves its first call; one that is used goes when that call has ended, and
 * one that is made meanwhile at once, before its client hears of it. So a handle is known to one host at a time, and who
 * releases it is alone with it, as ever.
 */
#ifndef FARCALL_HANDOVER_H
#define FARCALL_HANDOVER_H

#include "runtime/host/host.h"

/*
 * First a packet that says what follows. Then each packet is an array of records; the first batch ends with one whose value
 * is 0. Each later packet is answered by a byte. A host that knew no types sends no head and shorter records.
 */
#define HANDOVER_MAGIC       "FARHAND4"
#define HANDOVER_MAGIC_ALONE "FARHAND3" /* of a host that knew of no handle that it ends with another */
#define HANDOVER_MAGIC_TYPED "FARHAND2" /* nor of other nodes */
struct handover_head {
    char magic[8];
};

struct handover_record {
    uint32_t pid, uid; /* the client */
    struct handle_name name;
    uint32_t node;             /* where that is; 0: here */
    uint32_t more;             /* the next record is of one that ends with the same one as this, or with this one */
    struct handle_name parent; /* what it ends with, which came before; value 0: nothing */
};
#define HANDOVER_BATCH   1024
#define HANDOVER_UNTYPED 16 /* bytes of a record without its type */
#define HANDOVER_TYPED   24 /* and without its node */
#define HANDOVER_ALONE   32 /* and without what it ends with */
_Static_assert(sizeof(struct handover_record) == 48, "hosts of different builds tell each other");

/* The old host. The descriptor is its own from now on. */
void handover_begin(int fd);
bool handover_is_on(void);
/* The new host has it when this returns true. Never called with a client's lock held. */
bool handover_one(const struct handover_record *record);

/* The new host: returns when the first batch is in; the rest is taken as it comes. */
void handover_take(int fd);
/* Whether a host before this one may still give handles, and until none may: one that has an heir passes them on. */
bool handover_is_taking(void);
void handover_wait_for_old_hosts(void);

#endif
