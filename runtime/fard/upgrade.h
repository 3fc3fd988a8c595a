/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Live upgrade: other executables take a service over, with its name, addresses, data and clients.
 *
 *     checked, kept, made             the service as it was; the files, their images and a host more
 *     new variables begin             in the living data, where no code that runs has anything (data_layout.h)
 *     the new host says READY         one transaction in the store; then, without a wait:
 *                                     new binds get the new images, new channels the new host
 *     the old host is retired         calls that run end there; it goes after the last, or after UPGRADE_GRACE_MS
 *
 * Whatever fails before the transaction leaves the old version in force. Constructors do not run again: the data is the old one.
 */
#ifndef FARCALL_FARD_UPGRADE_H
#define FARCALL_FARD_UPGRADE_H

#include "runtime/fard/fard.h"

#define UPGRADE_GRACE_MS 60000 /* for calls that began in the old version */

/* What was asked for: checked segments, one for each machine that the service has executables for, in any order. */
struct upgrade_order {
    const struct far_segment *segment;
    uint32_t count;
    const struct host_settings *settings; /* empty: they stay */
};

/* Lines for whoever asked for it, each ended by a NUL; what finds no room is left out. */
#define UPGRADE_NOTES_MAX 4096
struct upgrade_notes {
    char text[UPGRADE_NOTES_MAX];
    uint32_t size;
};

struct upgrade {
    struct executable executable[EXECUTABLES_MAX]; /* in the service's order */
    uint32_t count;
    struct host_settings settings;
    uint32_t need_count, await_count;
    struct upgrade_notes notes;
};

/* As a request handler: FARD_PENDING, FARD_REFUSED or a negative errno. */
int upgrade_begin(struct client *client, uint32_t serial, struct service *service, const struct upgrade_order *order,
                  struct far_error *error);
const struct executable *upgrade_executable(const struct upgrade *upgrade, uint32_t machine); /* or NULL */
/* The new host is ready, or it is not and never will be: host->trouble says why. It has a registration that waits. */
void upgrade_ready(struct host *host);
void upgrade_failed(struct host *host);
/* fard ends: the host of an upgrade that is under way, if there is one, goes, and nobody is told. */
void upgrade_abandon(struct service *service);
/* Its calls end there; then it goes. Its clients' handles go to the new host. */
void host_retire(struct host *host, struct host *heir);
/* The service is unregistered, or fard ends: who has retired from it (NULL: from any) is given HOST_STOP_MS more. */
void retired_hurry(struct fard *fard, const struct service *service);

#endif
