/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The A-stack: memory shared by one client thread and the host's worker for it (Bershad et al., LRPC, 1990), made by fard
 * as a memfd sealed against shrinking and growing. Neither side believes the other: what is read from here is read once,
 * into private memory, and checked there.
 *
 * A call costs two cache-line transfers: the client writes one line (arguments, slot, then the sequence number) and the
 * host answers in another (results, then the same sequence number). The sequence words are the futexes.
 *
 *     line 0   written by the client    line 1   written by the host    line 2   written by fard alone
 *     FAR_ASTACK_WIDE   floating-point and stack arguments              FAR_ASTACK_AREA … size   by-reference parameters
 *
 * Who sleeps says so before it looks a last time (store, full fence, load), so that a wake-up is never lost:
 *     client: call.sequence := n (seq_cst); if (reply.sleeping) futex_wake(&call.sequence)
 *     host:   sleeping := 1; fence; if (call.sequence unchanged) futex_wait(&call.sequence, old); sleeping := 0
 * and the same the other way round. testsuite/model/astack.pml is this protocol's Spin model.
 *
 * By-reference parameters lie in the area in parameter order, each at the next multiple of FAR_ASTACK_ALIGN; both sides
 * work the places out from sizes, so no offset is ever believed. A size that depends on another parameter's memory
 * (*destLen) is worked out after that parameter was copied: parameters whose size needs no DEREF are placed first, then
 * the others, each group in parameter order.
 */
#ifndef FARCALL_ASTACK_H
#define FARCALL_ASTACK_H

#include <stdint.h>

#define FAR_ASTACK_LINE      64
#define FAR_ASTACK_WIDE      256
#define FAR_ASTACK_AREA      4096
#define FAR_ASTACK_ALIGN     16
#define FAR_ASTACK_DEFAULT   (1u << 20) /* bytes; a call that needs more opens a larger one */
#define FAR_ASTACK_MAX       (1ull << 30)
#define FAR_ASTACK_REGISTERS 6 /* integer arguments in line 0; the rest in the wide block */
#define FAR_ASTACK_FLOATS    8

/* Written into a sequence word by fard when the other side has died. Sequence numbers never take this value. */
#define FAR_SEQUENCE_DEAD 0xFFFFFFFFu

/* In fate.dead: the client has lost its right; what it called is none of its business any more. */
#define FAR_FATE_REVOKED 4
/*
 * Also in fate.dead: another version of the service has taken over. The next call opens a channel to that; a call that is
 * under way ends where it began. The worker leaves when no call is: it swaps call.sequence from the last one it served to
 * FAR_SEQUENCE_DEAD, then writes reply.served and reply.retired, then reply.sequence. A client that has published a call
 * meanwhile knows by `served` whether it was served; if not it makes it again, on a new channel.
 */
#define FAR_FATE_MOVED 5
/* Also in fate.dead, and by the host: it has no room for this channel, and will not serve it. */
#define FAR_FATE_FULL 6

/* What became of a call (reply.status). */
#define FAR_CALL_STATUSES(X)                                                                                    \
    X(DONE, 0, "done")                                                                                          \
    X(BAD_SLOT, ENOSYS, "no operation has this slot")                                                           \
    X(BAD_ARGUMENT, EFAULT, "a parameter names memory that this client may not access")                         \
    X(BAD_SIZE, EINVAL, "a size is negative, overflows, or is larger than the call carries")                    \
    X(BAD_STRING, EINVAL, "a string is not terminated")                                                         \
    X(BAD_HANDLE, EBADF, "a handle was not given to this client, or was released")                              \
    X(NO_MEMORY, ENOMEM, "the host has no memory for the parameters")                                           \
    X(ABSENT, ENOSYS, "the operation is exported but refuses")                                                  \
    X(NOT_CARRIED, ENOTSUP, "this version's gates do not carry what the operation takes or returns")            \
    X(NOT_SHARED, EFAULT, "memory that the client shares with the service is not mapped in its host")           \
    X(THREW, ECANCELED, "the operation threw an exception, which cannot cross a trap")                          \
    X(JUMPED, ECANCELED, "the operation jumped (longjmp) out of its call, which cannot cross a trap")           \
    X(ENDED_THREAD, ECANCELED, "the operation ended the thread that it ran in (pthread_exit, pthread_cancel)")  \
    X(NOT_GRANTED, EACCES, "the capability that this process is bound by does not name the operation")          \
    X(TOO_MUCH, E2BIG, "what the parameters lead to, or what comes back, is more than a call carries")          \
    X(NOT_KEPT, EBADF, "memory that the service was to keep is unknown to its host, or another call uses it")   \
    X(TOO_DEEP, EBUSY,                                                                                          \
      "calls from callbacks are nested deeper than the stack of the host's thread (--stack) is good for")       \
    X(NOT_BEGUN, ECANCELED, "a call of its batch before it failed, or nobody wanted it any more")               \
    X(HANDLE_IN_USE, EBUSY, "a handle cannot be released while another call uses it")                           \
    X(BAD_DESCRIPTOR, EBADF, "a file descriptor is not open, or did not come with the call")                    \
    X(NO_DESCRIPTORS, EMFILE, "the service's host has no room for more of this user's descriptors (--files)")   \
    X(NOT_GIVEN, EBADF, "a function of the service's was not given to this client, or by a host that has gone") \
    X(HOST_DIED, EHOSTDOWN, "the service's host died; whether the call was executed is not known")

enum far_call_status {
#define X(NAME, error, text) FAR_CALL_##NAME,
    FAR_CALL_STATUSES(X)
#undef X
        FAR_CALL_STATUS_COUNT
};

struct far_call_line { /* client writes */
    uint32_t sequence; /* futex; written last */
    uint32_t slot;
    uint64_t argument
        [FAR_ASTACK_REGISTERS]; /* VALUE, GLOBAL, HANDLE: the value; BUFFER: 1 or 0 for NULL; STRING: bytes with NUL, 0 for NULL */
    uint32_t sleeping;
    uint32_t cpu; /* where the client last ran: who shares its core must not spin */
} __attribute__((aligned(FAR_ASTACK_LINE)));

struct far_reply_line {    /* host writes */
    uint32_t sequence;     /* futex; written last, equal to the call's */
    uint32_t status;       /* enum far_call_status */
    uint64_t result;       /* integer result register */
    uint64_t float_result; /* bits of the SSE result register */
    int32_t error;         /* the operation's errno */
    uint32_t sleeping;
    uint32_t cpu;
    uint32_t served;  /* with `retired`: the last call that was */
    uint32_t retired; /* 1: the worker has left, in order */
    uint32_t reserved[5];
} __attribute__((aligned(FAR_ASTACK_LINE)));

struct far_fate_line { /* fard writes, and the host FAR_FATE_FULL */
    uint32_t dead;     /* 1: host gone, 2: client gone, 3: service unregistered, FAR_FATE_… */
    uint32_t reserved[15];
} __attribute__((aligned(FAR_ASTACK_LINE)));

struct far_wide {
    uint64_t floats[FAR_ASTACK_FLOATS];
    uint64_t more[16]; /* arguments from the seventh on */
};

struct far_astack {
    struct far_call_line call;
    struct far_reply_line reply;
    struct far_fate_line fate;
    struct far_fate_line unused;
    struct far_wide wide;
};

_Static_assert(sizeof(struct far_call_line) == FAR_ASTACK_LINE, "one line");
_Static_assert(sizeof(struct far_reply_line) == FAR_ASTACK_LINE, "one line");
_Static_assert(__builtin_offsetof(struct far_astack, wide) == FAR_ASTACK_WIDE, "layout");
_Static_assert(sizeof(struct far_astack) <= FAR_ASTACK_AREA, "layout");

#endif
