/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The operations of the tests' protection domains, by slot: well behaved ones, then attacks on whoever calls. */
#ifndef FARCALL_TEST_PKU_INSIDE_H
#define FARCALL_TEST_PKU_INSIDE_H

#include <pthread.h>
#include <stdint.h>

#define INSIDE_OPERATIONS(X)        \
    X(inside_add_up)                \
    X(inside_sum_floats)            \
    X(inside_keep)                  \
    X(inside_sum_bytes)             \
    X(inside_fail)                  \
    X(inside_spin)                  \
    X(inside_registers)             \
    X(inside_disturb)               \
    X(inside_guarded)               \
    X(inside_read)                  \
    X(inside_write)                 \
    X(inside_call)                  \
    X(inside_recurse)               \
    X(inside_lose_stack)            \
    X(inside_stack_in_signal_stack) \
    X(inside_lose_fs)               \
    X(inside_divide)                \
    X(inside_breakpoint)            \
    X(inside_no_instruction)        \
    X(inside_call_the_old_way)      \
    X(inside_reenter)               \
    X(inside_jump)                  \
    X(inside_restore)               \
    X(inside_unmask)                \
    X(inside_ask)                   \
    X(inside_lock_and_die)          \
    X(inside_jump_context)

enum inside_slot {
    SLOT_none, /* PKU_SLOT_GO_ON */
#define X(name) SLOT_##name,
    INSIDE_OPERATIONS(X)
#undef X
        SLOT_COUNT
};

#define X(name) extern char name[];
INSIDE_OPERATIONS(X)
#undef X

/* A domain's memory, a page. */
struct inside_data {
    uint64_t kept;
    pthread_mutex_t mutex;
    uint8_t unused[4088 - sizeof(pthread_mutex_t)];
};

#endif
