/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Regions: memory that a client can grant to services, and take back (docs/grants.md). Each is a struct domain of a kind of its own
 * (domain.h), and is mapped, taken back, looked for and kept by the same code; here is what is its own: quotas, and who may have it.
 */
#ifndef FARCALL_FARD_GRANT_H
#define FARCALL_FARD_GRANT_H

#include "runtime/fard/domain.h"

/* Mappings of a process are limited (65530); its channels may take three quarters of them (room.h). */
#define HOST_REGIONS_MAX 4096u

/* Request handlers, as in fard.h. */
int handle_region(struct client *client, const struct far_message *message, struct far_error *error);
int handle_grant(struct client *client, const struct far_message *message, struct far_error *error);

/* What is granted to the service of that name, in regions and bytes. */
struct grant_sum {
    uint32_t regions;
    uint64_t bytes;
};
struct grant_sum grants_to(const struct domains *domains, const char *service);

#endif
