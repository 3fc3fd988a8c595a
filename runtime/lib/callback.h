/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Callbacks, client side: running functions of ours for a service that we wait for (runtime/callback.h). */
#ifndef FARCALL_LIB_CALLBACK_H
#define FARCALL_LIB_CALLBACK_H

#include "runtime/lib/channel.h"
#include "runtime/lib/plan.h"

/*
 * The reply that lies in the channel asks for a function of ours: run it, answer, and wait again, until a reply ends the call.
 * As call_run: 0; EHOSTDOWN, ETIMEDOUT, EPROTO … and then the channel is no use any more, or is closed already.
 */
int callbacks_serve(struct far_channel *channel, struct far_binding *binding, uint32_t deadline_ms);

/* The function that is asked for, and any other until the call is over, refuses. 0, or as callbacks_serve(). */
int callbacks_refuse(struct far_channel *channel);

/* walk_hooks: the word that stands for a function of ours. An enum far_call_status. */
unsigned callback_word(struct far_binding *binding, const struct far_iface *iface, uint64_t address,
                       const struct far_callback *callback, uint64_t *word);

/* Does the reply that lies in the channel ask for that? */
bool callback_is_asked(const struct far_channel *channel);

#endif
