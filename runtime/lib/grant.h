/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Regions: memory of this process that it can grant to services (docs/grants.md). Calls look without a lock; everything else is
 * done with the process's.
 */
#ifndef FARCALL_GRANT_H
#define FARCALL_GRANT_H

#include "runtime/protocol.h"

#include <stdbool.h>

struct far_binding;

struct far_region_grant {
    uint32_t access; /* FAR_GRANT_…; 0: an empty place. Written last, atomically */
    char service[FAR_SERVICE_MAX];
};

struct far_region {
    uint64_t base; /* 0: an empty place. Written last, atomically */
    uint64_t size;
    uint32_t known_on; /* connection on which fard knows it as ours */
    bool unknown;      /* fard was started anew, and does not know it any more */
    struct far_region_grant grant[FAR_REGION_GRANTS_MAX];
};

struct far_regions {
    struct far_region region[FAR_REGIONS_MAX];
};

/* Does the byte lie in a region that the service of this binding is granted, as far as we know? The host looks again. */
bool region_is_granted(const struct far_binding *binding, uint64_t address, bool written);

/* The connection is a new one: make fard know them on it. With the lock held. */
void regions_renew(void);
/* In a child: its parent's are not there. */
void regions_after_fork(void);

#endif
