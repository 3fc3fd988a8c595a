/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Queued calls (far_queued, docs/queue.md): what is said of them over fard's socket. A client hands a call over and has a
 * ticket; fard keeps it in its store, and has a courier make it (runtime/courier), a process of the same user that is an
 * ordinary client of the service; what comes of it waits in fard's store until somebody claims it.
 */
#ifndef FARCALL_QUEUE_H
#define FARCALL_QUEUE_H

#include "runtime/protocol.h"

#define FAR_QUEUE_NAME_MAX   512    /* bytes of an operation's name, NUL included */
#define FAR_QUEUE_REASON_MAX 256    /* bytes of why there is no result, NUL included */
#define FAR_QUEUE_BYTES_MAX  0xe000 /* bytes of one call's parameters, as they are described below */
#define FAR_QUEUE_PAGE       48u    /* entries in one answer */
#define FAR_QUEUE_TRIES      5      /* how often a call that may be repeated is begun */

/*
 * QUEUE_PUT, and the answer to QUEUE_NEXT behind the ticket. Parameters follow: struct far_queue_param[param_count], then
 * the bytes that they lead to, `bytes` in all. `mark` is the client's: the same call said twice, because fard was lost
 * in between, is one.
 */
struct far_queue_call {
    char service[FAR_SERVICE_MAX];
    char operation[FAR_QUEUE_NAME_MAX];
    uint8_t mark[16];
    uint64_t fingerprint; /* of the operation, as the client was linked against it */
    uint16_t major;
    uint16_t minor;
    uint32_t flags;
    uint32_t param_count;
    uint32_t bytes; /* of all that follows */
};
#define FAR_QUEUE_IDEMPOTENT 1u /* flags: it may be begun again */

/* Of a plain value the word. Of memory: is there any (1), or is it NULL (0); where its bytes are, counted from the first parameter. */
struct far_queue_param {
    uint64_t word;
    uint32_t offset; /* 0: a plain value, or NULL */
    uint32_t size;
};

/*
 * The answer to QUEUE_PUT; the body of DROP, whose answer has none: what waits is not made any more, what has ended is forgotten.
 * EBUSY: it is being made.
 */
struct far_queue_ticket {
    uint64_t ticket;
};

/* QUEUE_LOOK: the one of that number, or (list) those after it. The answer: struct far_queue_entry, as many as there are. */
struct far_queue_look {
    uint64_t ticket;
    uint32_t list;
    uint32_t all; /* 1: everybody's; for managers */
};

struct far_queue_entry {
    uint64_t ticket;
    uint64_t result;   /* as it stands in the result register */
    int64_t queued_at; /* seconds since 1970 */
    uint32_t state;    /* enum far_ticket_state */
    int32_t error;     /* DONE: errno as the operation left it. FAILED, NOT_KNOWN: why */
    uint32_t result_width;
    uint32_t uid;
    uint32_t bytes;
    uint16_t major;
    uint16_t reserved;
    char service[FAR_SERVICE_MAX];
    char operation[FAR_QUEUE_NAME_MAX];
    char reason[FAR_QUEUE_REASON_MAX];
};

/*
 * QUEUE_NEXT, of a courier, without a body: the oldest call that waits where it was sent to; ENODATA: there is none. Nothing
 * changes by it. QUEUE_MARK says what has become of it; the answer comes when that is on the disk.
 */
#define FAR_QUEUE_MARKS(X)                                                                       \
    X(BEGUN)       /* from now on the operation may have been executed */                        \
    X(RETURNED)    /* it was not: nothing has left the courier */                                \
    X(DONE)        /* result, error */                                                           \
    X(FAILED)      /* it was not executed and never will be, or not to its end: error, reason */ \
    X(INTERRUPTED) /* nobody knows whether it was: error, reason. What may be repeated waits again */
enum far_queue_mark_kind {
#define X(NAME) FAR_QUEUE_MARK_##NAME,
    FAR_QUEUE_MARKS(X)
#undef X
        FAR_QUEUE_MARK_COUNT
};

struct far_queue_mark {
    uint64_t ticket;
    uint64_t result;
    uint32_t kind; /* enum far_queue_mark_kind */
    int32_t error;
    uint32_t result_width;
    uint32_t reserved;
    char reason[FAR_QUEUE_REASON_MAX];
};

_Static_assert(sizeof(struct far_queue_call) == 616, "protocol");
_Static_assert(sizeof(struct far_queue_call) + sizeof(struct far_queue_ticket) + FAR_QUEUE_BYTES_MAX +
                       sizeof(struct far_message) <=
                   FAR_MESSAGE_MAX,
               "a call fits in one packet");
_Static_assert(sizeof(struct far_queue_entry) == 880, "protocol");
_Static_assert(sizeof(struct far_queue_entry) * FAR_QUEUE_PAGE + sizeof(struct far_message) <= FAR_MESSAGE_MAX,
               "a page of them fits in one packet");
_Static_assert(sizeof(struct far_queue_mark) == 32 + FAR_QUEUE_REASON_MAX, "protocol");

#endif
