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

/* fard's messages; each is answered over FAR_HOST_FD, by domain_let_go() perhaps later. The descriptor stays the caller's. */
void domain_map(const struct far_host_domain *what, int memory);
void domain_unmap(const struct far_host_unmap *what);

/* Another fard than mapped them has taken over: it says which of them it knows, and then that it has (HOST_UNMAP of none). */
void domains_doubt(void);
void domains_forget(void);

/*
 * What the client of this connection lets the service reach, held until domain_let_go(). NULL: nothing. One load where no
 * client shares anything.
 */
struct host_domain *domain_hold(uint64_t connection);
void domain_let_go(struct host_domain *domain);
/* NULL: nowhere. */
bool domain_covers(const struct host_domain *domain, uint64_t address, uint64_t size);
/* Bytes from an address in it to its end. */
uint64_t domain_room(const struct host_domain *domain, uint64_t address);
/* Is anybody's mapped? */
bool domain_any(void);

#endif
