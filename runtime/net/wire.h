/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What goes over the network, between nodes that need not be of one kind: little-endian, no padding, every size checked before it is
 * believed. docs/wire.md has the same in words and pictures; change them together.
 *
 * A node listens at one place. Whoever connects says first, in the clear, what for (struct wire_preface); the node's fard answers
 * (struct wire_answer), in words if it refuses. Then
 *
 *     WIRE_NODE      two fards: TLS 1.3, both with certificates of their CA; packets as on fard's socket (struct far_message), their
 *                    types in runtime/net/link.h
 *     WIRE_CHANNEL   a client's thread and the service's host, to whom fard hands the connection: the transport that was agreed on when
 *                    the channel was opened, then frames (struct wire_frame)
 *
 * The ticket is what the two fards have agreed on for one connection of one channel: it is used up by being shown.
 */
#ifndef FARCALL_WIRE_H
#define FARCALL_WIRE_H

#include <stdint.h>

#define WIRE_MAGIC      "FARCALL\n"
#define WIRE_MAGIC_SIZE 8
#define WIRE_VERSION    1u

#define WIRE_TICKET_SIZE 16 /* bytes; random */
#define WIRE_SECRET_SIZE 32 /* bytes; random: the key of TLS between client and host (external PSK, RFC 8446 2.2) */

enum wire_purpose { WIRE_NODE = 1, WIRE_CHANNEL = 2 };

/* How frames are carried. The word is what is said by --transport and in messages. */
#define WIRE_TRANSPORTS(X)                                                                      \
    X(TLS, tls) /* TCP with TLS 1.3, keyed by the secret */                                     \
    X(TCP, tcp) /* TCP as it is: on loopback and links that are trusted, if the node says so */ \
    X(UCX, ucx) /* UCX's own endpoints, found through the TCP connection, which stays to say that it has gone */
enum wire_transport {
    WIRE_TRANSPORT_NONE,
#define X(NAME, name) WIRE_##NAME,
    WIRE_TRANSPORTS(X)
#undef X
        WIRE_TRANSPORT_COUNT
};

struct wire_preface {
    char magic[WIRE_MAGIC_SIZE];
    uint16_t version; /* WIRE_VERSION */
    uint16_t purpose; /* enum wire_purpose */
    uint16_t transport;
    uint16_t reserved;
    uint8_t ticket[WIRE_TICKET_SIZE]; /* WIRE_CHANNEL; zeros otherwise */
    uint8_t zero[32];
};

struct wire_answer {
    char magic[WIRE_MAGIC_SIZE];
    uint16_t version; /* the node's own, also where it refuses */
    uint16_t refused; /* 0: go on. Otherwise the connection ends behind this: an enum wire_refusal */
    uint32_t reserved;
    char text[240]; /* why, one line, NUL-terminated, zeros behind it */
};

/* Numbers that mean the same on all machines. The second is what errno says of it. */
#define WIRE_REFUSALS(X)                                                                   \
    X(VERSION, EPROTONOSUPPORT)                                                            \
    X(RUBBISH, EPROTO)                                                                     \
    X(TICKET, EACCES)        /* unknown, used up, or too old */                            \
    X(TRANSPORT, EOPNOTSUPP) /* another one was agreed on, or the node does not have it */ \
    X(BUSY, EAGAIN)
enum wire_refusal {
    WIRE_WELCOME,
#define X(NAME, error) WIRE_REFUSED_##NAME,
    WIRE_REFUSALS(X)
#undef X
        WIRE_REFUSAL_COUNT
};

/*
 * A channel is an A-stack of which both sides have a copy (runtime/astack.h), and frames that make the other's copy like one's own. Client
 * and host take turns: a CALL makes the host's copy of what the client writes current, an ANSWER the client's of what the host writes.
 * Each carries the sequence number that would have been published in shared memory, so a frame that comes twice is known.
 */
enum wire_type {
    WIRE_HELLO = 1, /* first on each connection, from both: struct wire_hello */
    WIRE_CALL,      /* struct wire_call, then extents */
    WIRE_ANSWER,    /* struct wire_reply, then extents */
    WIRE_FATE, /* host → client, at any time: struct wire_fate: what would be in the fate line, or that the worker has left */
    WIRE_CANCEL, /* client → host, at any time, no body: the call of that sequence number is given up */
    WIRE_BYE,    /* client → host: the channel is closed */
    WIRE_PING,   /* answered by WIRE_PONG, from either side, at any time */
    WIRE_PONG,
    WIRE_PAGES, /* struct wire_pages: bundled pages, before the CALL or ANSWER they belong to (bundle.h) */
    WIRE_FETCH, /* host → client while it serves: pages that it needs; answered by WIRE_PAGES */
    WIRE_TYPE_COUNT
};

struct wire_frame {
    uint32_t size; /* of what follows, bytes */
    uint16_t type; /* enum wire_type */
    uint16_t flags;
    uint32_t sequence; /* CALL, ANSWER: its number. CANCEL: the call's. Otherwise 0 */
    uint32_t zero;
};
#define WIRE_FRAME_MAX ((1u << 30) + (1u << 16))

/*
 * After a connection was lost both say how far they have come, on the next one. The client's `sent` is the number of the last call that
 * it has begun to send, `received` that of the last answer it has whole. The host's `received` is the last call that it has whole,
 * `sent` the last answer that is ready. Who has sent what the other has not received sends it again, unchanged.
 */
struct wire_hello {
    uint32_t channel; /* the host's node's number of it */
    uint32_t sent, received;
    uint32_t generation; /* of the host: another one may be serving the A-stack since */
    uint64_t size;       /* of the A-stack */
};

struct wire_extent {
    uint64_t offset; /* from the beginning of the A-stack's area */
    uint64_t bytes;  /* that many follow, behind the last extent's header, in order */
};

struct wire_call {
    uint32_t slot;
    uint32_t extents;     /* struct wire_extent[extents] follow, then their bytes */
    uint32_t deadline_ms; /* that are left of it; 0: there is none */
    uint32_t has_wide;    /* 1: struct far_wide follows this */
    uint64_t argument[6];
};

struct wire_reply {
    uint32_t status;
    int32_t error;
    uint32_t extents;
    uint32_t served; /* as in the reply line */
    uint64_t result, float_result;
};

struct wire_fate {
    uint32_t dead;    /* FAR_FATE_…, or as astack.h says; 0: see retired */
    uint32_t served;  /* with `retired`: the last call that was */
    uint32_t retired; /* 1: the worker has left, in order */
    uint32_t zero;
};

/*
 * PAGES: what a client's memory holds, page by page, before the CALL that may use it (struct wire_pages, then pages in ascending order,
 * each a struct wire_page and its bytes); the answer to a FETCH; and from the host, before an ANSWER, what the service has changed.
 * bundle.h says what the numbers are for.
 */
#define WIRE_PAGE 4096u

struct wire_pages {
    uint64_t base, size; /* of the client's domain segment: all pages lie in it */
    uint32_t count;      /* of pages */
    uint32_t flags;      /* WIRE_PAGES_… */
};
#define WIRE_PAGES_FETCHED  1u /* answers a FETCH: that page, and others that it leads to; or none: it cannot be had */
#define WIRE_PAGES_FOLLOWED 2u /* from a client: the call may follow pointers to pages that do not come with it */

enum wire_page_kind {
    WIRE_PAGE_SAME = 1, /* client: as it was at `before`. No bytes */
    WIRE_PAGE_RUNS, /* it differs from that in these: struct wire_run and its bytes, one behind the other, ascending */
    WIRE_PAGE_WHOLE /* WIRE_PAGE bytes */
};

struct wire_page {
    uint64_t address;
    uint64_t version; /* client: of the page, as it counts. Host: of the change, as it counts. Less than 2^63 */
    uint64_t before;  /* client, SAME and RUNS: the version that it is to be applied to. Otherwise 0 */
    uint64_t heard;   /* client: the last change of the host's that is in it; 0: none. Host: 0. Less than 2^62 */
    uint32_t kind;    /* enum wire_page_kind */
    uint32_t bytes;   /* that follow */
};

struct wire_run {
    uint16_t offset, bytes; /* in the page */
};

struct wire_fetch {
    uint64_t address; /* of the page */
};

_Static_assert(sizeof(struct wire_pages) == 24, "wire");
_Static_assert(sizeof(struct wire_page) == 40, "wire");
_Static_assert(sizeof(struct wire_run) == 4, "wire");
_Static_assert(sizeof(struct wire_fetch) == 8, "wire");
_Static_assert(sizeof(struct wire_preface) == 64, "wire");
_Static_assert(sizeof(struct wire_answer) == 256, "wire");
_Static_assert(sizeof(struct wire_frame) == 16, "wire");
_Static_assert(sizeof(struct wire_hello) == 24, "wire");
_Static_assert(sizeof(struct wire_extent) == 16, "wire");
_Static_assert(sizeof(struct wire_call) == 64, "wire");
_Static_assert(sizeof(struct wire_reply) == 32, "wire");
_Static_assert(sizeof(struct wire_fate) == 16, "wire");

#endif
