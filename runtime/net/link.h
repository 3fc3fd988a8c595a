/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What two fards say to each other over TLS: packets with the header of fard's socket (struct far_message: magic, size, type, version,
 * serial; a reply repeats the serial and has FAR_MSG_REPLY set, or is FAR_MSG_ERROR | FAR_MSG_REPLY with struct far_error), one behind the other.
 * Little-endian. Nothing is believed: a fard that sends rubbish is told so, and the link ends. Who the other is, its certificate says.
 */
#ifndef FARCALL_LINK_MESSAGES_H
#define FARCALL_LINK_MESSAGES_H

#include "runtime/net/wire.h"
#include "runtime/protocol.h"

#define LINK_VERSION 2u

enum link_message_type {
    LINK_HELLO = 256, /* both, first: struct link_hello */
    LINK_PING,        /* no body; replied to without one */
    /* names: asked of the node that keeps them (cluster.h) */
    LINK_LEASE, /* struct link_lease; the reply is struct link_chunk */
    LINK_PUBLISH, /* struct link_service: registered at the asking node, or what there is of it has changed; the reply is the
                     entry, with its new revision */
    LINK_WITHDRAW,     /* struct link_service: not registered any more; no body */
    LINK_FIND,         /* struct link_name; the reply is struct link_service */
    LINK_FIND_ADDRESS, /* struct link_address; the same */
    LINK_LIST, /* struct link_name: the first behind it; the reply is struct link_service, or ENOENT: the last has been said */
    /* asked of the node where a service is */
    LINK_SEGMENT,     /* struct link_segment; the reply is its bytes from there, at most LINK_SEGMENT_BYTES */
    LINK_OPEN,        /* struct link_open; the reply is struct far_channel_reply + struct far_channel_path */
    LINK_REOPEN,      /* struct link_channel; the same */
    LINK_CLOSE,       /* struct link_channel; no reply */
    LINK_CLIENT_GONE, /* struct link_client; no reply: all its channels end */
    LINK_CHANNELS, /* struct link_channels: when a link has come up: these are all that there are; no reply. Others end there,
                         and of those that are not known there LINK_FATE comes */
    /* said by the node where a service is, serial 0 */
    LINK_FATE, /* struct link_channel: it has ended there, and why (FAR_FATE_…, astack.h) */
    LINK_GONE, /* struct link_name: the service is not registered there any more */
    /* asked of the node where a service is */
    LINK_SHIPPINGS, /* struct link_shippings; the reply: for each operation from there on that is not shipped as the segment's record
                       says, 'f' or 'd', its name, NUL; without a body: there are no more */
    LINK_DOMAIN, /* struct link_domain; no reply: a client that has channels there has got its domain segment */
};

struct link_hello {
    uint32_t version;                   /* LINK_VERSION */
    uint32_t flags;                     /* LINK_KEEPS_NAMES */
    char address[FAR_NODE_ADDRESS_MAX]; /* where others reach it; empty: nowhere */
    uint64_t window_begin, window_end;  /* of its build: must be one's own */
    uint64_t instance; /* random: another one than before is another fard, which knows nothing of what was opened */
};
#define LINK_KEEPS_NAMES 1u

struct link_name {
    char name[FAR_SERVICE_MAX];
    uint32_t major; /* major + 1; 0: the lowest there is */
    uint32_t zero;
};

struct link_address {
    uint64_t address;
};

struct link_lease {
    uint64_t bytes; /* at least that many, in one piece */
    uint64_t
        cursor; /* of the asking node: it has given out everything below it by itself, before it knew of others; 0: nothing */
};

struct link_chunk {
    uint64_t base, size;
};

#define LINK_EXECUTABLES 4

/* A service, wherever it is. What others are told of it, and all that its range and its name are held by. */
struct link_service {
    char name[FAR_SERVICE_MAX];
    char node[FAR_NODE_NAME_MAX];
    char address[FAR_NODE_ADDRESS_MAX];
    uint64_t base, size; /* of its range */
    uint64_t fingerprint;
    uint64_t revision; /* of this entry: whoever changes it says which one he has seen */
    uint32_t major;
    uint32_t executable_count;
    struct {
        uint32_t machine, zero;
        uint8_t build_id[32];
    } executable[LINK_EXECUTABLES];
};

#define LINK_SEGMENT_BYTES 61440u
struct link_segment {
    uint8_t build_id[32];
    uint64_t offset;
};
/* Its reply: this, then the bytes. */
struct link_segment_piece {
    uint64_t size; /* of the whole file */
};

struct link_shippings {
    struct link_name name;
    uint32_t first;
    uint32_t zero;
};

struct link_open {
    char service[FAR_SERVICE_MAX];
    uint32_t major;
    uint32_t flags;         /* FAR_CHANNEL_COPIES … */
    uint64_t size;          /* of the A-stack */
    uint64_t connection;    /* of the client, the asking node's number */
    uint32_t uid, gid, pid; /* as the asking node vouches for */
    uint32_t want;          /* enum far_level: no more than this */
    uint32_t transports;    /* those that the asking node would use: 1 << enum wire_transport. The other chooses */
    uint32_t zero;
    struct far_extent domain; /* the client's own; zeros: it has none yet (LINK_DOMAIN) */
};

struct link_channel {
    uint32_t channel;
    uint32_t fate;
};

struct link_client {
    uint64_t connection;
};

struct link_domain {
    uint64_t connection; /* of the client */
    struct far_extent range;
};

#define LINK_CHANNELS_MAX 8192u /* in one packet */
struct link_channels {
    uint32_t count; /* uint32_t channel[count] follow */
    uint32_t last;  /* 1: no more of these packets come; 0: they do */
};

#endif
