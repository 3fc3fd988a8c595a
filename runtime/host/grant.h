/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Regions that clients have granted this service: mapped at the clients' own addresses, for reading or for both, until fard says
 * otherwise. A call holds those that it was given; a region goes when the last call has ended, and only then fard is told. Who granted
 * one need not be trusted: what lies there may change at any time, but it never ends, nor vanishes under a call.
 */
#ifndef FARCALL_HOST_GRANT_H
#define FARCALL_HOST_GRANT_H

#include "runtime/host/host.h"

/* fard's messages, as domain.h's; HOST_MAP with an access. grant_unmap: false: no region has that number. */
void grant_map(const struct far_host_domain *what, int memory);
bool grant_unmap(const struct far_host_unmap *what);
void grants_doubt(void);
void grants_forget(void);

/* Whose thread this is. */
void grants_of(struct worker *worker);

/*
 * May the caller of the call that this worker serves name these bytes, for it has granted them? Then they stay until
 * grants_let_go().
 */
bool grant_take(struct worker *worker, uint64_t address, uint64_t size, bool written);
/* What the call that ends now was given, not what those around it were. */
void grants_let_go(struct worker *worker);

/* far_was_granted(), as a service hears it. */
int grant_is_there(const void *address, size_t size, enum far_access access);

#endif
