/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A domain's inside, for the files of this gate. */
#ifndef FARCALL_PKU_DOMAIN_H
#define FARCALL_PKU_DOMAIN_H

#include "runtime/pku/keys.h"

#define PKU_STACK_SIZE  0x80000 /* bytes */
#define PKU_STACK_GUARD 0x10000 /* bytes that nobody may touch, below the stack */

struct pku_domain {
    struct pku_keyed keyed;
    struct pku_arguments *area; /* as the caller's code sees it */
    uint64_t area_inside;       /* the same memory, as the domain sees it */
    uint64_t area_size;
    uint64_t signal_stack;
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
    int taken; /* a thread is in a domain, or about to be */
};
extern struct pku_process pku_process PKU_HIDDEN;

/* Memory that both see, the caller at *outside with key 0, domains at *inside with whatever key it gets. 0 or -errno. */
int pku_map_twice(uint64_t size, void **outside, void **inside);

/* In the child after fork: its calls go elsewhere. */
void pku_after_fork(void);

/* system_calls.c: this thread is fit to enter domains. */
bool pku_thread_prepare(void);
void pku_calls_forbid(void);
void pku_calls_allow(void);

#endif
