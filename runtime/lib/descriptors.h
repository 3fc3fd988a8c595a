/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Descriptors that travel with the messages of an A-stack (far_fd), both sides. A channel of a service whose interface has
 * some has a socket beside its A-stack, a pair that fard makes. What goes with a message goes in one packet, sent before the
 * message is published, and says its sequence number. Who has the message reads the socket only if a word of it names a
 * descriptor; a packet of another number belongs to a call that was given up, or was never made, and is thrown away
 * without becoming anything here. Nothing waits: what is not there then was never sent.
 */
#ifndef FARCALL_DESCRIPTORS_H
#define FARCALL_DESCRIPTORS_H

#include <stdbool.h>
#include <stdint.h>

#define FAR_DESCRIPTORS_MAX 64 /* with one message: a bit each in `claimed` */

/* What goes with one message, or has come with it. */
struct descriptors {
    uint32_t count;
    bool read;        /* coming: the socket was looked at */
    uint64_t claimed; /* coming: those that words have named */
    int fd[FAR_DESCRIPTORS_MAX];
};

/* Going: one more; *word names it. An enum far_call_status. */
unsigned descriptors_add(struct descriptors *going, int fd, uint32_t *word);
/* Coming: the one that is named, once. An enum far_call_status. */
unsigned descriptors_claim(struct descriptors *come, uint32_t word, int *fd);
void descriptors_close(const struct descriptors *come, uint64_t which);
/* A bit for each. */
uint64_t descriptors_all(const struct descriptors *come);

/* 0, or an errno: EBADF if one of them is not open. */
int descriptors_send(int socket, uint32_t sequence, const struct descriptors *going);
/* How many come with that message; what is older is thrown away. 0: none. */
uint32_t descriptors_await(int socket, uint32_t sequence);
/* Takes them. 0; EMFILE: not all of them have room here, and none is taken; EBADF: they are not there. */
int descriptors_take(int socket, struct descriptors *come, uint32_t count);
/* Throws away what is there. */
void descriptors_drop(int socket);
/* Has the other side read everything that was sent to it? */
bool descriptors_are_read(int socket);

#endif
