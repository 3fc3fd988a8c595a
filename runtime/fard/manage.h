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
#include <stddef.h>

#define FAR_EXECUTABLES_MAX  2u /* of one service: one a machine */
#define FAR_HOST_UID_DEFAULT UINT32_MAX
#define FAR_HOST_UID_FIRST \
    61184u /* a host's own uid, where fard is root: this + service id % the next, or the next free one */
#define FAR_HOST_UID_COUNT 4000u
#define FAR_RULE_MAX       256u  /* policy rules of one service */
#define FAR_SUBJECT_MAX    1024u /* bytes of an executable's path in a rule, NUL included */
#define FAR_SUBJECTS_MAX   8192u /* bytes of all such paths of one service */
#define FAR_SHIPPING_MAX   4096u /* operations named by --function and --data */

/* Whom a policy rule means, the less specific first: the most specific one that fits decides. */
#define FAR_WHOS(X) X(ALL, all) X(GID, gid) X(UID, uid) X(NODE, node) X(NODE_UID, node_uid)
enum far_who {
#define X(NAME, name) FAR_WHO_##NAME,
    FAR_WHOS(X)
#undef X
        FAR_WHO_COUNT
};

struct far_rule {
    uint32_t who;   /* enum far_who */
    uint32_t id;    /* uid or gid; 0 for ALL and NODE */
    uint32_t level; /* enum far_level: what whoever it means is granted; about nodes: NONE or FAR_RULE_REFUSED */
    /* 0, or: only with this executable. Its path, from / on, stands among the texts that go with the rules: where it
     * begins, counted from 1. About nodes: the node's name there, or "*". */
    uint32_t subject;
};
#define FAR_RULE_REFUSED 255u /* clients there may not even call */

/* Rules with the texts that they refer to, each ended by a NUL. */
struct rule_list {
    const struct far_rule *rules;
    uint32_t count;
    const char *subjects;
};

/* The executable that a rule names, or NULL. */
static inline const char *rule_program(const struct far_rule *rule, const char *subjects)
{
    return rule->subject && rule->who < FAR_WHO_NODE ? subjects + rule->subject - 1 : NULL;
}

/* The node that a rule names, or NULL: it is about clients here. */
static inline const char *rule_node(const struct far_rule *rule, const char *subjects)
{
    return rule->subject && rule->who >= FAR_WHO_NODE ? subjects + rule->subject - 1 : NULL;
}

/* What becomes of a service. The word is what `far ls` shows. */
#define FAR_STATES(X)                                                                                   \
    X(STARTING, starting) /* the host has not said yet that it is ready */                              \
    X(READY, ready)                                                                                     \
    X(DOWN, down)     /* the host died and is started again after a pause */                            \
    X(IDLE, idle)     /* nobody needs a host; it is started when somebody does */                       \
    X(BROKEN, broken) /* what the store keeps of it cannot be used; unregister it, register it again */ \
    X(AWAY, away)     /* it is on another node, and so is its host */
enum far_state {
#define X(NAME, name) FAR_STATE_##NAME,
    FAR_STATES(X)
#undef X
        FAR_STATE_COUNT
};

/* Then rule_count × struct far_rule; then subject_bytes of paths, each ended by a NUL, which the rules refer to; then
 * shipping_bytes of strings: 'f' or 'd', the operation's name, NUL; then setting_bytes of strings: what its host may, as
 * "name=value" (docs/hosts.md), NUL. */
struct far_register_request {
    char name[FAR_SERVICE_MAX]; /* empty: as the segment's interface record says */
    uint32_t host_uid;          /* FAR_HOST_UID_DEFAULT: fard chooses */
    uint32_t rule_count;
    uint32_t shipping_count;
    uint32_t shipping_bytes;
    uint32_t
        machine; /* ELF e_machine of the file: add it to the service of that name, if there is one; 0: a new service */
    uint32_t subject_bytes;
    uint32_t setting_bytes;
    uint32_t flags; /* FAR_REGISTER_… */
};

#define FAR_REGISTER_UPGRADE 1u /* the file replaces the executable of the service that is there */

/* Of an upgrade, lines about variables follow, each ended by a NUL. */
struct far_register_reply {
    uint64_t base;
    uint64_t size; /* bytes of the range */
    uint32_t service_id;
    uint32_t host_pid;
    uint32_t host_uid;
    uint32_t op_count;
    char name[FAR_SERVICE_MAX];
};

/* NAME@MAJOR in a request: FAR_VERSION_OF(major); 0: there is one major only, and that one is meant. */
#define FAR_VERSION_OF(major) ((uint32_t)(major) + 1)
#define FAR_VERSION_MAX       FAR_VERSION_OF(UINT16_MAX)

struct far_name_request {
    char name[FAR_SERVICE_MAX];
    uint32_t first;   /* DESCRIBE: the first operation wanted */
    uint32_t version; /* of the service */
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
    char node[FAR_NODE_NAME_MAX]; /* where it is; empty: there are no other nodes */
};

/* What a range is to fard now. */
enum far_range_use {
    FAR_RANGE_RETIRED, /* given up; never handed out again */
    FAR_RANGE_SERVICE, /* a registered service lies there */
    FAR_RANGE_PENDING, /* addresses that were given out before their service was registered */
    FAR_RANGE_DOMAINS, /* domain segments of clients come from there */
    FAR_RANGE_AWAY     /* a service lies there that is on another node */
};

struct far_map_entry {
    uint64_t base;
    uint64_t size; /* without the guard granule that follows */
    uint32_t id;
    uint32_t in_use;                       /* enum far_range_use */
    uint32_t machine[FAR_EXECUTABLES_MAX]; /* of a service: as in struct far_list_entry */
    uint32_t version;                      /* of a service: as in struct far_name_request; else 0 */
    uint32_t domains;                      /* of FAR_RANGE_DOMAINS: how many clients have one there */
    char name[FAR_SERVICE_MAX];
    char node[FAR_NODE_NAME_MAX]; /* of FAR_RANGE_AWAY */
};

struct far_describe_reply {
    struct far_list_entry entry;
    struct far_extent part[FAR_PART_COUNT]; /* absolute */
    uint64_t fingerprint;
    uint8_t build_id[FAR_EXECUTABLES_MAX][32]; /* in the order of entry.machine */
    uint32_t host_machine;                     /* of the executable that the host runs */
    uint32_t generation;
    uint32_t rule_count;    /* rules follow, in every page */
    uint32_t subject_bytes; /* then what the rules refer to, with zero bytes up to a multiple of 8 */
    uint16_t rules_hidden;  /* rules that only managers are shown */
    uint16_t level;         /* enum far_level: what whoever asks would be granted */
    uint32_t op_count;      /* then this many operations of entry.op_count */
    uint32_t first;         /* the number of the first of them */
    uint32_t more;
    char interface[FAR_SERVICE_MAX]; /* the name in the interface record */
    char trouble[512];               /* why the state is what it is; empty if all is well */
    uint64_t region_bytes;           /* of regions that clients have granted it, */
    uint32_t regions;                /* so many */
    uint32_t reserved;
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

/*
 * Which level somebody would be granted by a service, and why. Nothing set in `flags`: whoever asks. group_count × uint32_t
 * and program_bytes (an executable's path, with its NUL) follow.
 */
#define FAR_EXPLAIN_UID     1u /* as somebody of this uid, gid and groups */
#define FAR_EXPLAIN_GID     2u /* without UID: as a user that no rule names, in this group */
#define FAR_EXPLAIN_PID     4u /* as that process */
#define FAR_EXPLAIN_PROGRAM 8u /* and as one that runs this executable */
#define FAR_EXPLAIN_NODE \
    16u /* on another node, of uid if UID is set: its name stands in place of the executable's path */
#define FAR_EXPLAIN_GROUPS_MAX 4096u
struct far_explain_request {
    char name[FAR_SERVICE_MAX];
    uint32_t version; /* FAR_MAJOR_…: as struct far_name_request has it */
    uint32_t flags;
    uint32_t uid;
    uint32_t gid;
    uint32_t pid;
    uint32_t machine; /* ELF e_machine of the client's; 0: the node's own */
    uint32_t group_count;
    uint32_t program_bytes;
};

#define FAR_CAPABILITY_OPS 1024 /* bytes of all names, each ended by a newline, and a NUL */

/* How a part is mapped in a client. */
#define FAR_RIGHT_READ    1u
#define FAR_RIGHT_WRITE   2u
#define FAR_RIGHT_EXECUTE 4u
#define FAR_RIGHT_SHARED  8u /* what others write is seen */

/* Then text_bytes of lines, each ended by a NUL: every rule that was looked at, in order, and whether it fits. */
struct far_explain_reply {
    uint32_t level;  /* enum far_level */
    uint32_t source; /* enum policy_source */
    uint32_t uid;    /* whom it is about; UINT32_MAX: no particular one */
    uint32_t gid;
    uint32_t pid;           /* 0: no particular one */
    uint32_t machine;       /* of the executable that is mapped; 0: there is none for the client's */
    uint32_t channel_level; /* PID: the level its calls by trap have; FAR_LEVEL_UNSET: it has not bound the service */
    uint32_t group_count;   /* supplementary groups that were looked at */
    uint32_t rights[FAR_PART_COUNT]; /* FAR_RIGHT_… */
    uint32_t text_bytes;
    uint32_t handed_level; /* PID: the highest level that it was given memory of; FAR_LEVEL_UNSET as above */
    uint32_t limited;      /* 1: calls of the operations in `ops` alone */
    struct far_extent part[FAR_PART_COUNT]; /* absolute */
    char ops[FAR_CAPABILITY_OPS];           /* names, each ended by a newline */
    char source_word[16];
    char service[FAR_SERVICE_MAX];
    char program[FAR_SUBJECT_MAX]; /* its path; empty: not known */
    char trouble[192];             /* why no rule that names an executable fits; empty: they do */
    char reason[2 * FAR_SUBJECT_MAX];
    char node[FAR_NODE_NAME_MAX]; /* where the service is; empty: here */
    uint32_t refused;             /* 1: somebody on another node, who may not even call */
    uint32_t reserved;
};

/* The policy file in force, piece by piece. */
struct far_policy_request {
    uint32_t offset;
    uint32_t reserved;
};

/* Then `count` bytes of the file, from the offset asked for on. */
struct far_policy_reply {
    uint32_t present; /* 0: there is none in force */
    uint32_t size;
    uint32_t count;
    uint32_t rules;
    char path[1024];   /* where it is read from; empty: nowhere */
    char trouble[512]; /* why what is there now is not in force; empty: it is */
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
    char node[FAR_NODE_NAME_MAX]; /* this node's name; empty: there are no others */
};

#define FAR_CAPABILITY_NOTE 64

/* CAPABILITY_GRANT, CAPABILITY_NARROW. What is not needed is zeros. */
struct far_capability_request {
    char token[FAR_TOKEN_MAX];     /* narrow: from which */
    char service[FAR_SERVICE_MAX]; /* grant: for which */
    char note[FAR_CAPABILITY_NOTE];
    int64_t expires;              /* seconds since 1970; 0: grant: never; narrow: when that which was presented does */
    uint32_t level;               /* enum far_level; narrow: UNSET: as that which was presented */
    uint32_t version;             /* grant: as struct far_name_request has it */
    char ops[FAR_CAPABILITY_OPS]; /* empty: all that there are to be had */
};

struct far_capability_reply {
    char token[FAR_TOKEN_MAX]; /* said once: fard keeps only its digest */
    char service[FAR_SERVICE_MAX];
    int64_t expires;
    uint32_t id;
    uint32_t level;
    uint32_t major; /* of the service */
    uint32_t reserved;
};

struct far_capability_revoke {
    char by[FAR_TOKEN_MAX];    /* what it was narrowed from; managers need none */
    char token[FAR_TOKEN_MAX]; /* which; or by its id */
    uint32_t id;
    uint32_t reserved;
};

struct far_revoke_reply {
    uint32_t capabilities; /* that were revoked: itself and what was narrowed from it */
    uint32_t holders;      /* processes that lost a right by it */
    uint32_t killed;       /* of those and others that held its memory: which did not give it up */
    uint32_t kept;         /* processes that hold it still, and that this fard may not kill */
    uint32_t unseen;       /* told, and said to have given it up, where this fard may not look */
    uint32_t unfinished;   /* FAR_REVOKE_… */
};
#define FAR_REVOKE_UNFINISHED 1u /* there was no end of new holders within the time */
#define FAR_REVOKE_UNWRITTEN  2u /* it is not out of the store yet */

struct far_capability_entry {
    int64_t expires;
    uint32_t id;
    uint32_t parent;
    uint32_t level;
    uint32_t uid;
    uint32_t holders; /* connections that it was presented on */
    uint32_t major;   /* of the service */
    char service[FAR_SERVICE_MAX];
    char note[FAR_CAPABILITY_NOTE];
    char ops[FAR_CAPABILITY_OPS];
};

/* METRICS: the reply comes with 1 fd, a sealed file of Prometheus' text. */
struct far_metrics_reply {
    uint64_t size;
};

/* NODES: this node first, by pages, like LIST. */
struct far_node_entry {
    uint64_t since;         /* seconds since 1970: linked, or not, from then on; 0: it never was */
    uint64_t round_trip_us; /* 0: not known */
    uint32_t id;
    uint32_t flags; /* FAR_NODE_… */
    uint32_t links; /* up */
    uint32_t there; /* channels of clients here to services there */
    uint32_t here;  /* channels of clients there to services here */
    uint32_t reserved;
    char name[FAR_NODE_NAME_MAX]; /* "": never linked, and known by its address only */
    char address[FAR_NODE_ADDRESS_MAX];
    char trouble[256]; /* why there is no link */
};
#define FAR_NODE_SELF        1u
#define FAR_NODE_KEEPS_NAMES 2u

/* TOP: by pages, like LIST. */
enum far_top_what { FAR_TOP_SERVICES, FAR_TOP_USERS, FAR_TOP_COUNT };

struct far_top_request {
    uint32_t what;  /* enum far_top_what */
    uint32_t after; /* services: entries with a greater id; users: `next` of the last entry */
};

struct far_top_service {
    uint64_t calls;       /* that its host has answered */
    uint64_t output_lost; /* lines of the host that were left out of the log */
    uint32_t id;
    uint32_t state; /* enum far_state */
    uint32_t host_pid;
    uint32_t host_uid;
    uint32_t restarts;
    uint32_t channels;
    uint32_t in_progress; /* channels in which a call runs */
    uint16_t major;
    uint16_t minor;
    char name[FAR_SERVICE_MAX];
};

struct far_top_user {
    uint64_t requests; /* that fard has answered */
    uint64_t deferred; /* of them: had to wait for a turn */
    uint64_t bytes;    /* of A-stacks */
    uint32_t uid;
    uint32_t next;
    uint32_t clients;
    uint32_t channels;
};

/* TRACE: the calls of a service from now on, as long as the connection is open. The reply comes with 1 fd: the ring. */
struct far_trace_request {
    uint32_t service_id;
    uint32_t reserved;
};

struct far_trace_reply {
    uint64_t size;
    uint32_t service_id;
    uint32_t reserved;
};

_Static_assert(sizeof(struct far_top_service) == 112, "protocol");
_Static_assert(sizeof(struct far_top_user) == 40, "protocol");
_Static_assert(sizeof(struct far_trace_reply) == 16, "protocol");
_Static_assert(sizeof(struct far_rule) == 16, "protocol");
_Static_assert(sizeof(struct far_register_request) == 96, "protocol");
_Static_assert(sizeof(struct far_register_reply) == 96, "protocol");
_Static_assert(sizeof(struct far_name_request) == 72, "protocol");
_Static_assert(sizeof(struct far_list_entry) == 120 + FAR_NODE_NAME_MAX, "protocol");
_Static_assert(sizeof(struct far_map_entry) == 104 + FAR_NODE_NAME_MAX, "protocol");
_Static_assert(sizeof(struct far_capability_request) == 128 + 64 + 64 + 16 + 1024, "protocol");
_Static_assert(sizeof(struct far_capability_reply) == 128 + 64 + 24, "protocol");
_Static_assert(sizeof(struct far_capability_revoke) == 264, "protocol");
_Static_assert(sizeof(struct far_revoke_reply) == 24, "protocol");
_Static_assert(sizeof(struct far_capability_entry) == 32 + 64 + 64 + 1024, "protocol");
_Static_assert(sizeof(struct far_describe_reply) == 120 + FAR_NODE_NAME_MAX + 112 + 8 + 64 + 32 + 64 + 512 + 16,
               "protocol");
_Static_assert(sizeof(struct far_describe_op) == 48, "protocol");
_Static_assert(sizeof(struct far_explain_request) == 96, "protocol");
_Static_assert(sizeof(struct far_explain_reply) == 72 + 112 + FAR_CAPABILITY_OPS + 16 + 64 + 1024 + 192 + 2048 + 72,
               "protocol");
_Static_assert(sizeof(struct far_policy_request) == 8, "protocol");
_Static_assert(sizeof(struct far_policy_reply) == 1552, "protocol");
_Static_assert(sizeof(struct far_status_reply) == 80 + FAR_NODE_NAME_MAX, "protocol");

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
