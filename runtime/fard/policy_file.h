/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The policy file (docs/policy.md), from text to struct policy_file. fard and `far policy check` share this.
 *
 *     # a comment
 *     service NAME | NAME@MAJOR | *
 *         LEVEL WHO…                 LEVEL: none, read, trusted; of nodes none, refuse
 *         default LEVEL | registration
 *
 *     WHO: uid:N, gid:N, user:NAME, group:NAME, exe:PATH, or one of the first four +exe:PATH; "…" holds blanks
 *          node:NAME, node:NAME:UID, node:*
 */
#ifndef FARCALL_POLICY_FILE_H
#define FARCALL_POLICY_FILE_H

#include "runtime/fard/error.h"
#include "runtime/fard/policy.h"

#define POLICY_SIZE_MAX 0x100000u /* bytes of a policy file */

/* Where the names of a policy file come from. All return 0, -ENOENT or another negative errno. */
struct policy_lookup {
    int (*user)(void *context, const char *name, uint32_t *uid);
    int (*group)(void *context, const char *name, uint32_t *gid);
    /* The real path of an executable, without links: into real[FAR_SUBJECT_MAX]. */
    int (*program)(void *context, const char *path, char *real);
    void *context;
};

struct policy_complaint {
    uint32_t line, column; /* from 1; the column counts bytes */
    bool warning;          /* the file can be used all the same */
    const char *text;
};

/* Whoever hears what is wrong with a file, complaint by complaint. */
struct policy_listener {
    void (*hear)(void *context, const struct policy_complaint *complaint);
    void *context;
};

/* No I/O but through `lookup`. 0, -EINVAL (the listener was told why) or -ENOMEM; *out: policy_file_free() it. */
int policy_parse(const char *path, const char *text, size_t size, const struct policy_lookup *lookup,
                 const struct policy_listener *listener, struct policy_file **out);

/* Users and groups from /etc/passwd and /etc/group and nowhere else: fard must not wait for a directory service. */
extern const struct policy_lookup policy_lookup_system;

/*
 * The text of a policy file, free() it. It must be a file of root's or `uid`'s that nobody else can write to. 0,
 * FARD_REFUSED or -ENOMEM.
 */
int policy_read(const char *path, uid_t uid, char **text, size_t *size, struct far_error *error);
/* Where fard looks if it is not told: /etc/farcall/policy for root, else the user's. False: nowhere. */
bool policy_default_path(char *path, size_t size);

#endif
