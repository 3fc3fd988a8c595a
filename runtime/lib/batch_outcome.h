/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Between waiting for a batch (batch_drive.c) and what becomes of its calls (batch_answers.c). All with the turn. */
#ifndef FARCALL_LIB_BATCH_OUTCOME_H
#define FARCALL_LIB_BATCH_OUTCOME_H

#include "runtime/lib/batch.h"

enum batch_outcome {
    BATCH_UNDER_WAY,
    BATCH_ASKED, /* a function of ours is called */
    BATCH_ENDED  /* nothing of it may be looked at any more by who has come here */
};

/* A promise that was taken out of its batch: it gets its answer, or why there is none. */
void batch_settle(struct far_promise *promise, int failed);
/* Those that are there. True: there were some. */
bool batch_take_answers(struct far_batch *batch);
/* The message was answered. */
enum batch_outcome batch_end_answered(struct far_batch *batch);
/* The channel is lost: the worker may have left in order. */
enum batch_outcome batch_end_without_answer(struct far_batch *batch);
/* Nobody will answer. */
enum batch_outcome batch_end_lost(struct far_batch *batch, int error);
/* All that have no answer get this error. */
enum batch_outcome batch_end_all(struct far_batch *batch, int error);

#endif
