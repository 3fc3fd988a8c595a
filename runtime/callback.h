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

/* The words that stand for functions: above all marks (addresses that stand for something, SIG_DFL), below all else. */
#define FAR_FUNCTION_FIRST 0x10000u
#define FAR_FUNCTION_LAST  0x1ffffu

/* Calls in callbacks in calls, of all services together, on one thread. */
#define FAR_CALLS_NESTED 64

struct far_callback_head {
    uint32_t function; /* as the client numbers it */
    uint32_t callback; /* index of the record's: what it takes and returns */
    uint64_t reserved;
    uint64_t line[FAR_PARAM_MAX];
};

_Static_assert(sizeof(struct far_callback_head) % FAR_ASTACK_ALIGN == 0, "what follows it is aligned");

#endif
