/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Slots that stay: an operation keeps the slot that an earlier version of its service gave it, so that its stub's address,
 * its one name, stays what clients know. New operations get slots above all that were ever given, in the order of their
 * names; those of operations that are gone stay empty for good.
 */
#ifndef FARCALL_SLOTS_H
#define FARCALL_SLOTS_H

#include "runtime/format/complain.h"
#include "runtime/iface.h"

/* The service that is being built. */
struct slot_service {
    const char *name;
    uint16_t major, minor;
    uint32_t machine;
};

struct slot_op {
    const char *name;
    uint32_t slot; /* filled in */
};

/*
 * Give each operation, sorted by name, its slot, and *slot_end what the record says. 0; or -EINVAL and a message if
 * `previous`, a checked record, is another service's, for another machine or of a later version, or if no slot is left.
 */
int slots_keep(const struct far_iface *previous, const struct slot_service *now, struct slot_op *ops, uint32_t count,
               uint32_t *slot_end, const struct complaint *to);

/*
 * The interface record in a file's bytes (aligned to 8, the caller's): a bare record, an object or a segment. It is checked;
 * of a segment nothing else is. 0, or -EINVAL and a message.
 */
int iface_in_file(const void *bytes, size_t size, const struct far_iface **iface, const struct complaint *to);

#endif
