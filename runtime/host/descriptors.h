/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Descriptors of a worker's calls (far_fd; runtime/lib/descriptors.h). An operation has what it is passed until it returns;
 * what it gives is the client's, and closed here when it is on its way. Of a client's function's the other way round: it
 * has what it is passed until it returns, and what it gives is the service's.
 *
 * They are counted by user: those that operations have, those that a client has not yet read, and the sockets. Nobody
 * can leave the host without room for others, nor fill what the kernel lets a user have on the way.
 */
#ifndef FARCALL_HOST_DESCRIPTORS_H
#define FARCALL_HOST_DESCRIPTORS_H

#include "runtime/host/host.h"
#include "runtime/walk/walk.h"

/* A host whose service writes to its clients' pipes is not ended by one that nobody reads. */
void descriptors_prepare(const struct host *host);

/* The socket is the worker's from here on, if it has room. 0, or -errno and it is the caller's. */
int descriptors_begin(struct worker *worker, int socket);
void descriptors_end(struct worker *worker);
/* From here on nothing of it reaches the client. From any thread, while the worker is listed. */
void descriptors_cut_off(const struct worker *worker);

/* What the next walk finds coming. lends: for the time of a call; descriptors_return() with what this says ends that. */
uint32_t descriptors_expect(struct worker *worker, bool lends);
void descriptors_return(struct worker *worker, uint32_t mark);
/* What was given and nobody has named. believed false: nobody has. After a walk that did not lend. */
void descriptors_settle(struct worker *worker, bool believed);
/* A call came to nothing: what came along is not for the next one. */
void descriptors_forget(struct worker *worker);

/* What goes with the message that is about to be published. given: it is ours no more. An enum far_call_status. */
unsigned descriptors_go(struct worker *worker, bool given);
/* The answer cannot be sent: what was given is closed. */
void descriptors_stay(struct worker *worker);

/* walk_hooks */
unsigned descriptor_out(void *worker, const struct walk *walk, int descriptor, uint32_t *word);
unsigned descriptor_in(void *worker, const struct walk *walk, uint32_t word, int *descriptor);
void descriptor_drop(void *worker, int descriptor);

#endif
