/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What is left of a service by a fard that did not end in order: its data, and perhaps its host. Both are believed only
 * if they are what the store says, and what fard itself makes.
 */
#ifndef FARCALL_ADOPT_H
#define FARCALL_ADOPT_H

#include "runtime/fard/fard.h"

struct adoption {
    bool known;              /* an earlier fard has noted a host */
    struct stored_host host; /* what it noted */
    int data;                /* sound: the caller's. -1: fresh data is needed */
    int life, socket;        /* of a host that runs on it: the caller's. -1: there is none to take over */
    int output;              /* what it prints; may be missing */
    char why[96];            /* the data or the host cannot be used; empty: nothing is wrong, or nothing was there */
};

/* Looks at what came back for a service whose data has `size` bytes. 0, FARD_REFUSED or a negative errno. */
int adoption_look(struct fard *fard, uint32_t service_id, uint64_t size, struct adoption *adoption,
                  struct far_error *error);
/* Closes what has not been taken out of it. */
void adoption_free(struct fard *fard, uint32_t service_id, struct adoption *adoption);

/* The host goes on as this fard's: it is asked for its channels, and is ready when it has answered. */
void host_adopt(struct host *host, struct adoption *adoption);
/* No host to take over: data, if there is some, is an earlier fard's, and the next host goes on with it. */
void host_resume(struct host *host, const struct adoption *adoption);

/* Its descriptors go to the keeper, and what it is into the store. Called whenever that changes. */
void host_keep(struct host *host);
/* The same for a host that is to take its service over: what it is goes into the store with that. False: nothing is to be noted. */
bool host_keep_for(struct host *host, struct stored_host *row);
/* Its process is gone, or is to go: nobody may take it over. */
void host_unkeep(struct host *host);
/* So is its data. */
void data_unkeep(struct fard *fard, uint32_t service_id);

/* HOST_CHANNELS: what it says. */
void host_says_channels(struct host *host, const struct far_message *message);
/* HOST_CLOSE from the host: a channel whose client is not connected has ended. */
void host_says_closed(struct host *host, const struct far_message *message);
/* Channels that an earlier fard opened and that still count for their uid: the host is gone, and they with it. */
void orphans_free(struct host *host);
/* Each channel of the host that an earlier fard opened: whose it is, and by which capability; 0: by none. */
typedef void orphan_call(void *context, struct host *host, uint32_t channel, pid_t pid, enum far_level level,
                         uint32_t capability);
void orphans_each(struct host *host, orphan_call *each, void *context);

#endif
