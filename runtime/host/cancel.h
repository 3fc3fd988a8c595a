/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * far_cancelled(), as a service hears it: the call that this thread serves has nobody waiting for it any more. A client that
 * gives up closes the call's channel, so no word is needed that says so; and a deadline that the interface states is
 * known here too, whatever its client is doing.
 */
#ifndef FARCALL_HOST_CANCEL_H
#define FARCALL_HOST_CANCEL_H

#include "runtime/host/host.h"

/* The client gives up first, and closes the channel: this is for one that does not look. */
#define CANCEL_LATER_MS 100

/* Whose thread this is. */
void cancel_of(struct worker *worker);
/* A call begins whose operation has a deadline; what was said for the one it is nested in is given back by cancel_end(). */
struct worker_deadline cancel_begin(struct worker *worker, uint32_t deadline_ms);
void cancel_end(struct worker *worker, struct worker_deadline outer);

int cancel_is_wished(void);

#endif
