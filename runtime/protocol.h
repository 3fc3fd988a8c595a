/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What is said to fard, and by fard, over its Unix socket (SOCK_SEQPACKET, one message a packet, descriptors by
 * SCM_RIGHTS). Clients, `far` and fard share this header; fard believes nothing it receives: every size, count, offset
 * and string is checked (protocol_check_* in runtime/fard/), unknown types get FAR_MSG_ERROR, and a client that sends
 * rubbish is answered with an error and disconnected.
 *
 * Every message starts with struct far_message; the body follows in the same packet. A reply repeats the request's serial.
 * A request is answered by its own type with FAR_MSG_REPLY set, or by FAR_MSG_ERROR | FAR_MSG_REPLY.
 */
#ifndef FARCALL_PROTOCOL_H
#define FARCALL_PROTOCOL_H

#include "runtime/segment.h"

#include <stdint.h>

#define FAR_PROTOCOL_MAGIC 0x31524146u /* "FAR1" */
#define FAR_MESSAGE_MAX    65536u      /* bytes of one packet, header included */
#define FAR_MESSAGE_FDS    8           /* descriptors with one packet, at most */
#define FAR_SERVICE_MAX    64          /* bytes of a service's name, NUL included */

/* Where fard listens: $FARCALL_SOCKET, else $XDG_RUNTIME_DIR + first suffix if it exists, else the system's. */
#define FAR_SOCKET_ENV         "FARCALL_SOCKET"
#define FAR_SOCKET_USER_SUFFIX "/farcall/socket"
#define FAR_SOCKET_SYSTEM      "/run/farcall/socket"

/* Client side settings by environment (also set by `far run`); ignored where AT_SECURE is set. */
#define FAR_ENV_GATE  "FARCALL_GATE"  /* the gate for calls that trap: process, pku, auto */
#define FAR_ENV_LEVEL "FARCALL_LEVEL" /* ask for no more than this level: none, read, trusted */
#define FAR_ENV_UNTRUSTED \
    "FARCALL_UNTRUSTED"             /* comma list of services whose code may not run in this process: no branch */
#define FAR_ENV_PERF "FARCALL_PERF" /* not empty, not 0: write /tmp/perf-PID.map, for perf */
#define FAR_ENV_TRUST_SERVERS \
    "FARCALL_TRUST_SERVERS" /* comma list of services that may follow pointers into the domain segment */
#define FAR_ENV_HEAP_SIZE    "FARCALL_HEAP_SIZE" /* bytes of addresses of the domain segment; M and G may follow */
#define FAR_ENV_SPIN         "FARCALL_SPIN"      /* spin iterations before sleeping; 0: sleep at once */
#define FAR_ENV_AHEAD        "FARCALL_AHEAD"     /* pages that go along with one that another node asks for; 0: none */
#define FAR_ENV_CAPABILITIES "FARCALL_CAPABILITIES" /* comma list of tokens to present */
#define FAR_ENV_BIND_NOW \
    "FARCALL_BIND_NOW" /* not empty, not 0: a service that is not registered is an error at start */

enum far_message_type {
    FAR_MSG_ERROR = 1,
    /* clients and import libraries */
    FAR_MSG_RESOLVE, /* body: struct far_bind_request + import table; reply: struct far_bind_reply, no fds */
    FAR_MSG_BIND,    /* the same; the reply comes with descriptors */
    FAR_MSG_OPEN_CHANNEL, /* body: struct far_open_channel; reply: struct far_channel_reply + fds: A-stack, host pidfd, a socket */
    FAR_MSG_CLOSE_CHANNEL, /* body: struct far_close_channel; no reply */
    FAR_MSG_LINK, /* body: struct far_link_request: whose stub is at this address? For a call into a service that was never bound */
    FAR_MSG_DOMAIN,        /* the client's own domain segment: struct far_domain_request; far_domain_reply + 1 fd */
    FAR_MSG_TRUST,         /* struct far_trust_request: which service may follow pointers into it; no body */
    FAR_MSG_PRESENT,       /* a capability: what it grants, this connection has from now on */
    FAR_MSG_ADOPT_CHANNEL, /* a channel that a fard before this one had opened: know it again */
    /* fard → client, unasked, serial 0 */
    FAR_MSG_REVOKED, /* a right has gone: unmap, then say FAR_MSG_REVOKE_DONE */
    FAR_MSG_REVOKE_DONE,
    /* fard → host and back, over the socket that the host inherits as descriptor FAR_HOST_FD */
    FAR_MSG_HOST_START,   /* fard → host: struct far_host_start + fds */
    FAR_MSG_HOST_READY,   /* host → fard, no body */
    FAR_MSG_HOST_FAILED,  /* host → fard: struct far_error */
    FAR_MSG_HOST_CHANNEL, /* fard → host: struct far_host_channel + fds: the A-stack, a socket; no reply */
    FAR_MSG_HOST_CLOSE,   /* fard → host, and back (HOST_CHANNELS): struct far_close_channel; no reply */
    FAR_MSG_HOST_MAP,     /* fard → host: a client's domain segment, which the service may follow pointers into */
    FAR_MSG_HOST_UNMAP,
    FAR_MSG_HOST_CHANNELS, /* fard → host and back: which channels there are, after fard was started anew */
    FAR_MSG_HOST_TRACE,    /* fard → host: with 1 fd, write a record of each call there (trace.h); without: no more */
    FAR_MSG_HOST_RETIRE, /* fard → host: no new calls; go when those that run have ended. With 1 fd: the handles go there.
                              Without: none is expected to be needed; host → fard: but there are, so it stays */
    FAR_MSG_HOST_HANDLES, /* fard → host + 1 fd: from there come the handles of the host whose service it takes over */
    /* clients again */
    FAR_MSG_REGION =
        48,        /* memory that can be granted: struct far_region_request; far_domain_reply + 1 fd, or nothing */
    FAR_MSG_GRANT, /* struct far_grant_request: which service may have it as it is; no body */
    FAR_MSG_REOPEN_CHANNEL, /* struct far_close_channel: another connection for a channel to another node, whose last one was lost;
                               answered as OPEN_CHANNEL is there */
    FAR_MSG_HOST_CONNECTION, /* fard → host: struct far_host_connection + 1 fd: a client on another node, for a channel that there is */
    FAR_MSG_HOST_LENDS, /* fard → host: struct far_host_lends: the same client's domain segment, made after the channel */
    /* queued calls: bodies in runtime/queue.h */
    FAR_MSG_QUEUE_PUT = 54, /* keep this call and make it when the service is there; its ticket */
    FAR_MSG_QUEUE_LOOK,     /* what has become of one, or of all */
    FAR_MSG_QUEUE_DROP,     /* forget one that is not being made */
    FAR_MSG_QUEUE_NEXT,     /* couriers: which call is to be made? */
    FAR_MSG_QUEUE_MARK,     /* couriers: what has become of it */
    /* management (far register, ls, …): bodies in runtime/fard/manage.h */
    FAR_MSG_REGISTER = 64,
    FAR_MSG_UNREGISTER,
    FAR_MSG_LIST,
    FAR_MSG_DESCRIBE,
    FAR_MSG_MAP,
    FAR_MSG_STATUS,
    FAR_MSG_SEGMENT, /* body: struct far_segment_request; reply: struct far_segment_reply + 1 fd: the segment's file */
    FAR_MSG_EXPLAIN,
    FAR_MSG_POLICY,
    FAR_MSG_CAPABILITY_GRANT,
    FAR_MSG_CAPABILITY_NARROW,
    FAR_MSG_CAPABILITY_REVOKE,
    FAR_MSG_CAPABILITY_LIST,
    FAR_MSG_METRICS,
    FAR_MSG_TOP,
    FAR_MSG_TRACE,
    FAR_MSG_SETTINGS, /* body: struct far_name_request; reply: "name=value" strings, each with its NUL (hosts.md) */
    FAR_MSG_NODES,
    FAR_MSG_REPLY = 0x8000
};

struct far_message {
    uint32_t magic;   /* FAR_PROTOCOL_MAGIC */
    uint32_t size;    /* bytes of the packet, this header included */
    uint16_t type;    /* enum far_message_type */
    uint16_t version; /* 1 */
    uint32_t serial;  /* chosen by the requester */
};

/* Body of FAR_MSG_ERROR. */
struct far_error {
    int32_t code;    /* errno value: ENOENT unknown service, EPROTOTYPE interface mismatch, EACCES refused, … */
    int32_t exit;    /* the sysexits code a command should end with */
    char text[1016]; /* what, where, what to do; NUL-terminated, one line, no trailing newline */
};

/* Trust that a server grants a client (design section 6): enum far_level of the public header. */
#include <farcall/farcall.h>

/* RESOLVE, BIND: this, then the import library's table (struct far_import_table of runtime/import.h) as it stands. */
struct far_bind_request {
    uint32_t want;    /* enum far_level: ask for no more than this; FAR_LEVEL_UNSET: whatever is granted */
    uint32_t machine; /* ELF e_machine that the client's code is for; 0: what fard itself runs on */
};

/* Descriptors that come with a BIND reply and with HOST_START, in this order, those whose bit is set in `fds`. */
enum far_bind_fd {
    FAR_FD_STUBS, /* sealed memfd: fstubs and dstubs parts for this kind of domain; file offset = part address - base */
    FAR_FD_IFACE, /* sealed memfd: the interface record (farld's flags included), size = file size */
    FAR_FD_IMAGE, /* sealed memfd, bound: code, const, linkage template; file offset = part address - base */
    FAR_FD_RELOC, /* sealed memfd: the .far.reloc stream, for HOST, COPY and CHECK */
    FAR_FD_DATA,  /* memfd: data and heap parts; file offset = address - data part address. Read-only open for `read` */
    FAR_FD_COUNT
};

/* far_bind_reply.flags */
#define FAR_BIND_PENDING \
    1u /* nobody has registered the service yet: stub[] are pending addresses, base is their range's */

#define FAR_BIND_AWAY \
    2u /* its host is on another node: all calls go there, and nothing of it is mapped but its stubs */

struct far_bind_reply {
    uint64_t base;        /* address of the segment's first byte */
    uint64_t fingerprint; /* of the registered interface */
    uint32_t service_id;
    uint32_t level;      /* enum far_level that was granted (and not more than wanted) */
    uint32_t fds;        /* bit mask of 1 << enum far_bind_fd */
    uint32_t op_count;   /* entries that follow: one a requested operation, in the import table's order */
    uint32_t generation; /* of the host; informative */
    uint32_t flags;      /* FAR_BIND_… */
    struct far_extent part[FAR_PART_COUNT]; /* absolute addresses */
    char service[FAR_SERVICE_MAX];
    uint64_t
        pending_base; /* BIND: where the addresses lie that were given out before the service was registered; 0: none */
    uint32_t pending_count; /* entries of pending[] */
    uint32_t major;         /* of the service */
    /* uint64_t stub[op_count]: absolute stub addresses follow */
    /* uint64_t pending[pending_count]: by pending slot, where that operation's stub is; 0: the service has no such one */
};

/*
 * A pending range: addresses for the operations of a service that nobody has registered yet (docs/gates.md). They are
 * given by name, one slot of FAR_STUB_SIZE each, the first being slot 1, and never to another name. Until it is linked a
 * process maps nothing there, so that a call faults; then
 *
 *     base                            jumps: the same instructions in each slot, through the word one span above it
 *     base + FAR_PENDING_SPAN         words: where the operation's stub is, or its twin
 *     base + 2 * FAR_PENDING_SPAN     twins: never mapped, so that what could not be linked faults still
 */
#define FAR_PENDING_SPAN  0x10000u
#define FAR_PENDING_SLOTS (FAR_PENDING_SPAN / FAR_STUB_SIZE)
#define FAR_PENDING_SIZE  (3 * (uint64_t)FAR_PENDING_SPAN) /* bytes of the range that mean something */

/* A-stacks: one a client thread and service. */
#define FAR_CHANNEL_COPIES \
    2u /* what the service gives is copied, though the client may be granted to read it where it lies */
#define FAR_CHANNEL_DESCRIPTORS 1u /* with a socket for descriptors: the third of the reply's, the host's second */

struct far_open_channel {
    uint32_t service_id;
    uint32_t flags; /* FAR_CHANNEL_… */
    uint64_t size;  /* bytes of the whole A-stack wanted; a multiple of 64 KiB, at most FAR_ASTACK_MAX */
};

struct far_channel_reply {
    uint32_t channel;
    uint32_t generation;
    uint64_t size;
};

/*
 * Behind the reply, which then comes without descriptors: the service's host is on another node. The client has an A-stack of its own and
 * makes the host's like it (runtime/net/wire.h).
 */
#define FAR_NODE_NAME_MAX    64  /* bytes of a node's name, NUL included */
#define FAR_NODE_ADDRESS_MAX 272 /* HOST:PORT, NUL included */
struct far_channel_path {
    uint32_t transport;   /* enum wire_transport */
    uint32_t patience_ms; /* how long a lost connection is tried again before the call has failed */
    uint32_t channel;     /* the host's node's number of it: what both say in WIRE_HELLO */
    uint32_t zero;
    uint8_t ticket[16];
    uint8_t secret[32];
    char address[FAR_NODE_ADDRESS_MAX];
    char node[FAR_NODE_NAME_MAX];
};

/* The file that was registered, read-only, for debuggers and profilers of whoever may run its code, and for managers. */
struct far_segment_request {
    char name[FAR_SERVICE_MAX];
    uint32_t machine; /* ELF e_machine; 0: the node's own if there is one for it, else any */
    uint32_t version; /* major + 1; 0: there is one only */
};

struct far_segment_reply {
    uint64_t size; /* of the file */
    uint64_t base; /* where its first byte is mapped */
    uint32_t machine;
    uint32_t reserved;
    uint8_t build_id[32];
};

/* A capability's token (runtime/format/token.h). What it grants, this connection has from now on, for what it binds next. */
#define FAR_TOKEN_MAX 128 /* bytes, NUL included; zeros follow */

struct far_present {
    char token[FAR_TOKEN_MAX];
};

struct far_present_reply {
    uint32_t capability;
    uint32_t level;  /* enum far_level */
    int64_t expires; /* seconds since 1970; 0: never */
};

/* fard → client: the right that a service was bound by has gone. With it, if its code was mapped, 1 fd: stubs that trap. */
struct far_revoked {
    uint64_t base;
    uint32_t service_id;
    uint32_t revocation; /* to be said again when nothing is mapped any more */
};

struct far_revoke_done {
    uint32_t revocation;
    uint32_t reserved;
};

/* LINK. The reply is an import table (runtime/import.h) of the one operation whose stub is there. */
struct far_link_request {
    uint64_t address;
};

struct far_close_channel {
    uint32_t channel;
    uint32_t reserved; /* HOST_CLOSE to a host: FAR_FATE_REVOKED: nothing more may be delivered; say so by HOST_CLOSE.
                          From a host: FAR_FATE_FULL: it has no room for this channel, and has told the client */
};

/* fard → host. fds: all of enum far_bind_fd. part[] absolute. */
#define FAR_HOST_FD         3
#define FAR_HOST_INITIALISE 1u /* the data is fresh: run the constructors (init_array) before FAR_MSG_HOST_READY */
#define FAR_HOST_BESIDE     2u /* another host runs on the data, and may go on: no destructors before a channel comes */

/* How a host is shut in (docs/hosts.md). The word is what is said at registration. */
#define FAR_SANDBOXES(X)                                            \
    X(DEFAULT, default) /* whatever of it the kernel has */         \
    X(STRICT, strict)   /* all of it, or the host does not start */ \
    X(OFF, off)         /* limits only: it may what its uid may */
enum far_sandbox {
#define X(NAME, name) FAR_SANDBOX_##NAME,
    FAR_SANDBOXES(X)
#undef X
        FAR_SANDBOX_COUNT
};

#define FAR_HOST_NET       1u   /* it may use the network */
#define FAR_HOST_PATHS_MAX 2048 /* bytes of the list of paths */

/* What a host may do, as registered. A limit of 0: none was said. */
struct far_host_rights {
    uint64_t memory; /* bytes of private memory beyond far-host's own */
    uint64_t cpu;    /* seconds of a process's life */
    uint32_t files;  /* open descriptors */
    uint32_t processes;
    uint32_t sandbox; /* enum far_sandbox */
    uint32_t flags;   /* FAR_HOST_… */
    uint32_t path_bytes;
    uint32_t stack;                 /* bytes of a channel's thread; 0: what fits the memory (room.h) */
    char paths[FAR_HOST_PATHS_MAX]; /* each: 'r' or 'w' (read and write), the path, NUL */
};

struct far_host_start {
    uint64_t base;
    uint32_t service_id;
    uint32_t generation;
    uint32_t flags;
    uint32_t fds;
    uint32_t
        transports; /* by which clients on other nodes may come: 1 << enum wire_transport; loaded before the sandbox closes */
    uint32_t reserved;
    struct far_extent part[FAR_PART_COUNT];
    struct far_extent init_array; /* absolute address; size in bytes */
    struct far_extent fini_array;
    char service[FAR_SERVICE_MAX];
    struct far_host_rights rights;
};

struct far_host_channel {
    uint32_t channel;
    uint32_t level; /* what this client was granted; decides which global addresses it may name */
    uint32_t uid;
    uint32_t pid;
    uint64_t size; /* of the A-stack */
    uint64_t
        connection;   /* of the client; its domain segment, if the service may reach it, comes with the same number */
    uint32_t limited; /* 1: these slots follow (uint32_t slot[slot_count]), and the client may call no others */
    uint32_t slot_count;
    uint32_t capability; /* by which it has its level; 0: by none. The host only hands it back (HOST_CHANNELS) */
    uint32_t flags;      /* FAR_CHANNEL_COPIES, FAR_CHANNEL_AWAY, FAR_CHANNEL_RESUMED */
    uint32_t node;       /* where the client is: 0: here; pid and uid are that node's, and mean nothing here */
    uint32_t reserved;
    struct far_extent lent; /* with AWAY: where its domain segment lies, as its node says; zeros: it has none yet */
};
#define FAR_HOST_SLOTS_MAX 512
#define FAR_CHANNEL_AWAY \
    4u /* the client is on another node: the A-stack is the host's alone, connections follow (HOST_CONNECTION) */
#define FAR_CHANNEL_RESUMED \
    8u /* with AWAY: the A-stack is as a host before this one has left it: what it has answered stays answered */

/* HOST_CONNECTION: with 1 fd, a TCP connection whose preface and answer have been exchanged. It takes the place of one before. */
struct far_host_connection {
    uint32_t channel;
    uint32_t transport; /* enum wire_transport */
    uint8_t ticket[16];
    uint8_t secret[32];
};

struct far_host_lends {
    uint32_t channel;
    uint32_t reserved;
    struct far_extent range;
};

/*
 * DOMAIN: a client's own segment, at addresses that mean the same everywhere. The reply comes with 1 fd, its memory, as
 * long as the segment and sealed at that. Asked again on the same connection, the answer is the same.
 */
struct far_domain_request {
    uint64_t size;  /* bytes of addresses; 0: the usual. It becomes the next power of two */
    uint64_t claim; /* where the one is that this process has already, from another connection; 0: a new one */
};

struct far_domain_reply {
    uint64_t base;
    uint64_t size;
    uint32_t domain;
    uint32_t reserved;
};

/* TRUST: the service may reach the domain segment, or may not any more. Answered, without a body, when its host has mapped
 * it or let go of it. */
struct far_trust_request {
    char service[FAR_SERVICE_MAX]; /* of all its versions; it need not be registered yet */
    uint32_t on;                   /* 1 or 0 */
    uint32_t reserved;
};

/*
 * REGION: memory of its own that its process can grant to services, piece by piece where DOMAIN is one. The reply comes with 1 fd, its
 * memory, sealed at its size; that of one that is given up has neither body nor descriptor.
 */
struct far_region_request {
    uint64_t size;  /* bytes, of a new one */
    uint64_t base;  /* of one that there is; 0: a new one */
    uint32_t flags; /* FAR_REGION_… */
    uint32_t reserved;
};
#define FAR_REGION_CLAIM 1u /* base: this process has it already, from another connection */
#define FAR_REGION_END   2u /* base: it is given up; services lose it, and its addresses age */
#define FAR_REGION_FIRST \
    4u /* of a program that has none yet, nor a domain segment: what its process had before exec ends */

/* GRANT: answered when the service's host has mapped it, or let go of it. */
struct far_grant_request {
    uint64_t base;                 /* of the region */
    char service[FAR_SERVICE_MAX]; /* of all its versions */
    uint32_t access;               /* FAR_GRANT_…; 0: it is taken back */
    uint32_t reserved;
};
#define FAR_REGION_MOST       ((uint64_t)64 << 30) /* bytes of one */
#define FAR_REGION_UNIT       0x10000u             /* sizes are multiples of it: all kernels' pages are */
#define FAR_REGIONS_MAX       64u                  /* of one process */
#define FAR_REGION_GRANTS_MAX 16u                  /* services that one can be granted to */

/* HOST_MAP: with 1 fd. The host answers with far_host_domain_reply; so it does HOST_UNMAP, once nothing is mapped. */
struct far_host_domain {
    uint64_t base;
    uint64_t size;
    uint64_t
        connection; /* whose it is: far_host_channel.connection. Said again with another number: of that from now on */
    uint32_t domain;
    uint32_t access; /* 0: a domain segment. Of a region: FAR_GRANT_…, as the descriptor allows */
};

struct far_host_unmap {
    uint32_t domain;
    uint32_t reserved;
};

struct far_host_domain_reply {
    uint32_t domain;
    int32_t code; /* 0, or errno */
};

/*
 * HOST_CHANNELS: asked without a body; answered by as many packets as it takes, the last with `last` set. From then on the
 * host says HOST_CLOSE of each of these that ends without fard.
 */
#define FAR_HOST_CHANNELS_MAX 512u /* in one packet */

struct far_host_channels {
    uint32_t count; /* struct far_host_channel[count] follow */
    uint32_t last;  /* 1 or 0 */
    uint32_t generation;
    uint32_t service_id;
};

_Static_assert(sizeof(struct far_message) == 16, "protocol");
_Static_assert(sizeof(struct far_host_channels) == 16, "protocol");
_Static_assert(sizeof(struct far_error) == 1024, "protocol");
_Static_assert(sizeof(struct far_bind_reply) == 40 + 16 * FAR_PART_COUNT + 64 + 16, "protocol");
_Static_assert(sizeof(struct far_host_channel) == 72, "protocol");
_Static_assert(sizeof(struct far_message) + sizeof(struct far_host_channels) +
                       FAR_HOST_CHANNELS_MAX * sizeof(struct far_host_channel) <=
                   FAR_MESSAGE_MAX,
               "protocol");
_Static_assert(sizeof(struct far_host_connection) == 56, "protocol");
_Static_assert(sizeof(struct far_channel_path) == 64 + FAR_NODE_ADDRESS_MAX + FAR_NODE_NAME_MAX, "protocol");
_Static_assert(sizeof(struct far_domain_request) == 16, "protocol");
_Static_assert(sizeof(struct far_domain_reply) == 24, "protocol");
_Static_assert(sizeof(struct far_trust_request) == 72, "protocol");
_Static_assert(sizeof(struct far_region_request) == 24, "protocol");
_Static_assert(sizeof(struct far_grant_request) == 80, "protocol");
_Static_assert(sizeof(struct far_host_domain) == 32, "protocol");
_Static_assert(sizeof(struct far_host_unmap) == 8, "protocol");
_Static_assert(sizeof(struct far_host_domain_reply) == 8, "protocol");
_Static_assert(sizeof(struct far_host_rights) == 40 + FAR_HOST_PATHS_MAX, "protocol");
_Static_assert(sizeof(struct far_present_reply) == 16, "protocol");
_Static_assert(sizeof(struct far_revoked) == 16, "protocol");
_Static_assert(sizeof(struct far_revoke_done) == 8, "protocol");
_Static_assert(sizeof(struct far_segment_request) == 72, "protocol");
_Static_assert(sizeof(struct far_link_request) == 8, "protocol");
_Static_assert(sizeof(struct far_segment_reply) == 56, "protocol");

#endif
