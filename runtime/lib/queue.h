/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Queued calls, client side (docs/queue.md): a call written down whole, and what is asked about it afterwards. */
#ifndef FARCALL_LIB_QUEUE_H
#define FARCALL_LIB_QUEUE_H

#include "runtime/import.h"
#include "runtime/lib/gate.h"
#include "runtime/queue.h"

/* gate_async_MACHINE.S: what an import library's NAME_queued jumps to. */
void far_queued(void);
/* Its other half. 0 and errno: nothing was queued. */
uint64_t far_queued_call(const struct far_frame *frame, const struct far_import_queued *import, uint32_t index);

/*
 * The call's parameters as QUEUE_PUT carries them, from the frame of a call that this plan is of, into bytes[room]. 0 and
 * *size; E2BIG, EINVAL (a size makes no sense), EFAULT (NULL where there must be memory), ENOTSUP.
 */
int queue_pack(const struct far_plan *plan, const struct far_frame *frame, char *bytes, size_t room, size_t *size);

/*
 * One request on this process's connection, said again if fard was lost while it was asked: it must mean the same twice. Takes the
 * lock. *again: it was said more than once; NULL: nobody wants to know. 0, or -errno and *error.
 */
int queue_ask(enum far_message_type type, const struct iovec *body, int count, struct far_answer *answer, bool *again,
              struct far_error *error);

#endif
