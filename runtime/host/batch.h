/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A batch of calls, host side (runtime/batch.h). */
#ifndef FARCALL_HOST_BATCH_H
#define FARCALL_HOST_BATCH_H

#include "runtime/host/host.h"

/* The call line says FAR_SLOT_BATCH. DONE, and the reply line is written; or why nothing of it was looked at. */
unsigned serve_batch(struct worker *worker);

#endif
