/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* In a child of fork: its copy of the domain segment. */
#ifndef FARCALL_DOMAIN_COPY_H
#define FARCALL_DOMAIN_COPY_H

#include "runtime/lib/domain.h"

/* What is in use, told by the mapping alone. 0; -ENODATA: there is no telling, for some of it may be swapped out; -errno. */
int domain_copy_resident(const struct far_own_domain *domain, char *copy);
/* By /proc/self/smaps: is it known that none of it is swapped out? */
bool domain_nothing_swapped(const struct far_own_domain *domain);

#endif
