/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Capabilities as clients meet them: presented, granted, narrowed, listed, revoked. testsuite/model/revocation.pml is the
 * model of how a right is taken away.
 */
#ifndef FARCALL_REVOKE_H
#define FARCALL_REVOKE_H

#include "runtime/fard/fard.h"

#define PRESENTED_MAX      64u  /* capabilities on one connection */
#define REVOKE_DEADLINE_MS 1000 /* for a holder to unmap; who has not then is killed */
#define REVOKE_SCAN_S      10   /* for looking at all processes, and for those killed to be gone */

/* capability_serve.c. As all request handlers: 0 (answered), FARD_PENDING, FARD_REFUSED or a negative errno. */
int handle_present(struct client *client, const struct far_message *message, struct far_error *error);
int handle_capability_grant(struct client *client, const struct far_message *message, struct far_error *error);
int handle_capability_narrow(struct client *client, const struct far_message *message, struct far_error *error);
int handle_capability_list(struct client *client, const struct far_message *message, struct far_error *error);
int handle_capability_revoke(struct client *client, const struct far_message *message, struct far_error *error);
/* The slots that a channel limited to a capability's operations may call; returns their count, at most `room`. */
uint32_t capability_slots(const struct registry *registry, const struct service *service, uint32_t id, uint32_t *slot,
                          uint32_t room);
/* When the next capability expires it is revoked. Called after each change of the table. */
void capability_watch_expiry(struct fard *fard);

/* revoke.c */
int handle_revoke_done(struct client *client, const struct far_message *message, struct far_error *error);
/*
 * Takes a capability, and all that were narrowed from it, from everybody. `client` is answered when it is true (FARD_PENDING);
 * NULL: nobody waits.
 */
int revoke_capability(struct fard *fard, uint32_t id, struct client *client, uint32_t serial, struct far_error *error);
void revocations_forget_client(struct client *client);
struct host;
/* A host has closed a channel, and answers nothing in it any more; or it has died (message NULL). */
void revocations_host_closed(struct host *host, const struct far_message *message);
void revocations_free(struct fard *fard);

/* revoke_scan.c: runs in a process of its own. */
struct scan_principal {
    pid_t pid;
    enum far_level level; /* the highest by which it may hold the memory */
};
struct scan_told {
    pid_t pid;
    int pidfd; /* -1: unknown */
    bool late; /* it has not said that it is done */
};
struct scan {
    const struct fard *fard;
    const struct service *service;
    struct scan_told *told; /* must hold nothing */
    uint32_t told_count;
    struct scan_principal *entitled;
    uint32_t entitled_count;
};
#define SCAN_KILLED_MAX 256
struct scan_result {
    uint32_t killed, kept, unseen, unfinished;
    pid_t killed_pid[SCAN_KILLED_MAX];
};
void scan_run(const struct scan *scan, struct scan_result *result);

#endif
