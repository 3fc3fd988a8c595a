/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The client's side of bundling, for one service's host: what that has of the client's domain segment. Its threads share it; each
 * holds a lock around what it does here, which is the caller's affair.
 *
 * `lender_put` numbers what it sends; what is sent on two connections may arrive in any order, and the numbers tell. The host numbers
 * its changes, too: an older one is not applied over a newer one, and bytes that the host is known to have had are not written again over
 * what the client has written since.
 */
#ifndef FARCALL_BUNDLE_LENDER_H
#define FARCALL_BUNDLE_LENDER_H

#include "runtime/net/bundle.h"

#define LENDER_TWINS 4096u /* 16 MiB; whoever has lent more at once is sent whole pages */

struct bundle_lender {
    struct bundle_range range;
    struct bundle_pages pages;
    uint64_t version; /* the last that was given */
};

void lender_begin(struct bundle_lender *lender, const struct bundle_range *range);
void lender_end(struct bundle_lender *lender);
/* The host may not have got what was sent. */
void lender_forget(struct bundle_lender *lender);

/*
 * A page into a body. now: BUNDLE_PAGE bytes that nobody changes meanwhile (a copy). whole: the host is not believed to have anything. False: no
 * memory; it is not in the body.
 */
bool lender_put(struct bundle_lender *lender, struct bundle_body *body, uint64_t address, const void *now, bool whole);

/* What the host has changed, from a body that was checked. memory: where range.base lies here. False: no memory; some is not applied. */
bool lender_take(struct bundle_lender *lender, const void *body, size_t size, char *memory);

/* A call has lent them; until it gives them back their twins stay. */
void lender_lend(struct bundle_lender *lender, const struct bundle_set *set);
void lender_give_back(struct bundle_lender *lender, const struct bundle_set *set);

#endif
