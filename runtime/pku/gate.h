/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The pku gate's assembly as C sees it. */
#ifndef FARCALL_PKU_GATE_H
#define FARCALL_PKU_GATE_H

#include "runtime/pku/layout.h"

#include <stddef.h>
#include <stdint.h>

#define PKU_HIDDEN __attribute__((visibility("hidden")))

struct pku_inside;
struct pku_arguments;

/* As the kernel knows it: struct robust_list_head. */
struct pku_robust {
    void *first; /* itself: none */
    int64_t to_word;
    void *pending;
};

#define PKU_ROBUST_TO_WORD (-32) /* from a pthread_mutex_t's link to its word */

/* At %fs while a domain runs. Compilers know two words of a thread by their place: itself, and the stack's guard. */
struct pku_thread {
    void *self;
    uint64_t unused;
    void *self_again;
    uint64_t unused_too;
    uint64_t leaving; /* the caller's rights, which it asks for when it leaves */
    uint64_t canary;
    uint64_t reserved[2];
    int error; /* errno */
    uint32_t reserved_too;
    uint64_t asking;
    struct pku_arguments *area;
    struct pku_inside *inside; /* the domain's; NULL: it has none */
    struct pku_robust robust;  /* mutexes that this call has locked */
    uint64_t memory[8];        /* struct walk_memory of its calls */
    uint64_t answers[8];       /* the same, of what the caller's functions return */
};

/* What one call in a domain has for itself: addresses in memory of the domain's. */
struct pku_place {
    uint64_t stack; /* its end */
    uint64_t area;
    uint64_t thread;
    uint64_t unused;
};

struct pku_control {
    uint32_t rights;
    uint32_t vectors;
    uint64_t entries;
    uint32_t slot_count;
    uint32_t context_count;
    uint64_t unused;
    struct pku_place place[PKU_CONTEXTS];
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
    uint32_t opening; /* 1: far_pku_set_rights() is at work, and nobody is in a domain */
    uint32_t opened;  /* what it sets */
};
extern struct pku_state far_pku_state PKU_HIDDEN;

/* What code in a domain asks of who called it: the words mean what runtime/pku/asks.c says. 0: nothing, it has returned. */
enum pku_asked {
    PKU_ASKED_NOTHING,
    PKU_ASKED_WAIT,
    PKU_ASKED_WAKE,
    PKU_ASKED_TIME,
    PKU_ASKED_RANDOM,
    PKU_ASKED_CALL_BACK,
    PKU_ASKED_END
};
#define PKU_ASKED_WORDS 6
#define PKU_ASKED_TEXT  64

/* A call that leads to more than plain bytes, as both sides write it down (inside/serve.c). */
struct pku_walked {
    uint64_t slot;
    uint64_t line[16]; /* parameters as they cross; what they lead to lies behind struct pku_arguments */
    uint64_t end;      /* bytes of that in use */
    uint64_t result;
    uint64_t float_result;
    uint32_t status; /* enum far_call_status */
    uint32_t error;
};

struct pku_arguments {
    uint64_t integer[6];
    uint64_t floats[8];
    uint64_t
        ticket; /* 1: its caller wants it to be entered, once. Another domain could jump to the way in, but not write this */
    uint64_t stack_count;
    uint64_t stack[PKU_STACK_WORDS];
    uint32_t thread; /* the kernel's number of it */
    uint32_t asked;  /* enum pku_asked */
    uint64_t word[PKU_ASKED_WORDS];
    int64_t answer;
    char text[PKU_ASKED_TEXT];
    struct pku_walked walked;
} __attribute__((aligned(16)));

/*
 * Enter the domain that has these rights at slot `slot` with what lies in the area of its context. On return the state says how
 * it ended: a function that asks for something has not.
 */
void far_pku_enter(uint32_t rights, uint64_t slot, uint64_t context);
/* For code in a domain: leave, and go on behind this when it is entered at PKU_SLOT_GO_ON. */
void far_pku_ask(void);
/* This thread's rights, outside of domains: state.opened, which must be `rights`, while state.opening is 1. */
void far_pku_set_rights(uint32_t rights);
/* The way out, for code in a domain that has no caller to return to. Never returns. */
void far_pku_leave(void);
/* The kernel's handler of all faults. Those that are no domain's go to far_pku_other_fault. */
void far_pku_on_fault(int number, void *info, void *context);
void far_pku_other_fault(int number, void *info, void *context) PKU_HIDDEN;

/* The three places in this process that may write PKRU; sweep.c knows them. */
extern const char far_pku_site_enter[] PKU_HIDDEN, far_pku_site_leave[] PKU_HIDDEN, far_pku_site_set[] PKU_HIDDEN;
extern const char far_pku_restore_begin[] PKU_HIDDEN, far_pku_restore_end[] PKU_HIDDEN;

#define PKU_SAME(type, member, place) _Static_assert(offsetof(type, member) == (place), "shared with gate_pku_x86_64.S")
PKU_SAME(struct pku_control, rights, PKU_CONTROL_RIGHTS);
PKU_SAME(struct pku_control, vectors, PKU_CONTROL_VECTORS);
PKU_SAME(struct pku_control, entries, PKU_CONTROL_ENTRIES);
PKU_SAME(struct pku_control, slot_count, PKU_CONTROL_SLOT_COUNT);
PKU_SAME(struct pku_control, context_count, PKU_CONTROL_CONTEXT_COUNT);
PKU_SAME(struct pku_control, place, PKU_CONTROL_CONTEXTS);
PKU_SAME(struct pku_place, stack, PKU_PLACE_STACK);
PKU_SAME(struct pku_place, area, PKU_PLACE_AREA);
PKU_SAME(struct pku_place, thread, PKU_PLACE_THREAD);
_Static_assert(sizeof(struct pku_place) == 1 << PKU_PLACE_SHIFT, "shared with gate_pku_x86_64.S");
PKU_SAME(struct pku_thread, leaving, PKU_THREAD_LEAVING);
PKU_SAME(struct pku_thread, canary, PKU_THREAD_CANARY);
PKU_SAME(struct pku_thread, error, PKU_THREAD_ERRNO);
PKU_SAME(struct pku_thread, asking, PKU_THREAD_ASKING);
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
PKU_SAME(struct pku_state, opening, PKU_STATE_OPENING);
PKU_SAME(struct pku_state, opened, PKU_STATE_OPENED);
PKU_SAME(struct pku_arguments, integer, PKU_ARGUMENT_INTEGERS);
PKU_SAME(struct pku_arguments, floats, PKU_ARGUMENT_FLOATS);
PKU_SAME(struct pku_arguments, ticket, PKU_ARGUMENT_TICKET);
PKU_SAME(struct pku_arguments, stack_count, PKU_ARGUMENT_COUNT);
PKU_SAME(struct pku_arguments, stack, PKU_ARGUMENT_STACK);
_Static_assert(sizeof(union pku_control_page) == PKU_CONTROL_SIZE, "a page");

#endif
