/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Talking to fard: one request, one answer, with descriptors. Nothing here locks; process.c says who may call when.
 * Calls no function that a signal handler may not (a call of an operation from a handler can open a channel).
 */
#ifndef FARCALL_CONNECTION_H
#define FARCALL_CONNECTION_H

#include "runtime/protocol.h"

#include <stddef.h>
#include <sys/uio.h>

#define FAR_PATIENCE_MS 15000 /* how long fard may take for an answer: a host may have to be started first */

struct far_connection {
    int fd; /* -1: none */
    uint32_t serial;
    /* What fard says unasked (serial 0) goes there; descriptors that are not set to -1 are closed after. NULL: to nobody. */
    void (*unasked)(const struct far_message *message, const struct far_revoked *body, int *fd, int fd_count);
};

/* An answer: its body, and the descriptors that came with it, which belong to the caller. */
struct far_answer {
    void *body; /* given by the caller */
    size_t room;
    size_t size; /* filled in */
    int fd[FAR_MESSAGE_FDS];
    int fd_count;
};

/* 0, or -errno and *error. EX_UNAVAILABLE: nobody answers at `path`. */
int connection_open(struct far_connection *connection, const char *path, struct far_error *error);
void connection_close(struct far_connection *connection);

/*
 * Send a request (body[0..count) one after the other) and wait for its answer. 0, or -errno and *error: what fard said,
 * or what is wrong with the connection (-ECONNRESET, -ETIMEDOUT, -EPROTO: then it is closed and no use any more).
 */
int connection_request(struct far_connection *connection, enum far_message_type type, const struct iovec *body,
                       int count, struct far_answer *answer, struct far_error *error);

/* Send something that is not answered. Failure to do so matters to nobody. */
void connection_tell(struct far_connection *connection, enum far_message_type type, const void *body, size_t size);

/* Whatever has arrived, without waiting, while nobody is waiting for an answer. A connection that broke is closed. */
void connection_take_unasked(struct far_connection *connection);

void answer_close_fds(struct far_answer *answer);

#endif
