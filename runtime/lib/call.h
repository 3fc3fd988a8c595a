/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The pieces of a call through the process gate, client side. */
#ifndef FARCALL_CALL_H
#define FARCALL_CALL_H

#include "runtime/lib/channel.h"
#include "runtime/lib/gate.h"

#define FAR_REASON_LIE \
    "the host's answer cannot be right: to another call, or a pointer to memory that is not the service's"

/* Publish what lies in the A-stack and wait. 0, or EHOSTDOWN, ETIMEDOUT, ERESTART: then the channel must be closed. After
 * ERESTART the call has not been served, and may be made again on a new channel. */
int call_run(struct far_channel *channel, const struct far_plan *plan);

/* Result and errno from the reply line, each read once. Leaves errno alone if the operation did not set it. False if the
 * result is a lie: a pointer to something else than the service's own memory. */
bool call_take_result(struct far_frame *frame, const struct far_binding *binding, const struct far_plan *plan,
                      const struct far_reply_line *reply);

/*
 * A whole call of any kind: open the channel if need be, parameters in, call, parameters out, result. 0; an
 * enum far_call_status > 0; or -errno and *error. The channel is closed where it is no use any more.
 */
int call_by_plan(struct far_frame *frame, struct far_binding *binding, const struct far_plan *plan,
                 struct far_channel *channel, struct far_error *error);

#endif
