/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* struct far_pku, for bind.c and call.c. */
#ifndef FARCALL_PKU_INSIDE_H
#define FARCALL_PKU_INSIDE_H

#include "runtime/pku/bind.h"
#include "runtime/pku/pku.h"

struct far_pku {
    struct far_linkage linkage; /* where trap stubs lead: the part itself is the domain's */
    struct pku_domain *domain;
    uint64_t entry[FAR_SLOT_MAX + 1]; /* functions by slot; 0: it goes by the process gate */
};

#define PKU_AREA_SIZE 0x100000 /* bytes of arguments; a call that needs more goes by the process gate */

/* Can the operation's parameters and result go through a domain's area? */
bool pku_carries(const struct far_plan *plan);

#endif
