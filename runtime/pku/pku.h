/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Protection domains inside this process, on protection keys: memory that only its own code may reach, and code that may
 * reach nothing else and makes no system calls. docs/pku.md says how, and what that protects and what not.
 *
 * One thread of the process at a time is in a domain; as many calls as a domain has contexts can have begun there, and wait
 * for something outside: a mutex, a function of the caller's.
 */
#ifndef FARCALL_PKU_H
#define FARCALL_PKU_H

#include "runtime/pku/gate.h"
#include "runtime/protocol.h"
#include "runtime/walk/memory.h"

#include <stdbool.h>

/* Memory of a domain: whole pages. */
struct pku_range {
    uint64_t address;
    uint64_t size;
    int protection; /* PROT_…, as it is mapped already */
};

#define PKU_RANGE_MAX 32

/* What a domain is made of. */
struct pku_plan {
    const struct pku_range *range;
    uint32_t range_count;
    const uint64_t *entry; /* functions by slot; 0: none */
    uint32_t slot_count;
    uint64_t area_size; /* bytes for arguments, struct pku_arguments included; whole pages */
    uint64_t inside;    /* struct pku_inside, in one of the ranges; 0: none */
    bool locks;         /* its code may lock mutexes */
};

struct pku_domain;

/* What one call has for itself, outside. */
struct pku_context {
    struct pku_arguments *area; /* as the caller's code sees it */
    uint64_t area_inside;       /* the same memory, as the domain sees it */
    uint64_t thread;            /* struct pku_thread, in the domain's memory */
    uint64_t signal_stack;
    uint64_t used;             /* bytes of the area, by this call */
    struct walk_memory memory; /* of a call that walks */
    uint32_t number;
    int busy; /* a call has it */
};

/* How a call ended. */
enum pku_end {
    PKU_RETURNED,
    PKU_ELSEWHERE, /* nothing has begun: this thread cannot be in a domain now */
    PKU_FAULTED,   /* the domain's code did what it may not, or crashed; the domain is not entered again */
    PKU_BROKEN     /* nothing has begun: an earlier call ended with PKU_FAULTED */
};

struct pku_outcome {
    uint64_t result;           /* rax */
    uint64_t float_result;     /* the low half of xmm0 */
    int error;                 /* the domain's errno, which was 0 when it began */
    int signal;                /* FAULTED: which one */
    char text[PKU_ASKED_TEXT]; /* FAULTED: what the code said before; or empty */
};

/* Who calls: what a domain may ask of it. NULL: it asks in vain. */
struct pku_caller {
    int64_t (*call_back)(struct pku_caller *caller, struct pku_context *context);
};

/*
 * Can this process have such domains? Once; later calls give the same answer. Examines all executable memory. 0, or -errno
 * and *error: ENOTSUP, this machine or kernel cannot; EBUSY, this program does what does not go together with it.
 */
int pku_start(struct far_error *error);

/* A domain whose memory nobody else in this process reaches from now on. 0, or -errno and *error. */
int pku_domain_make(const struct pku_plan *plan, struct pku_domain **result, struct far_error *error);

/* Memory was mapped in place of some of its ranges. 0 or -errno. */
int pku_domain_protect(struct pku_domain *domain);

/* For one call: where its arguments are written. NULL: there are as many calls as can be. waits: for others to be out of
 * their domains, here and in pku_run; otherwise it goes ELSEWHERE. */
struct pku_context *pku_begin(struct pku_domain *domain, bool waits);
/* caller may be NULL. */
enum pku_end pku_run(struct pku_domain *domain, struct pku_context *context, uint32_t slot, bool waits,
                     struct pku_caller *caller, struct pku_outcome *outcome);
void pku_end_call(struct pku_context *context);

#endif
