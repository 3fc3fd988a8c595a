/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What a caller sees of a call that could not complete: its far_fails value, or the failure handler. */
#ifndef FARCALL_FAILURE_H
#define FARCALL_FAILURE_H

#include "runtime/lib/gate.h"

#include <farcall/farcall.h>

/* Sets errno and the frame's result as the operation's declaration says; may not return (the handler's choice). */
void call_fails(struct far_frame *frame, const struct far_binding *binding, const struct far_plan *plan, int error,
                const char *reason);

/*
 * The same for a call that never had a frame or a record: returns *value, or zero after the handler if value is NULL, with
 * errno set.
 */
uint64_t operation_fails(const struct far_failure *failure, const uint64_t *value);

/* errno and reason for enum far_call_status; a status nobody knows is a broken host's. */
int call_status_error(uint32_t status, const char **reason);

#endif
