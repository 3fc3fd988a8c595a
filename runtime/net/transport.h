/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * One connection between a client's thread and a worker of a host: bytes, in order, whole. One thread at a time uses it; another may
 * shut it (transport_shut), and whoever waits then returns. Blocking: who waits sleeps in the kernel, after `spin` looks.
 *
 * TCP is here; TLS and UCX are libraries of their own (libfarcall-tls.so, libfarcall-ucx.so) that are loaded when the first connection
 * of their kind is made, so that a program whose services are all at home loads neither OpenSSL nor UCX. A host loads what its node
 * offers before its sandbox closes (transport_load).
 */
#ifndef FARCALL_TRANSPORT_H
#define FARCALL_TRANSPORT_H

#include "runtime/net/wire.h"
#include "runtime/protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct transport {
    const struct transport_kind *kind;
    int fd;        /* of the TCP connection. Owned */
    int poll_fd;   /* what poll() waits for, until there may be something to receive: mostly the same */
    uint32_t spin; /* looks before sleeping; 0: sleeps at once */
};

/* Deadlines: nanoseconds of CLOCK_MONOTONIC; 0: none. Results: 0, or -errno: -ETIMEDOUT, -ECONNRESET (gone, or shut), -EPROTO … */
struct transport_kind {
    uint32_t number;  /* enum wire_transport */
    uint32_t version; /* TRANSPORT_VERSION: what a loaded library was built against */
    /* By transport_load, any number of times: whatever it would open later is open from now on. NULL: there is nothing. */
    int (*prepare)(struct far_error *error);
    /* Takes the descriptor over, also when it fails. The connection's preface and answer have been exchanged. */
    int (*begin)(int fd, bool is_client, const uint8_t ticket[WIRE_TICKET_SIZE], const uint8_t secret[WIRE_SECRET_SIZE],
                 uint64_t deadline, struct transport **out, struct far_error *error);
    /* All of it. When this fails nobody knows how much has gone: the connection is of no use any more. */
    int (*send)(struct transport *transport, const struct iovec *part, int count, uint64_t deadline);
    /* At least `least` bytes, at most `most`; *got says how many. least 0: what is there already, perhaps nothing. */
    int (*receive)(struct transport *transport, void *to, size_t least, size_t most, size_t *got, uint64_t deadline);
    /*
     * Something to receive, without waiting? For who has other things to wait for, too: asked before each poll of poll_fd, which does not show
     * what has been read ahead.
     */
    bool (*is_readable)(struct transport *transport);
    void (*end)(struct transport *transport);
};
#define TRANSPORT_VERSION 1u

extern const struct transport_kind transport_tcp;

/* The kind of that number, its library loaded if need be. NULL and *error: there is none here, and what to install. */
const struct transport_kind *transport_load(enum wire_transport number, struct far_error *error);

/*
 * Client: connects to HOST:PORT ("[::1]:7327", "10.0.0.2:7327", names too), says the preface, takes the answer, begins the transport. 0, or -errno and
 * *error (a refusal in the node's own words).
 */
int transport_connect(const char *address, enum wire_transport number, const uint8_t ticket[WIRE_TICKET_SIZE],
                      const uint8_t secret[WIRE_SECRET_SIZE], uint64_t deadline, struct transport **out,
                      struct far_error *error);
/* The first half of that: the node is there and knows the ticket; the transport is to be begun on *fd, by the caller. */
int transport_dial(const char *address, enum wire_transport number, const uint8_t ticket[WIRE_TICKET_SIZE],
                   uint64_t deadline, int *fd, struct far_error *error);
/* From any thread: whoever waits returns with -ECONNRESET, and so does all that is done with it from now on. */
void transport_shut(struct transport *transport);
void transport_end(struct transport *transport); /* and close it; NULL: nothing */

/* wire_check.c: 0, or an enum wire_refusal and a text. Both sides' readers, fuzzed. */
int wire_check_preface(const struct wire_preface *preface, char *why, size_t room);
/* For a purpose and a transport; text may be NULL. */
void wire_make_preface(struct wire_preface *preface, enum wire_purpose purpose, enum wire_transport transport,
                       const uint8_t *ticket);
void wire_make_answer(struct wire_answer *answer, enum wire_refusal refused, const char *text);
/* 0; or -errno and *error: refused (in the node's words), of another version, or no answer at all. */
int wire_check_answer(const struct wire_answer *answer, struct far_error *error);
const char *wire_transport_word(enum wire_transport number); /* "tls" */
enum wire_transport wire_transport_of(const char *word);     /* WIRE_TRANSPORT_NONE: no such */

#endif
