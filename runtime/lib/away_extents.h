/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Which bytes of an A-stack's area have been written since the last message: what the next one to another node carries. Both copies
 * of the area are alike wherever neither list says otherwise, so that a list may say more than was written, but never less.
 */
#ifndef FARCALL_AWAY_EXTENTS_H
#define FARCALL_AWAY_EXTENTS_H

#include "runtime/net/wire.h"

#define AWAY_EXTENTS_MAX 200u
#define AWAY_EXTENT_GAP  64u /* bytes that are carried along, rather than begin another one */

/* Ascending, none empty, none touching the next. Begins as zero. */
struct away_extents {
    uint32_t count;
    uint32_t reserved;
    struct wire_extent item[AWAY_EXTENTS_MAX];
};

/* Bytes 0: nothing. Where there is no room for one more, one that is there becomes longer. */
void extents_add(struct away_extents *extents, uint64_t offset, uint64_t bytes);
uint64_t extents_bytes(const struct away_extents *extents);

#endif
