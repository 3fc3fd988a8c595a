/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* struct far_pku, for bind.c and call.c. */
#ifndef FARCALL_PKU_INSIDE_H
#define FARCALL_PKU_INSIDE_H

#include "runtime/pku/bind.h"
#include "runtime/pku/inside/inside.h"
#include "runtime/pku/pku.h"

struct far_pku {
    struct far_linkage linkage; /* where trap stubs lead: the part itself is the domain's */
    struct pku_domain *domain;
    bool locks;                     /* its code may lock mutexes */
    uint64_t entry[PKU_SLOT_COUNT]; /* functions by slot; 0: it goes by the process gate */
};

/* Bytes of address space for the arguments of one call; a call that needs more goes by the process gate. */
#define PKU_AREA_SIZE 0x8000000

/* Can the operation's parameters and result go through a domain's area? */
bool pku_carries(const struct far_plan *plan);

/* The same, where they lead to more than plain bytes (call_walk.c). */
bool pku_walks(const struct far_binding *binding, const struct far_plan *plan);
/* 0; an error number and *reason, which may lie in *outcome; -1: nothing has begun. */
int pku_call_walking(struct far_frame *frame, struct far_binding *binding, const struct far_plan *plan,
                     struct pku_outcome *outcome, const char **reason);
/* call_back.c: who calls, for pku_run(). */
struct pku_calling {
    struct pku_caller caller;
    struct far_binding *binding;
};
int64_t pku_call_back(struct pku_caller *caller, struct pku_context *context);

/* Why a call failed, in words that may lie in *outcome. */
const char *pku_reason(enum pku_end end, struct pku_outcome *outcome);

/* copies.c: what the domain's code from us must know of its service, in ranges of its own. 0 or -errno. */
struct pku_copies {
    struct pku_range range[3];
    uint32_t range_count;
    struct pku_inside *inside;
};
int pku_copies_make(struct pku_copies *copies, const struct far_pku *pku, const struct far_iface *iface,
                    const struct far_mapping *mapping);

#endif
