/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What a caller sees of a call that could not complete: its far_fails value, or the failure handler. */
#ifndef FARCALL_FAILURE_H
#define FARCALL_FAILURE_H

#include "runtime/lib/gate.h"

/* Sets errno and the frame's result as the operation's declaration says; may not return (the handler's choice). */
void call_fails(struct far_frame *frame, const struct far_binding *binding, const struct far_plan *plan, int error,
                const char *reason);

/* errno and reason for enum far_call_status; a status nobody knows is a broken host's. */
int call_status_error(uint32_t status, const char **reason);

#endif
