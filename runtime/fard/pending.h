/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Pending addresses (protocol.h): services that somebody was bound to, or calls, before anybody had registered them. A name
 * with its major gets one range for good, an operation a slot in it by the order of asking; both are in the store before anybody is told, so
 * that an address means the same operation whatever happens to fard. Registering the service changes nothing here: who
 * has pending addresses goes on using them.
 *
 * Whoever can connect may ask for names that nobody will ever register, so how many there are is limited.
 */
#ifndef FARCALL_FARD_PENDING_H
#define FARCALL_FARD_PENDING_H

#include "runtime/fard/error.h"
#include "runtime/fard/names.h"
#include "runtime/fard/range.h"
#include "runtime/protocol.h"

#include <stdbool.h>
#include <sys/types.h>

#define PENDING_NAMES_MAX        4096u /* in all */
#define PENDING_UID_NAMES_MAX    64u /* that are not registered, asked for by one uid that may not register anything */
#define PENDING_UID_OPS_MAX      16384u /* operations of those */
#define PENDING_UID_NAME_OPS_MAX 1024u  /* of one name: made-up ones must not take the slots of those that there are */

struct registry;
struct store;

struct pending_op {
    char *name;
    uid_t uid; /* who asked first */
};

struct pending {
    uint32_t id; /* of its range */
    char name[FAR_SERVICE_MAX];
    int32_t major; /* of its interface; -1: from before they were kept. Whoever asks first for one has it */
    struct name_link by_name;
    struct range range;
    uid_t uid;             /* who asked first */
    struct pending_op *op; /* that of slot i is op[i - 1] */
    uint32_t *order;       /* indices into op, by name */
    uint32_t count, room;
};

struct pendings {
    struct pending **item; /* by order of asking */
    uint32_t count, room;
    struct names names;
};

void pendings_free(struct pendings *pendings);

struct pending *pending_find(const struct pendings *pendings, const char *service, uint16_t major); /* or NULL */
/* As a user names it: `version` as in struct far_name_request. Of several majors, one that has not been said is none. */
struct pending *pending_named(const struct pendings *pendings, const char *service, uint32_t version);
/* Whose range this address lies in, or NULL; and the operation whose slot it is, or NULL. */
struct pending *pending_find_address(const struct pendings *pendings, uint64_t address);
const char *pending_op_at(const struct pending *pending, uint64_t address);
uint64_t pending_address(const struct pending *pending, const char *op); /* 0: it has none */

void pending_forget(struct pendings *pendings, struct pending *pending);

struct pending_wish {
    const char *service;
    const char *const *op; /* sorted by name, none twice */
    uint32_t op_count;
    uid_t uid;
    bool unlimited; /* who may register services may ask for any number of names */
    uint16_t major;
};

/*
 * Addresses for all operations of a wish: those there are, and new ones, which are in the store when this returns.
 * Returns 0 and *out, FARD_REFUSED, or a negative errno; then nothing has changed.
 */
int pending_take(struct registry *registry, struct store *store, const struct pending_wish *wish,
                 const struct pending **out, struct far_error *error);

/* What a stored name says; for loading. Slots must come in order. 0, -EINVAL or -ENOMEM. */
int pending_restore(struct pendings *pendings, const struct pending *row);
int pending_restore_op(struct pendings *pendings, uint32_t id, uint32_t slot, const char *op, uid_t uid);

#endif
