/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A batch: calls of one service that cross together, in one A-stack: one message there, served in order by one worker, one
 * message back (runtime/astack.h has the message).
 *
 *     call line    slot FAR_SLOT_BATCH; argument[0] how many, [1] bytes of the area that they take, [2] FAR_BATCH_…
 *     area         entry │ its memory │ entry │ its memory │ …
 *     reply line   status of the message as such; result: how many entries the host is done with
 *
 * An entry is a call line and a reply line of its own. Its memory begins with a struct far_wide if the operation has
 * parameters there (FAR_PLAN_WIDE); behind that lies what an ordinary call has in the area. The client says how much memory an
 * entry has, so that what comes back has room; where it lies follows from those before it.
 *
 * The host says of each entry that it begins with it, and that it has answered it. So a client knows after the host's death
 * which calls were made, which were not, and which one nobody knows of. A host that another takes over from may stop
 * between two entries: the client sends the others again, to the other one.
 *
 * Each call counts: the message's sequence number is as far on as it has entries.
 */
#ifndef FARCALL_BATCH_H
#define FARCALL_BATCH_H

#include "runtime/astack.h"

/* call.slot. Not within another batch, nor from a callback: FAR_CALL_BAD_SLOT. */
#define FAR_SLOT_BATCH (UINT32_MAX - 1)

/* After the first call that fails, none is begun. The public flag has this number too. */
#define FAR_BATCH_LINKED 1u

#define FAR_BATCH_STATES(X)                        \
    X(WAITS) /* not begun. The client writes it */ \
    X(BEGUN)                                       \
    X(ANSWERED)

enum far_batch_state {
#define X(NAME) FAR_BATCH_##NAME,
    FAR_BATCH_STATES(X)
#undef X
};

struct far_batch_call { /* client writes */
    uint32_t slot;
    uint32_t withdrawn; /* 1: nobody wants it any more. If it has not begun it never does */
    uint64_t room;      /* bytes of memory behind the entry, a multiple of FAR_ASTACK_LINE */
    uint64_t argument[FAR_ASTACK_REGISTERS];
} __attribute__((aligned(FAR_ASTACK_LINE)));

struct far_batch_reply { /* host writes */
    uint32_t state;      /* enum far_batch_state; written last */
    uint32_t status;     /* enum far_call_status */
    uint64_t result;
    uint64_t float_result;
    int32_t error; /* the operation's errno */
    uint32_t reserved;
} __attribute__((aligned(FAR_ASTACK_LINE)));

struct far_batch_entry {
    struct far_batch_call call;
    struct far_batch_reply reply;
};

_Static_assert(sizeof(struct far_batch_entry) == 2 * FAR_ASTACK_LINE, "two lines");
_Static_assert(sizeof(struct far_wide) % FAR_ASTACK_LINE == 0, "what follows it is aligned");

#endif
