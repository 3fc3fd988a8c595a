/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The history of calls, as clients note it: a file for each thread, FOLDER/calls-CLIENT-THREAD, mapped and shared, so that what was
 * noted is there when the client is killed. FOLDER/executed is what the service has (struct executed), read after all has ended.
 * FOLDER/killed-CLIENT: that client was ended by whoever disturbs; a call of its may have no end.
 */
#ifndef HISTORY_H
#define HISTORY_H

#include <stdint.h>

/* Operation, has its call to be executed at most once, has it a deadline of its own */
#define HISTORY_OPERATIONS(X) \
    X(ADD, 1, 0)              \
    X(PROMISE, 1, 0)          \
    X(TEXT, 1, 0)             \
    X(SLOWLY, 1, 1)           \
    X(ASKING, 1, 0)           \
    X(UNANSWERED, 1, 0)       \
    X(PEEK, 0, 0)
enum history_operation {
    HISTORY_NONE,
#define X(NAME, once, deadline) HISTORY_##NAME,
    HISTORY_OPERATIONS(X)
#undef X
        HISTORY_OPERATION_COUNT,
    HISTORY_END = 100 /* the thread ended in order */
};

enum history_state { HISTORY_BEGUN = 1, HISTORY_ANSWERED, HISTORY_FAILED };

struct history_call {
    uint64_t id;          /* of the call; PEEK: whose place was asked for */
    uint32_t operation;   /* enum history_operation */
    uint32_t state;       /* enum history_state */
    int64_t begun, ended; /* CLOCK_MONOTONIC, nanoseconds */
    int64_t amount, result;
    int32_t error;  /* errno */
    uint32_t asked; /* how often the service has called back */
    uint32_t wrong; /* what the client itself can tell: another's receipt, another's number in a callback */
    uint32_t zero;
};
_Static_assert(sizeof(struct history_call) == 64, "history");
#define HISTORY_CALLS_MAX (1u << 17) /* of a thread */

struct executed {
    uint64_t id;
    int64_t amount;
    int64_t place;
};

#endif
