/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Checks of protection domains, and what they have in common. Each runs in a process of its own and prints what happened. */
#ifndef FARCALL_TEST_PKU_ATTACKS_H
#define FARCALL_TEST_PKU_ATTACKS_H

#include "inside.h"

#include "runtime/pku/domain.h"

/* In the order in which they run: those with a service in a domain, and those of a process that has none yet. */
#define CHECKS(X)                    \
    X(values)                        \
    X(floats)                        \
    X(data)                          \
    X(buffer)                        \
    X(guarded)                       \
    X(error_number)                  \
    X(registers)                     \
    X(disturb)                       \
    X(many_domains)                  \
    X(signals)                       \
    X(scheduled)                     \
    X(forked)                        \
    X(outside_read)                  \
    X(outside_write)                 \
    X(outside_stack)                 \
    X(outside_by_kernel)             \
    X(outside_jump_all_rights)       \
    X(outside_jump_other_rights)     \
    X(outside_jump_no_rights)        \
    X(outside_jump_leave)            \
    X(outside_jump_leave_own_rights) \
    X(outside_other_thread)          \
    X(outside_proc_mem)              \
    X(outside_writev)                \
    X(outside_mprotect)              \
    X(outside_sigreturn)             \
    X(reads_caller)                  \
    X(writes_caller)                 \
    X(writes_caller_stack)           \
    X(writes_state)                  \
    X(writes_selector)               \
    X(reads_selector)                \
    X(reads_code)                    \
    X(calls_write)                   \
    X(calls_mprotect)                \
    X(calls_dispatch_off)            \
    X(calls_sigreturn)               \
    X(calls_writev)                  \
    X(calls_the_old_way)             \
    X(calls_libc)                    \
    X(recurses)                      \
    X(loses_stack)                   \
    X(stack_in_signal_stack)         \
    X(loses_fs)                      \
    X(divides)                       \
    X(breaks)                        \
    X(no_instruction)                \
    X(unmasks)                       \
    X(jumps_enter_all)               \
    X(jumps_enter_other)             \
    X(jumps_enter_none)              \
    X(reenters_reading)              \
    X(reenters)                      \
    X(jumps_leave_none)              \
    X(jumps_leave_start)             \
    X(jumps_leave_all)               \
    X(jumps_leave_more)              \
    X(jumps_leave)                   \
    X(jumps_on_fault)                \
    X(jumps_pkey_set)                \
    X(restores)                      \
    X(jumps_set_all)                 \
    X(jumps_set_own)                 \
    X(jumps_other_context)           \
    X(goes_on_unasked)               \
    X(asks_nonsense)                 \
    X(asks_wait)                     \
    X(asks_wait_outside)             \
    X(asks_wake_outside)             \
    X(asks_time)                     \
    X(asks_nobody)                   \
    X(asks_call_back)                \
    X(asks_call_back_wrong)          \
    X(asks_call_back_deep)           \
    X(asks_signals)                  \
    X(locks_and_dies)                \
    X(stray_library)

#define CHECKS_WITHOUT_SERVICE(X) \
    X(stray_before)               \
    X(stray_restore_before)       \
    X(writable_code_before)

struct service {
    struct pku_domain *domain;
    struct inside_data *data;
};

#define X(name) void name(struct service *service);
CHECKS(X)
CHECKS_WITHOUT_SERVICE(X)
#undef X

extern uint64_t secret; /* the caller's own memory */
extern struct pku_outcome outcome;
extern struct pku_caller *caller; /* of the calls that follow */

_Noreturn void stop(const char *what);
struct service make_service(void);
/* Of a call that begins while there is none. */
struct pku_arguments *area_of(const struct service *service);
uint64_t area_inside(const struct service *service);
enum pku_end call(const struct service *service, enum inside_slot slot, const uint64_t *words, unsigned count);
#define CALL(service, name, ...) \
    call(service, SLOT_##name, (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / 8)

const char *say(enum pku_end end);
/* The caller goes on: its memory, its stack, its thread are as they were, and it can make system calls. */
void still_here(const struct service *service);
void attack(struct service *service, enum pku_end end);

#endif
