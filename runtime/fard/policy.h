/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Who is granted which level, and why. No I/O: what is known of a client was found out when it connected (principal.c),
 * the policy file was read before (policy_file.c).
 *
 *     the policy file   the section of NAME@MAJOR, of NAME, of *; each: its most specific rule that fits, else its default
 *     the registration  far register --trust, --read: the most specific rule that fits
 *     nothing said      none
 *
 * The first that says anything decides. A capability that the client has presented for the service may raise that; the
 * client's own wish only lowers it.
 *
 * Of clients on other nodes nothing is believed but the node and the uid there. Rules about uids, groups and executables here are not about
 * them; rules about nodes are, and no others. Nothing is mapped across the network, so they get none, or are refused.
 */
#ifndef FARCALL_POLICY_H
#define FARCALL_POLICY_H

#include "runtime/fard/manage.h"

#include <sys/types.h>

struct registry;
struct service;

/* The executable that a client runs, as it was when the client connected. */
struct program {
    char *path; /* as the kernel names it; NULL: not known, and `trouble` says why */
    uint64_t device, inode;
    bool examined;     /* principal_examine() has compared it with the file of that name */
    bool confirmed;    /* that is the same file, and only root or fard's uid can change it */
    char trouble[192]; /* why it is not confirmed */
};

/* A client as the kernel vouches for it (SO_PEERCRED, SO_PEERGROUPS) at the time it connected. */
struct principal {
    pid_t pid;
    uid_t uid;
    gid_t gid;
    gid_t *groups; /* supplementary ones; owned by whoever fills this in */
    uint32_t group_count;
    struct program program;
    uint32_t *presented; /* ids of capabilities; owned likewise */
    uint32_t presented_count;
    char node[FAR_NODE_NAME_MAX]; /* where it is, and who vouches for the rest; empty: here, and the kernel does */
};

/* What the policy file says about one service, or about all (`*`). */
struct policy_section {
    char name[FAR_SERVICE_MAX];
    int32_t major; /* -1: all versions */
    uint32_t line;
    uint32_t first, count; /* its rules */
    uint32_t fallback;     /* POLICY_FALLBACK_…, or an enum far_level */
    uint32_t fallback_line;
};
#define POLICY_FALLBACK_NEXT         FAR_LEVEL_UNSET /* no default: ask whoever comes next */
#define POLICY_FALLBACK_REGISTRATION FAR_LEVEL_COUNT /* `default registration` */

/* Where in the file a rule stands, and what it calls whom it means: an offset into `words`. */
struct policy_place {
    uint32_t line;
    uint32_t word;
};

/* A policy file that was read, with all its parts in memory of its own. */
struct policy_file {
    char *path;
    struct policy_section *section; /* sorted: policy_section_order() */
    uint32_t section_count;
    struct far_rule *rules;
    struct policy_place *place; /* of each rule */
    uint32_t rule_count;
    char *subjects; /* as struct rule_list */
    char *words;
    char *text; /* as it was read, for whoever wants to see what is in force */
    size_t size;
};

enum policy_source {
    POLICY_BY_DEFAULT,
    POLICY_BY_FILE,
    POLICY_BY_REGISTRATION,
    POLICY_BY_CAPABILITY,
    POLICY_BY_PLACE /* the service is on another node, or the client is: nothing is mapped across */
};

/* Why a level was granted. What it points to belongs to the policy file or the service, and lives no longer. */
struct policy_reason {
    enum policy_source source;
    enum far_level granted;         /* before the client's own wish */
    const struct far_rule *rule;    /* NULL: a default */
    const char *subjects;           /* the rule's */
    const struct policy_file *file; /* POLICY_BY_FILE */
    const char *word;               /* POLICY_BY_FILE: whom the rule means, as it was written */
    uint32_t line;                  /* POLICY_BY_FILE */
    uint32_t capability;            /* POLICY_BY_CAPABILITY: its id */
    bool limited;                   /* POLICY_BY_CAPABILITY: to some operations */
    enum far_level otherwise;       /* POLICY_BY_CAPABILITY: what would be granted without it */
    const char *node;               /* POLICY_BY_PLACE: where the other is */
    bool refused;                   /* a client on another node, which may not even call */
};

/*
 * What a service grants a client. The only place where that is decided. `why` may be NULL. A client's program counts only
 * if principal_examine() was called.
 */
enum far_level policy_grant(const struct registry *registry, const struct service *service, const struct principal *who,
                            struct policy_reason *why);
/* Without what the client has presented. */
enum far_level policy_by_rules(const struct registry *registry, const struct service *service,
                               const struct principal *who, struct policy_reason *why);
/* The reason in words: "registered with --trust uid:1000". */
void policy_reason_text(const struct policy_reason *why, char *text, size_t size);
const char *policy_level_word(enum far_level level);
const char *policy_source_word(enum policy_source source);

/* The rule that decides in a list: the most specific one that fits, among equally specific ones the highest level; or NULL. */
const struct far_rule *policy_decider(const struct rule_list *list, const struct principal *who);
enum policy_fit {
    POLICY_FITS,
    POLICY_OTHER_UID,
    POLICY_OTHER_GROUP,
    POLICY_OTHER_PROGRAM,
    POLICY_OTHER_NODE,
    POLICY_PROGRAM_UNKNOWN,
    POLICY_PROGRAM_UNCONFIRMED
};
enum policy_fit policy_fit(const struct far_rule *rule, const char *subjects, const struct principal *who);

/* The sections of a file that speak of a service, the most specific first; NULL where there is none. */
#define POLICY_SECTIONS 3
void policy_sections_of(const struct policy_file *file, const struct service *service,
                        const struct policy_section *section[POLICY_SECTIONS]);
/* Does the section say anything about this client? */
bool policy_section_decides(const struct policy_file *file, const struct policy_section *section,
                            const struct principal *who);

/*
 * policy_explain.c: one line of text for each rule that was looked at, in order, up to the one that decided. Without
 * `others`, rules about other uids and groups are only counted: they are not everybody's to know.
 */
typedef void policy_line_call(void *context, const char *line);
void policy_each_line(const struct registry *registry, const struct service *service, const struct principal *who,
                      bool others, policy_line_call *each, void *context);

/* Does any rule that could decide about the service name this program? Then it must be examined. */
bool policy_names_program(const struct registry *registry, const struct service *service, const char *path);

/* No more than wanted. FAR_LEVEL_UNSET: whatever is granted. */
enum far_level policy_lowered(enum far_level granted, uint32_t want);

/* Can this rule be kept? Its subject must be one of `subject_bytes` bytes of texts, each ended by a NUL. */
bool policy_rule_is_sound(const struct far_rule *rule, const char *subjects, uint32_t subject_bytes);
/* "uid:1000", "all", "uid:1000+exe:/usr/bin/viewer". */
void policy_who_text(const struct far_rule *rule, const char *subjects, char *text, size_t size);

/* policy_parse.c: qsort() and bsearch() order of sections. */
int policy_section_order(const void *a, const void *b);
void policy_file_free(struct policy_file *file); /* NULL is fine */

#endif
