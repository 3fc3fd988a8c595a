/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Domain segments of clients that let this service reach them: mapped at the client's own addresses, for as long as fard
 * says. A call that was given such memory holds it; it goes when the last one has ended, and only then fard is told.
 */
#ifndef FARCALL_HOST_DOMAIN_H
#define FARCALL_HOST_DOMAIN_H

#include "runtime/protocol.h"

#include <stdbool.h>

struct host_domain;

/* fard's messages; each is answered over FAR_HOST_FD, by domain_leave() perhaps later. The descriptor stays the caller's. */
void domain_map(const struct far_host_domain *what, int memory);
void domain_unmap(const struct far_host_unmap *what);

/* Another fard than mapped them has taken over: it says which of them it knows, and then that it has (HOST_UNMAP of none). */
void domains_doubt(void);
void domains_forget(void);

/* Before the first worker: prepares what makes domain_enter() cheap. Without it everything works, and costs a fence. */
void domains_prepare(void);

/*
 * What a worker has of the domain of its client, from one call to the next: a call looks for nothing and locks nothing as long
 * as nothing has changed. Between two calls the main thread may take it away.
 */
struct domain_holder {
    struct host_domain *kept;   /* counted among its users. Written under the lock */
    struct host_domain *in_use; /* by the call that is being served: written by the worker alone */
    uint32_t version;           /* what `kept` was looked for in; 0: never */
    uint32_t calls;             /* that are being served, nested ones too */
    struct domain_holder *next;
};
void domain_join(struct domain_holder *holder);
void domain_part(struct domain_holder *holder); /* no call is being served any more */

/*
 * What the client of this connection lets the service reach, held until domain_leave(). NULL: nothing. A nested call holds it
 * for itself, and leaves before the one that it is nested in.
 */
struct host_domain *domain_enter(struct domain_holder *holder, uint64_t connection);
void domain_leave(struct domain_holder *holder, struct host_domain *domain);
/* NULL: nowhere. */
bool domain_covers(const struct host_domain *domain, uint64_t address, uint64_t size);
/* Bytes from an address in it to its end. */
uint64_t domain_room(const struct host_domain *domain, uint64_t address);
/* Is anybody's mapped? */
bool domain_any(void);

#endif
