/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Two executables of one service, for two machines, that share their data: every address that data may hold must mean the
 * same in both. That is so if
 *
 *   - the interfaces, the operations' slots, the parts' addresses and the heap are the same;
 *   - every variable of part data has the same address, size and first value;
 *   - words of data that hold addresses hold the same: of data, heap or an operation at the same place, of a thunk for the
 *     same function of the C library, of the same constant with the same contents. A function that is no operation, or a
 *     constant that lies elsewhere, means something else on the other machine.
 *
 * Code and what only code refers to may differ.
 */
#ifndef FARCALL_PAIR_H
#define FARCALL_PAIR_H

#include "runtime/segment.h"

#include <stdbool.h>

#define PAIR_DIFFERENCES_MAX 20 /* more are not told one by one */

struct pair {
    /*
     * Not another machine's executable but a later version, `other`, of the same service: its minor version may be
     * higher, and then it may have more operations; code and constants may lie elsewhere, since who runs the old code
     * keeps it; and it may have other variables (pair_upgrade.c).
     */
    bool upgrade;
    /* Called for each difference: what, where, both values. May be NULL. */
    void (*differs)(void *context, const char *text);
    /* Called, for an upgrade, for what is no difference but may surprise. May be NULL. */
    void (*note)(void *context, const char *text);
    void *context;
    /* Filled in: what was compared. */
    uint32_t differences, operations, variables, words;
    uint32_t moved; /* variables that are the same but for their address */
    uint32_t notes;
    uint32_t added, gone, kept; /* variables: new ones, holes, those with another first value */
};

/* Both segments are checked ones. Returns 0 (see pair->differences) or -ENOMEM. */
int segment_pair_check(const struct far_segment *one, const struct far_segment *other, struct pair *pair);

#endif
