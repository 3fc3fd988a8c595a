/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The connection to fard of far's commands. Everything that goes wrong is printed here, as `far: …`, and comes back as
 * an exit code. */
#ifndef FARCALL_FAR_REGISTRY_CLIENT_H
#define FARCALL_FAR_REGISTRY_CLIENT_H

#include "runtime/far/options.h"
#include "runtime/fard/manage.h"

#include <stddef.h>

struct fard_connection {
    int fd;
    uint32_t serial;
    char path[512]; /* of the socket, for messages */
};

struct fard_reply {
    _Alignas(16) uint8_t bytes[FAR_MESSAGE_MAX];
    size_t size; /* of the body */
    int fd;      /* that came with it, the caller's; -1: none */
};

/* socket: the value of --socket, or NULL. Returns 0 or an exit code (EX_UNAVAILABLE: fard is not there). */
int fard_connect(struct fard_connection *connection, const char *socket);
void fard_disconnect(struct fard_connection *connection);

/* One request, one reply. fd: -1, or a descriptor that travels with it. Returns 0 or the exit code that fard asks for.
 */
int fard_ask(struct fard_connection *connection, uint16_t type, const void *body, size_t size, int fd,
             struct fard_reply *reply);
/* The same with several, at most FAR_MESSAGE_FDS. */
int fard_ask_with(struct fard_connection *connection, uint16_t type, const void *body, size_t size, const int *fds,
                  unsigned fd_count, struct fard_reply *reply);
/* The body of a reply that must have `size` bytes at least; NULL, and said so, if it has not. */
const void *fard_body(const struct fard_connection *connection, const struct fard_reply *reply, size_t size);

/* Who fard is: asked, and copied. 0 or an exit code. */
int fard_status(struct fard_connection *connection, struct far_status_reply *status);
/* Without a word if fard cannot be reached; then false. */
bool fard_reachable(struct fard_connection *connection, const char *socket);

/* A text of a reply for people to see: what a terminal would act on, and what is no UTF-8, as \xNN. Returns `visible`. */
#define FARD_VISIBLE(size) (4 * (size) + 1)
const char *fard_visible(const char *text, size_t size, char *visible);

/* Is a text of a reply terminated? Then it, otherwise "?". */
const char *fard_text(const char *text, size_t size);
int fard_broken_reply(const struct fard_connection *connection); /* says so; EX_PROTOCOL */

const char *level_word(uint32_t level);
const char *state_word(uint32_t state);
const char *who_word(uint32_t who);

/* A service's name from the command line into a request. 0, or an exit code, printed. */
int far_take_name(const char *command, const char *text, char name[FAR_SERVICE_MAX]);
/* NAME or NAME@MAJOR: *version as in struct far_name_request. */
int far_take_service(const char *command, const char *text, char name[FAR_SERVICE_MAX], uint32_t *version);

/* The options that ls, map, describe and unregister share. */
struct query_options {
    const char *socket;
    bool json;
    bool html;
    const char *name; /* NULL where none is taken */
};
/* Returns -1 to go on, otherwise the exit code. */
int query_read(const struct command_line *line, int argc, char **argv, struct query_options *options);

#endif
