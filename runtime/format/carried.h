/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What this version's gates carry. A record may describe more: such an operation is registered and bound, and works where
 * the caller runs its code (a branch); a call that would trap fails with ENOTSUP. Both sides of a gate, fard and far ask
 * here, so that they never disagree.
 */
#ifndef FARCALL_CARRIED_H
#define FARCALL_CARRIED_H

#include "runtime/iface.h"

#include <stdbool.h>

struct carrier {
    const struct far_iface *iface; /* checked */
    uint8_t *known;                /* by type: whether its bytes may be copied as they are */
    uint8_t tied;                  /* does memory's life end with something's release? As `known` */
};

/* 0 or -ENOMEM; end with carrier_end(). */
int carrier_begin(struct carrier *carrier, const struct far_iface *iface);
void carrier_end(struct carrier *carrier);

/*
 * What of an operation cannot be carried: NULL if all of it can, otherwise "a callback", and *at is the number of the
 * parameter, 0 for the result.
 */
const char *carrier_refuses(struct carrier *carrier, const struct far_op *op, uint32_t *at);

/* Does it take more than numbers, handles and plain bytes? Then it goes by runtime/walk. */
bool carrier_walks(struct carrier *carrier, const struct far_op *op);

/* Does any value of the interface stand for a file descriptor? */
bool carrier_has_descriptors(const struct far_iface *iface);

/* carrier_refuses() as a clause for messages: "parameter each is a callback". False, and text "", if all can be carried. */
#define CARRIER_TEXT_SIZE 640
bool carrier_text(struct carrier *carrier, const struct far_op *op, char text[CARRIER_TEXT_SIZE]);

#endif
