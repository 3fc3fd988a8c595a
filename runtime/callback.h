/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Callbacks: a function of the client's that the service calls, on the thread of the client's that waits for the service (as
 * Binder does), in the same A-stack. A call is a row of messages in turns:
 *
 *     client                                       host's worker
 *     call line: an operation's slot     ────►     calls it; it calls one of the client's functions
 *     runs that function                 ◄────     reply line: status FAR_STATUS_CALLBACK, result: where the head lies
 *     call line: slot FAR_SLOT_ANSWER    ────►     goes on in the operation
 *     has its result                     ◄────     reply line: any other status
 *
 * Each message has the next sequence number, so waiting is what it was (testsuite/model/astack.pml). While the client runs
 * its function, the worker waits in the middle of the operation: a call of the same service from there is a message
 * with an operation's slot, which the same worker serves, deeper on its stack. So locks that belong to a thread are that
 * thread's, and recursion goes as deep as FAR_CALLS_NESTED.
 *
 * What does not fit behind the head comes in pieces, in the same place, each as large as there is room:
 *
 *     call line: slot FAR_SLOT_MORE      ────►
 *     takes the next piece               ◄────     reply line: status FAR_STATUS_PIECE
 *
 * The client has all of it in memory of its own before it looks at it. Nothing comes back that way.
 *
 * The area is a stack: a message's parameters lie behind those of the messages that it is nested in. Both sides know where
 * that is; neither believes the other. A function's number is one that the client has given (runtime/lib/function.h).
 */
#ifndef FARCALL_CALLBACK_H
#define FARCALL_CALLBACK_H

#include "runtime/astack.h"
#include "runtime/iface.h"

/* call.slot: no call, but what the client's function returned: argument[0] its result, [1] an enum far_call_status, [2]
 * its errno. */
#define FAR_SLOT_ANSWER UINT32_MAX

/* reply.status: no end of the call. result: byte of the area where struct far_callback_head lies, a multiple of 16. */
#define FAR_STATUS_CALLBACK 0x100u

#define FAR_SLOT_MORE    (UINT32_MAX - 1)
#define FAR_STATUS_PIECE 0x101u

/* What a function is given takes at most so much; and comes in pieces only where one may be as large as that. */
#define FAR_CALLBACK_BYTES_MAX   (256u << 20)
#define FAR_CALLBACK_PIECE_LEAST 4096

/* The words that stand for functions: above all marks (addresses that stand for something, SIG_DFL), below all else. */
#define FAR_FUNCTION_FIRST 0x10000u
#define FAR_FUNCTION_LAST  0x1ffffu

/*
 * The words that stand for functions of the service's, which are also the slots by which a client calls them: FAR_GIVEN_FIRST,
 * the host's generation, the function's number from 1 on.
 */
#define FAR_GIVEN_FIRST       0x80000000u
#define FAR_GIVEN_LAST        0xbfffffffu
#define FAR_GIVEN_SHIFT       16
#define FAR_GIVEN_GENERATIONS 0x3fffu
#define FAR_GIVEN_MAX         4096 /* of one service */

/* Calls in callbacks in calls, of all services together, on one thread. */
#define FAR_CALLS_NESTED 64

struct far_callback_head {
    uint16_t function; /* as the client numbers it */
    uint16_t
        back; /* a bit for each opaque parameter whose word is the number of memory that the service keeps of the client's */
    uint32_t callback; /* index of the record's: what it takes and returns */
    uint64_t bytes;    /* of what it is given, behind this. More than there is room for: the first piece of it */
    uint64_t line[FAR_PARAM_MAX];
};

_Static_assert(FAR_PARAM_MAX <= 16, "each parameter has a bit");
_Static_assert(FAR_FUNCTION_LAST - FAR_FUNCTION_FIRST <= UINT16_MAX, "each function has a number");
_Static_assert(sizeof(struct far_callback_head) % FAR_ASTACK_ALIGN == 0, "what follows it is aligned");

#endif
