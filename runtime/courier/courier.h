/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A courier: an ordinary client that makes the queued calls of one user and service, the oldest first, and says before and
 * after each what is becoming of it. Whether a call was begun is decided by what fard has on its disk, not by what it remembers.
 */
#ifndef FARCALL_COURIER_H
#define FARCALL_COURIER_H

#include "runtime/lib/promise.h"
#include "runtime/queue.h"

/* A call as fard handed it over. */
struct courier_call {
    uint64_t ticket;
    struct far_queue_call call;
    char memory[FAR_QUEUE_BYTES_MAX];
};

/* The service that it is for; bound once it can be. */
struct courier_service {
    struct far_binding *binding;
};

/* What came of an attempt. Of AWAY and of FAILED, *error says why. */
enum courier_outcome {
    COURIER_READY, /* ready_to_make(): the way is open */
    COURIER_AWAY,  /* nothing has left this process; the service cannot be reached now */
    COURIER_FAILED /* and never will with this call */
};

/* make.c: is there a way to the operation, with a connection to its host? */
enum courier_outcome ready_to_make(struct courier_service *service, const struct courier_call *call,
                                   struct far_error *error);
/* Make it: once this is called the operation may have been executed, whatever mark it makes. */
void make_call(const struct courier_service *service, struct courier_call *call, struct far_queue_mark *mark);

#endif
