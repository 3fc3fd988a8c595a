/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Domain segments outlive fard as hosts do: the keeper has their memory and their process's pidfd, the store whose they are and
 * which services may reach them.
 *
 *     domain-ID   its memory
 *     owner-ID    its process's pidfd
 */
#ifndef FARCALL_FARD_DOMAIN_ADOPT_H
#define FARCALL_FARD_DOMAIN_ADOPT_H

#include "runtime/fard/domain.h"

/* What an earlier fard has left. Before services are loaded. 0, FARD_REFUSED or a negative errno. */
int domains_adopt(struct fard *fard, struct far_error *error);
/* A host that was taken over learns which of the segments that it has mapped it goes on with; of all others it lets go. */
int domain_host_adopted(struct host *host);
/* All hosts have been taken over that will be. */
void domains_adopted(struct fard *fard);

/* A new one, before its client hears of it. Where it cannot be noted it lives no longer than fard, and the log says so. */
void domain_keep(struct domain *domain);
/* Its connection has another number, or other services may reach it. */
void domain_note(struct domain *domain);
/* Its process has ended; and nobody has it mapped any more. */
void domain_unkeep(struct domain *domain);
void domain_forget(struct domain *domain);

#endif
