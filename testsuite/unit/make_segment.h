/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A small, complete segment made in memory, for tests that need one without a compiler: service kv with three operations,
 * all kinds of relocation commands, a symbol table. Tests break what they want and call make_seal().
 */
#ifndef FARCALL_MAKE_SEGMENT_H
#define FARCALL_MAKE_SEGMENT_H

#include "runtime/iface.h"
#include "runtime/segment.h"

enum make_variant {
    MAKE_PLAIN,   /* kv 1.0: kv_find, kv_put, kv_read */
    MAKE_CHANGED, /* kv 1.1: kv_count added, kv_read gone, kv_put's size an int, struct node larger */
};

struct made_machine; /* make_stubs.h */

struct made {
    uint8_t *bytes; /* aligned to 64; free() it */
    size_t size;
};

/* An interface record that iface_check() accepts. Never fails: tests without memory abort. */
struct made make_record(enum make_variant variant);

/* A segment that segment_check() accepts, digest included. */
struct made make_segment(enum make_variant variant); /* for x86-64 */
struct made make_segment_for(const struct made_machine *machine, enum make_variant variant);
/* The same, but it binds to no other service, so that it can be registered alone. */
struct made make_lone_segment(enum make_variant variant);

/* Write the right build id again after a change, so that what is tested is the change and not the digest. */
void make_seal(struct made *made);

#endif
