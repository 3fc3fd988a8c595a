/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Protection domains inside this process, on protection keys: memory that only its own code may reach, and code that may
 * reach nothing else and makes no system calls. docs/pku.md says how, and what that protects and what not.
 *
 * One thread of the process at a time is in a domain: pku_take() fails for the others, who go another way.
 */
#ifndef FARCALL_PKU_H
#define FARCALL_PKU_H

#include "runtime/pku/gate.h"
#include "runtime/protocol.h"

#include <stdbool.h>

/* Memory of a domain: whole pages. */
struct pku_range {
    uint64_t address;
    uint64_t size;
    int protection; /* PROT_…, as it is mapped already */
};

#define PKU_RANGE_MAX 12

/* What a domain is made of. */
struct pku_plan {
    const struct pku_range *range;
    uint32_t range_count;
    const uint64_t *entry; /* functions by slot; 0: none */
    uint32_t slot_count;
    uint64_t area_size; /* bytes for arguments, struct pku_arguments included; whole pages */
};

struct pku_domain;

/* How a call ended. */
enum pku_end {
    PKU_RETURNED,
    PKU_ELSEWHERE, /* nothing has begun: this thread cannot be in a domain now */
    PKU_FAULTED,   /* the domain's code did what it may not, or crashed; the domain is not entered again */
    PKU_BROKEN     /* nothing has begun: an earlier call ended with PKU_FAULTED */
};

struct pku_outcome {
    uint64_t result;       /* rax */
    uint64_t float_result; /* the low half of xmm0 */
    int error;             /* the domain's errno, which was 0 when it began */
    int signal;            /* FAULTED: which one */
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

/* The process's one right to be in a domain; where the arguments are written, or NULL. */
struct pku_arguments *pku_take(struct pku_domain *domain);
/* Where the domain sees what was written at the area's start. */
uint64_t pku_area_inside(const struct pku_domain *domain);
uint64_t pku_area_size(const struct pku_domain *domain);
/* With the domain taken. */
enum pku_end pku_run(struct pku_domain *domain, uint32_t slot, struct pku_outcome *outcome);
void pku_release(void);

#endif
