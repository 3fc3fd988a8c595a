/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The pku gate's assembly as C sees it. */
#ifndef FARCALL_PKU_GATE_H
#define FARCALL_PKU_GATE_H

#include "runtime/pku/layout.h"

#include <stddef.h>
#include <stdint.h>

#define PKU_HIDDEN __attribute__((visibility("hidden")))

/* At %fs while a domain runs. Compilers know two words of a thread by their place: itself, and the stack's guard. */
struct pku_thread {
    void *self;
    uint64_t unused;
    void *self_again;
    uint64_t unused_too;
    uint64_t leaving; /* PKU_CONTROL_LEAVING again */
    uint64_t canary;
    uint64_t reserved[2];
    int error; /* errno */
};

struct pku_control {
    uint32_t rights;
    uint32_t leaving;
    uint64_t stack;
    uint64_t area;
    uint64_t entries;
    uint32_t slot_count;
    uint32_t vectors;
    uint8_t unused[PKU_CONTROL_THREAD - 40];
    struct pku_thread thread;
};

/* One page each key, which has that key: the gate finds it by the rights alone, and can always read it then. */
union pku_control_page {
    struct pku_control control;
    uint8_t bytes[PKU_CONTROL_SIZE];
};
extern union pku_control_page far_pku_control[PKU_KEYS] PKU_HIDDEN;

/* Of the one thread of the process that is in a domain. Whoever has pku_take()n the domains may write it. */
struct pku_state {
    uint32_t running;
    uint32_t signal;  /* what ended the call; 0: it returned */
    uint32_t rights;  /* PKRU of a thread that uses domains, outside of them */
    uint32_t vectors; /* 0 xmm, 1 ymm, 2 zmm */
    uint64_t stack;
    uint64_t fs;
    uint64_t gs;
    uint64_t signal_stack;
    uint8_t *selector; /* 1: no system calls of this thread; see system_calls.h */
    uint64_t result;
    uint64_t float_result;
    uint32_t error;
};
extern struct pku_state far_pku_state PKU_HIDDEN;

struct pku_arguments {
    uint64_t integer[6];
    uint64_t floats[8];
    uint64_t
        ticket; /* 1: its caller wants it to be entered, once. Another domain could jump to the way in, but not write this */
    uint64_t stack_count;
    uint64_t stack[PKU_STACK_WORDS];
};

/* Enter the domain that has these rights at slot `slot` with what lies in its area. On return the state says how it ended. */
void far_pku_enter(uint32_t rights, uint64_t slot);
/* The way out, for code in a domain that has no caller to return to. Never returns. */
void far_pku_leave(void);
/* The kernel's handler of all faults. Those that are no domain's go to far_pku_other_fault. */
void far_pku_on_fault(int number, void *info, void *context);
void far_pku_other_fault(int number, void *info, void *context) PKU_HIDDEN;

/* The three bytes in this process that may write PKRU; sweep.c knows them. */
extern const char far_pku_site_enter[] PKU_HIDDEN, far_pku_site_leave[] PKU_HIDDEN;
extern const char far_pku_restore_begin[] PKU_HIDDEN, far_pku_restore_end[] PKU_HIDDEN;

#define PKU_SAME(type, member, place) _Static_assert(offsetof(type, member) == (place), "shared with gate_pku_x86_64.S")
PKU_SAME(struct pku_control, rights, PKU_CONTROL_RIGHTS);
PKU_SAME(struct pku_control, leaving, PKU_CONTROL_LEAVING);
PKU_SAME(struct pku_control, stack, PKU_CONTROL_STACK);
PKU_SAME(struct pku_control, area, PKU_CONTROL_AREA);
PKU_SAME(struct pku_control, entries, PKU_CONTROL_ENTRIES);
PKU_SAME(struct pku_control, slot_count, PKU_CONTROL_SLOT_COUNT);
PKU_SAME(struct pku_control, vectors, PKU_CONTROL_VECTORS);
PKU_SAME(struct pku_control, thread, PKU_CONTROL_THREAD);
PKU_SAME(struct pku_thread, leaving, PKU_THREAD_LEAVING);
PKU_SAME(struct pku_thread, canary, PKU_THREAD_CANARY);
PKU_SAME(struct pku_thread, error, PKU_THREAD_ERRNO);
PKU_SAME(struct pku_state, running, PKU_STATE_RUNNING);
PKU_SAME(struct pku_state, signal, PKU_STATE_SIGNAL);
PKU_SAME(struct pku_state, rights, PKU_STATE_RIGHTS);
PKU_SAME(struct pku_state, vectors, PKU_STATE_VECTORS);
PKU_SAME(struct pku_state, stack, PKU_STATE_STACK);
PKU_SAME(struct pku_state, fs, PKU_STATE_FS);
PKU_SAME(struct pku_state, gs, PKU_STATE_GS);
PKU_SAME(struct pku_state, signal_stack, PKU_STATE_SIGNAL_STACK);
PKU_SAME(struct pku_state, selector, PKU_STATE_SELECTOR);
PKU_SAME(struct pku_state, result, PKU_STATE_RESULT);
PKU_SAME(struct pku_state, float_result, PKU_STATE_FLOAT_RESULT);
PKU_SAME(struct pku_state, error, PKU_STATE_ERROR);
PKU_SAME(struct pku_arguments, integer, PKU_ARGUMENT_INTEGERS);
PKU_SAME(struct pku_arguments, floats, PKU_ARGUMENT_FLOATS);
PKU_SAME(struct pku_arguments, ticket, PKU_ARGUMENT_TICKET);
PKU_SAME(struct pku_arguments, stack_count, PKU_ARGUMENT_COUNT);
PKU_SAME(struct pku_arguments, stack, PKU_ARGUMENT_STACK);
_Static_assert(sizeof(union pku_control_page) == PKU_CONTROL_SIZE, "a page");

#endif
