/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * One service, several executables: what is linked for another machine, at the same addresses and over the same data as
 * the first (farld --like), becomes the service for clients on that machine.
 */
#ifndef FARCALL_EXECUTABLES_H
#define FARCALL_EXECUTABLES_H

#include "runtime/fard/registry.h"

struct fard;

/*
 * Adds a checked segment to a service that is registered with `first`, the segment of its first executable. Nothing
 * has changed unless this returns 0; otherwise FARD_REFUSED or a negative errno.
 */
int service_add_executable(struct service *service, const struct far_segment *first, const struct far_segment *segment,
                           const struct registry *registry, struct far_error *error);

/* The same for a running service, on behalf of `far register --machine`: kept in the store as well. */
int executable_register(struct fard *fard, struct service *service, const struct far_segment *segment,
                        struct far_error *error);

/* One more of a service on another node, where it was compared with the first. */
int service_add_executable_away(struct service *service, const struct far_segment *segment, struct far_error *error);

/* A segment of the store; *bytes is the caller's to free, in any case. */
int executable_read_segment(struct fard *fard, const uint8_t build_id[32], void **bytes, struct far_segment *segment,
                            struct far_error *error);
/* The memory of an executable whose record is there, of a service whose data is there: for an upgrade. `data`: filled in with
 * what the data part would begin with; or NULL. */
int executable_make(struct fard *fard, struct service *service, struct executable *executable,
                    const struct far_segment *segment, uint8_t *data, struct far_error *error);

/* A fard that starts anew: the service's further executables, from the store. */
int executables_load(struct fard *fard, struct service *service, const struct far_segment *first,
                     const uint8_t (*build_id)[32], uint32_t count, struct far_error *error);

#endif
