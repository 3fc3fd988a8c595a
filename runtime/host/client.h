/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A client, for clients.c and handles.c alone. */
#ifndef FARCALL_HOST_CLIENT_H
#define FARCALL_HOST_CLIENT_H

#include "runtime/host/host.h"

struct kin;

struct handle {
    struct handle_name name; /* value 0: an empty place */
    struct kin *kin;         /* NULL: it ends with no other, and no other with it */
    uint32_t users;          /* calls that use it now */
    uint32_t gone;           /* calls that are releasing what had this name before: the service has given it anew */
    bool leaving;            /* the one user is releasing it; without one: what it ends with is being released, or is
                                still on its way here from another host */
    bool handed_over;        /* it is taken out before the lock is free */
};

struct host_client {
    uint32_t pid, uid;
    uint32_t node;    /* where both are; 0: here */
    uint64_t left_at; /* on another node: when its last channel ended; milliseconds */
    struct host_user *user;
    int pidfd; /* -1: unknown; then the record ends with its last channel */
    uint32_t channels;
    pthread_mutex_t lock;  /* guards the handles */
    struct handle *handle; /* open addressing, by value, `room` places, a power of two */
    uint32_t count, room;
    struct walk_kept *kept; /* NULL: none yet. Under the lock */
    uint64_t *given;        /* a bit for each function of the service's that it was given; NULL: none. Atomically */
    bool gives_functions;   /* which the service may have kept. Written atomically */
    struct host_client *next;
};

struct handover_record;
/* When the client ends. */
void handles_free(struct host_client *client);
/* Takes the handles that no call uses, and hands each to `take`; what ends with others goes with them, after its parent. */
void handles_take_idle(struct host_client *client, void (*take)(void *context, const struct handover_record *record),
                       void *context);

#endif
