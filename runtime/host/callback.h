/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Callbacks, host side: calling functions of the client that is being served (runtime/callback.h). */
#ifndef FARCALL_HOST_CALLBACK_H
#define FARCALL_HOST_CALLBACK_H

#include "runtime/host/host.h"
#include "runtime/walk/walk.h"

/* From here on this thread serves that worker's client; NULL: nobody's. Thunks called on it lead there. */
void callbacks_of(struct worker *worker);

/* The call is over for which handles were held. */
void callbacks_let_go(struct worker *worker);

/* walk_hooks: a word that a client sent becomes a thunk. An enum far_call_status. */
unsigned callback_in(void *worker, const struct walk *walk, uint64_t word, const struct far_callback *callback,
                     uint64_t *address);

/* How many calls of clients' functions came to nothing: no client was being served, it had gone, or it refused. */
uint64_t callbacks_lost(void);

#endif
