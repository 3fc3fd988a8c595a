/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What pending addresses have to do with binding: the answer for a service that nobody has registered, and more. */
#ifndef FARCALL_FARD_BIND_PENDING_H
#define FARCALL_FARD_BIND_PENDING_H

#include "runtime/fard/pending.h"
#include "runtime/fard/registry.h"
#include "runtime/import.h"

/*
 * Has nobody registered this (or not yet completely), so that pending addresses stand for it? If there are other majors of the
 * name, who asks is more likely out of date than early, and is told so: not, unless there are such addresses already.
 */
bool bind_is_pending(const struct registry *registry, const char *service, uint16_t major);
/* The same for clients, of whom none is told to wait while there is another major. */
bool bind_must_wait(const struct registry *registry, const char *service, uint16_t major);

/* Who asks: any number of names for whoever may register, a limited one for others. */
struct pending_asker {
    uid_t uid;
    bool unlimited;
};

/*
 * The reply to RESOLVE and BIND for such a service: addresses for the table's operations. As bind_answer(); versions and
 * fingerprints are compared when it is linked, by whoever links it.
 */
int bind_pending_answer(struct registry *registry, struct store *store, const struct far_import_table *table,
                        struct pending_asker asker, void *reply, size_t size, size_t *used, struct far_error *error);

/*
 * Add to the reply to BIND for a registered service where its pending addresses lead, if anybody has such. Returns 0 or
 * -EMSGSIZE.
 */
int bind_add_pending(const struct registry *registry, const struct service *service, void *reply, size_t size,
                     size_t *used);

/*
 * Addresses for what a segment calls of services that nobody has registered: afterwards image_relocate() finds them. Returns
 * 0, FARD_REFUSED or a negative errno.
 */
int bind_pending_needs(struct registry *registry, struct store *store, const struct far_segment *segment,
                       struct pending_asker asker, struct far_error *error);

#endif
