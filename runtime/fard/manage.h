/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Bodies of the management messages (far register, unregister, ls, describe, map), shared by far and fard. Neither side
 * believes the other's sizes: fard checks requests in request.c, far checks replies in runtime/far/client.c.
 *
 *     type         request                                                  reply
 *     REGISTER     struct far_register_request, rules, shippings + 1 fd     struct far_register_reply
 *     UNREGISTER   struct far_name_request                                  none
 *     LIST         struct far_page_request                                  struct far_page_reply, struct
 * far_list_entry … MAP          struct far_page_request                                  struct far_page_reply, struct
 * far_map_entry … DESCRIBE     struct far_name_request                                  struct far_describe_reply,
 * rules, ops STATUS       none                                                     struct far_status_reply
 *
 * LIST, MAP and DESCRIBE answer by pages: while `more` is set, ask again with the last entry's id (`after`), or the
 * number of operations seen so far (`first`).
 */
#ifndef FARCALL_MANAGE_H
#define FARCALL_MANAGE_H

#include "runtime/iface.h"
#include "runtime/protocol.h"

#include <stdbool.h>

#define FAR_EXECUTABLES_MAX  2u /* of one service: one a machine */
#define FAR_HOST_UID_DEFAULT UINT32_MAX
#define FAR_HOST_UID_FIRST   61184u /* a host's own uid, where fard is root: this + service id % the next */
#define FAR_HOST_UID_COUNT   4000u
#define FAR_RULE_MAX         256u  /* policy rules of one service */
#define FAR_SHIPPING_MAX     4096u /* operations named by --function and --data */

/* Whom a policy rule means, the less specific first: the most specific one that fits decides. */
#define FAR_WHOS(X) X(ALL, all) X(GID, gid) X(UID, uid)
enum far_who {
#define X(NAME, name) FAR_WHO_##NAME,
    FAR_WHOS(X)
#undef X
        FAR_WHO_COUNT
};

struct far_rule {
    uint32_t who;   /* enum far_who */
    uint32_t id;    /* uid or gid; 0 for ALL */
    uint32_t level; /* enum far_level: what whoever it means is granted */
    uint32_t reserved;
};

/* What becomes of a service. The word is what `far ls` shows. */
#define FAR_STATES(X)                                                        \
    X(STARTING, starting) /* the host has not said yet that it is ready */   \
    X(READY, ready)                                                          \
    X(DOWN, down)     /* the host died and is started again after a pause */ \
    X(BROKEN, broken) /* what the store keeps of it cannot be used; unregister it, register it again */
enum far_state {
#define X(NAME, name) FAR_STATE_##NAME,
    FAR_STATES(X)
#undef X
        FAR_STATE_COUNT
};

/* Then rule_count × struct far_rule; then shipping_bytes of strings: 'f' or 'd', the operation's name, NUL. */
struct far_register_request {
    char name[FAR_SERVICE_MAX]; /* empty: as the segment's interface record says */
    uint32_t host_uid;          /* FAR_HOST_UID_DEFAULT: fard chooses */
    uint32_t rule_count;
    uint32_t shipping_count;
    uint32_t shipping_bytes;
    uint32_t
        machine; /* ELF e_machine of the file: add it to the service of that name, if there is one; 0: a new service */
    uint32_t reserved;
};

struct far_register_reply {
    uint64_t base;
    uint64_t size; /* bytes of the range */
    uint32_t service_id;
    uint32_t host_pid;
    uint32_t host_uid;
    uint32_t op_count;
    char name[FAR_SERVICE_MAX];
};

struct far_name_request {
    char name[FAR_SERVICE_MAX];
    uint32_t first; /* DESCRIBE: the first operation wanted */
    uint32_t reserved;
};

struct far_page_request {
    uint32_t after; /* entries with a greater id */
    uint32_t reserved;
};

struct far_page_reply {
    uint32_t count;
    uint32_t more; /* 1: there are further entries */
};

struct far_list_entry {
    uint64_t base;
    uint64_t size;
    uint32_t service_id;
    uint32_t state;    /* enum far_state */
    uint32_t host_pid; /* 0: there is none */
    uint32_t host_uid;
    uint32_t restarts;
    uint32_t channels;
    uint32_t op_count;
    uint16_t major;
    uint16_t minor;
    uint32_t machine[FAR_EXECUTABLES_MAX]; /* ELF e_machine of its executables; 0: no more */
    char name[FAR_SERVICE_MAX];
};

/* What a range is to fard now. */
enum far_range_use {
    FAR_RANGE_RETIRED, /* given up; never handed out again */
    FAR_RANGE_SERVICE, /* a registered service lies there */
    FAR_RANGE_PENDING  /* addresses that were given out before their service was registered */
};

struct far_map_entry {
    uint64_t base;
    uint64_t size; /* without the guard granule that follows */
    uint32_t id;
    uint32_t in_use;                       /* enum far_range_use */
    uint32_t machine[FAR_EXECUTABLES_MAX]; /* of a service: as in struct far_list_entry */
    char name[FAR_SERVICE_MAX];
};

struct far_describe_reply {
    struct far_list_entry entry;
    struct far_extent part[FAR_PART_COUNT]; /* absolute */
    uint64_t fingerprint;
    uint8_t build_id[FAR_EXECUTABLES_MAX][32]; /* in the order of entry.machine */
    uint32_t host_machine;                     /* of the executable that the host runs */
    uint32_t generation;
    uint32_t rule_count; /* rules follow, in every page */
    uint32_t op_count;   /* then this many operations of entry.op_count */
    uint32_t first;      /* the number of the first of them */
    uint32_t more;
    char interface[FAR_SERVICE_MAX]; /* the name in the interface record */
    char trouble[512];               /* why the state is what it is; empty if all is well */
};

/* The texts about an operation, in the order in which they follow struct far_describe_op. */
enum far_describe_text {
    FAR_DESCRIBE_NAME,
    FAR_DESCRIBE_SIGNATURE,
    FAR_DESCRIBE_REFUSAL, /* what no gate of fard's version carries of it ("parameter each is a callback"), or "" */
    FAR_DESCRIBE_REASON,  /* why it is not neutral, or "" */
    FAR_DESCRIBE_VOUCHED, /* what its author vouches for, or "" */
    FAR_DESCRIBE_TEXTS
};

/* Then the texts, each with its NUL, and zero bytes up to a multiple of 8. */
struct far_describe_op {
    uint64_t stub; /* absolute address */
    uint64_t fingerprint;
    uint32_t slot;
    uint32_t flags;                         /* FAR_OP_…; FAR_OP_DATA_SHIPPED as registered */
    uint32_t text_size[FAR_DESCRIBE_TEXTS]; /* bytes, NUL included */
    uint32_t reserved;
};

struct far_status_reply {
    uint64_t window_begin;
    uint64_t window_end;
    uint64_t next; /* where the next range will start */
    uint32_t pid;
    uint32_t uid;
    uint32_t services;
    uint32_t clients;
    uint32_t channels;
    uint32_t reserved;
    char version[32];
};

_Static_assert(sizeof(struct far_rule) == 16, "protocol");
_Static_assert(sizeof(struct far_register_request) == 88, "protocol");
_Static_assert(sizeof(struct far_register_reply) == 96, "protocol");
_Static_assert(sizeof(struct far_name_request) == 72, "protocol");
_Static_assert(sizeof(struct far_list_entry) == 120, "protocol");
_Static_assert(sizeof(struct far_map_entry) == 96, "protocol");
_Static_assert(sizeof(struct far_describe_reply) == 120 + 112 + 8 + 64 + 24 + 64 + 512, "protocol");
_Static_assert(sizeof(struct far_describe_op) == 48, "protocol");
_Static_assert(sizeof(struct far_status_reply) == 80, "protocol");

/*
 * Does a call of an operation with these FAR_OP_ flags run in the caller, by a branch, for a client of this level
 * (design section 5)? fard composes stub pages by this, far describe shows it. Only code that touches no state of the
 * process it runs in may; an operation that refuses has no code to branch to.
 */
static inline bool far_call_branches(enum far_level level, uint32_t op_flags)
{
    return level == FAR_LEVEL_TRUSTED && (op_flags & FAR_OP_NEUTRAL) && !(op_flags & FAR_OP_ABSENT);
}

static inline enum far_part far_part_of_op(uint32_t op_flags)
{
    return op_flags & FAR_OP_DATA_SHIPPED ? FAR_PART_DSTUBS : FAR_PART_FSTUBS;
}

/* Bytes of one entry of a DESCRIBE reply with its strings. */
static inline uint64_t far_describe_op_size(const struct far_describe_op *op)
{
    uint64_t size = 0;
    for (int i = 0; i < FAR_DESCRIBE_TEXTS; i++)
        size += op->text_size[i];
    return sizeof *op + ((size + 7) & ~7ull);
}

#endif
