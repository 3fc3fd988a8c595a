/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Queued calls (docs/queue.md): fard keeps them in its store, and lets a courier make those of one user and service, one
 * after another. A line is what waits there; it has a courier, or a time when there will be one.
 *
 *     fard ─ queue ─ line (uid, service, major) ─ courier's process
 *
 * What is begun, and by whom, is only in a courier's power while it lives: when it ends, fard says what became of it.
 */
#ifndef FARCALL_FARD_QUEUE_H
#define FARCALL_FARD_QUEUE_H

#include "runtime/fard/fard.h"
#include "runtime/fard/store_queue.h"

#define QUEUE_CALLS_MAX     4096u                /* of one user, waiting or unclaimed */
#define QUEUE_USER_BYTES    ((uint64_t)16 << 20) /* the same: parameters, and what a row takes */
#define QUEUE_COURIERS_MAX  64u                  /* at a time */
#define QUEUE_COURIERS_EACH 16u                  /* of one user */
#define QUEUE_PAUSE_MIN_MS  50
#define QUEUE_PAUSE_MAX_MS  5000

struct queue_line {
    struct list link; /* of fard's */
    struct fard *fard;
    struct queue_line_name name;
    struct timer timer; /* the next courier's */
    int64_t pause_ms;
    struct source life; /* of the courier: its pidfd; -1: there is none */
    pid_t pid;
    uint64_t begun; /* what it is making; 0: nothing */
    bool progressed;
    char why[FAR_QUEUE_REASON_MAX]; /* why nothing could be made yet; empty: not known */
};

/* Lines from the store. What an earlier fard had begun is not known any more. 0, FARD_REFUSED or a negative errno. */
int queue_load(struct fard *fard, struct far_error *error);
/* Couriers end. */
void queue_free(struct fard *fard);
/* That service's host is there: whoever waits for it need not wait longer. */
void queue_service_ready(struct fard *fard, const char *service);
/* A node is there again: all services may be. */
void queue_node_ready(struct fard *fard);

int handle_queue_put(struct client *client, const struct far_message *message, struct far_error *error);
int handle_queue_look(struct client *client, const struct far_message *message, struct far_error *error);
int handle_queue_drop(struct client *client, const struct far_message *message, struct far_error *error);
int handle_queue_next(struct client *client, const struct far_message *message, struct far_error *error);
int handle_queue_mark(struct client *client, const struct far_message *message, struct far_error *error);

/* queue_line.c: a call of that line has been put into the store; the line, made if there is none. */
int queue_line_add(struct fard *fard, const struct queue_line_name *name);
/* Which line this process is the courier of; NULL: none. */
struct queue_line *queue_line_of(struct fard *fard, pid_t pid);
const struct queue_line *queue_line_find(const struct fard *fard, const struct queue_line_name *name);

/* courier.c: far-courier beside far-host, as that user, with nothing of fard's. 0 or a negative errno. */
int courier_spawn(const struct fard *fard, const struct queue_line_name *line, pid_t *pid, int *pidfd);

/* request_queue.c */
int protocol_check_queue_put(const struct far_message *message, const struct far_queue_call **call,
                             struct far_error *error);
int protocol_check_queue_look(const struct far_message *message, const struct far_queue_look **look,
                              struct far_error *error);
int protocol_check_queue_ticket(const struct far_message *message, const struct far_queue_ticket **ticket,
                                struct far_error *error);
int protocol_check_queue_mark(const struct far_message *message, const struct far_queue_mark **mark,
                              struct far_error *error);

#endif
