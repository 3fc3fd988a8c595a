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
#define REVOKE_RETURN_MS   2000 /* after fard took hosts over: for those bound by the fard before to bind again */
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
/*
 * The client is about to be given the service's memory: noted with each capability that it has presented for that, so that
 * revoking knows whose processes it may end. 0, FARD_REFUSED or a negative errno.
 */
int capability_note_holder(struct client *client, const struct service *service, struct far_error *error);
/* When the next capability expires it is revoked. Called after each change of the table. */
void capability_watch_expiry(struct fard *fard);

/* revoke.c */
int handle_revoke_done(struct client *client, const struct far_message *message, struct far_error *error);
/*
 * Takes capabilities of one service, and all that were narrowed from them, from everybody. FARD_PENDING: it is done, and
 * `client` is answered when nobody has anything by them any more (NULL: nobody waits). Or FARD_REFUSED, or a negative errno.
 */
int revoke_capabilities(struct fard *fard, const uint32_t *ids, uint32_t count, struct client *client, uint32_t serial,
                        struct far_error *error);
void revocations_forget_client(struct client *client);
struct host;
/* A host has closed a channel, and answers nothing in it any more; or it has died (message NULL). */
void revocations_host_closed(struct host *host, const struct far_message *message);
void revocations_free(struct fard *fard);

/* revoke_scan.c: runs in a process of its own, and asks fard about everybody whom it finds. */
struct scan_told {
    pid_t pid;
    int pidfd; /* -1: unknown */
    bool late; /* it has not said that it is done */
};
struct scan {
    const struct fard *fard;
    const struct service *service;
    struct scan_told *told; /* whose parents' rights count for nothing */
    uint32_t told_count;
    uid_t *uid; /* besides those told: whose processes may be killed */
    uint32_t uid_count;
    int ask; /* a socket to fard */
};
#define SCAN_LINE_MAX 64
/* May this process hold the memory? fard answers by one uint32_t: 1, it may. */
struct scan_suspect {
    uint32_t need;             /* enum far_level: what it needs for what it holds */
    uint32_t count;            /* of its line */
    pid_t line[SCAN_LINE_MAX]; /* itself, and those that it descends from and may have it from */
};
#define SCAN_FOUND_MAX 128
struct scan_found {
    pid_t pid;
    uid_t uid;
    uint32_t foreign; /* nobody of its uid was given the memory by what is revoked */
};
struct scan_result {
    uint32_t killed, kept, unseen, unfinished;
    struct scan_found killed_one[SCAN_FOUND_MAX], kept_one[SCAN_FOUND_MAX];
};
void scan_run(const struct scan *scan, struct scan_result *result);

#endif
