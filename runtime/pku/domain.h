/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A domain's inside, for the files of this gate. */
#ifndef FARCALL_PKU_DOMAIN_H
#define FARCALL_PKU_DOMAIN_H

#include "runtime/pku/keys.h"

#define PKU_STACK_SIZE  0x80000 /* bytes */
#define PKU_STACK_GUARD 0x10000 /* bytes that nobody may touch, below the stack */

struct pku_domain {
    struct pku_keyed keyed;
    struct pku_context context[PKU_CONTEXTS]; /* as many as the control page says, and none is ever taken back */
    uint64_t area_size;
    uint64_t inside; /* as in the plan */
    uint64_t canary;
    bool locks;
    bool broken;
    const struct pku_domain *next; /* of all there are */
};

/* The process's: what pku_start() has made. */
struct pku_process {
    int started;                                     /* 0: not yet; 1: yes; -errno: no, and why */
    char why[sizeof(((struct far_error *)0)->text)]; /* -errno: what it was */
    bool forked;                                     /* a child of fork: domains are its parent's */
    bool unsafe_code;                                /* code was loaded that cannot be had beside a domain */
    uint8_t *selector_inside;
    const struct pku_domain *domains;
    int taken; /* a thread is in a domain, or about to be; 2: and another waits for that */
};
extern struct pku_process pku_process PKU_HIDDEN;

/* Memory that both see, the caller at *outside with key 0, domains at *inside with whatever key it gets. 0 or -errno. */
int pku_map_twice(uint64_t size, void **outside, void **inside);
/* One more context. With the domains taken. 0 or -errno. */
int pku_context_make(struct pku_domain *domain);

/* The process's one right to be in a domain. With signals held: who waits for it must not wait for itself. */
bool pku_take(bool waits);
void pku_release(void);

/* In the child after fork: its calls go elsewhere. */
void pku_after_fork(void);

/* system_calls.c: this thread is fit to enter domains. */
bool pku_thread_prepare(void);
void pku_calls_forbid(void);
void pku_calls_allow(void);

/* locks.c: mutexes that the thread holds in a domain are let go by the kernel if it dies there, as those of the C library. */
void pku_locks_begin(const struct pku_domain *domain, const struct pku_context *context);
void pku_locks_end(const struct pku_domain *domain);
/* The same for a call that has ended as no call should. With the domains taken, and the domain's memory opened. */
void pku_locks_abandon(const struct pku_domain *domain, const struct pku_context *context);

/* asks.c. Open a domain's memory to this thread, and shut it again: with the domains taken. */
void pku_open(struct pku_domain *domain);
void pku_shut(void);
/* What was asked, with the words as they were read once. true: with the domain's memory opened, as it may take long. */
bool pku_asks_for_memory(uint32_t asked);
int64_t pku_answer(const struct pku_domain *domain, struct pku_arguments *area, uint32_t asked);
/* Does the domain write there? */
bool pku_writes(const struct pku_domain *domain, uint64_t address, uint64_t size);

#endif
