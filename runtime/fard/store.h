/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What survives fard: STORE/names.db (SQLite: names, ranges, policy) and STORE/segments/<build id>.seg, a copy of each
 * registered segment file. Every change is on the disk before anybody is told; a change that fails changes nothing.
 *
 *     ranges     every range ever taken, whatever became of it: the allocator starts after the last
 *     services   what is registered now; rules and shippings belong to it, and executables for further machines
 *     pending    names that somebody was bound to before they were registered; pending_ops: their operations' slots
 *     hosts      the process and the memory of each service, as long as fard runs: for the next one, should it be killed
 *     domains    likewise for domain segments of clients
 *
 * and what belongs to a cluster (store_cluster.h).
 */
#ifndef FARCALL_STORE_H
#define FARCALL_STORE_H

#include "runtime/fard/registry.h"

struct store;

/* A row of the store; what the pointers point to is the caller's only during the call-back. */
struct stored_service {
    uint32_t id;
    const char *name;
    struct range range;
    int32_t major; /* -1: from before they were kept */
    uint8_t build_id[32];
    const uint8_t (*more)[32]; /* the build ids of its executables for further machines */
    uint32_t more_count;
    uint32_t host_uid;
    const struct far_rule *rules;
    uint32_t rule_count;
    const char *subjects; /* that the rules refer to */
    uint32_t subject_bytes;
    const char *shippings;
    uint32_t shipping_count;
    const struct host_settings *settings;
    const char *trouble; /* not empty: what of this makes no sense, so that the service must not be used */
};

/* All return 0, FARD_REFUSED with a text for people, or a negative errno. */

/* Creates what is missing. Refuses a store that another fard uses, that is damaged, or that a newer version wrote. */
int store_open(struct store **out, const char *path, struct far_error *error);
void store_free(struct store *store);
const char *store_path(const struct store *store);

/* Takes the next range for `bytes` bytes under `name`: recorded before this returns, and never given out again. */
int store_take_range(struct store *store, const char *name, uint64_t bytes, uint32_t *id, struct range *range,
                     struct far_error *error);
uint64_t store_cursor(const struct store *store); /* where the next range will start */

/* Keeps a copy of the segment file: temporary file, fsync, rename, fsync of the folder. */
int store_put_segment(struct store *store, const uint8_t build_id[32], const void *bytes, size_t size,
                      struct far_error *error);
/* Drops it again unless a service in the database needs it. */
void store_drop_segment(struct store *store, const uint8_t build_id[32]);
/* A private copy of it in *bytes, free() it. */
int store_get_segment(struct store *store, const uint8_t build_id[32], void **bytes, size_t *size,
                      struct far_error *error);

/* Its descriptor, for reading only; the caller's. */
int store_open_segment(struct store *store, const uint8_t build_id[32], int *out, struct far_error *error);

/* What a fard that was killed under way has left: copies that no service needs. */
void store_sweep(struct store *store);

/* The service becomes permanent. Its segment must be in the store. */
int store_add_service(struct store *store, const struct service *service, struct far_error *error);
/* The major of a row that was from before they were kept. */
int store_set_major(struct store *store, uint32_t id, uint16_t major, struct far_error *error);
/* Of a service from before chosen uids were kept. */
int store_set_host_uid(struct store *store, uint32_t id, uint32_t uid, struct far_error *error);
struct stored_host;
/* Other segments in place of all that it has, the first's first, these settings, and the host that runs them; NULL: none is noted.
 * The segments must be in the store. */
int store_upgrade_service(struct store *store, const struct service *service, const uint8_t (*build_id)[32],
                          uint32_t count, const struct host_settings *settings, const struct stored_host *host,
                          struct far_error *error);
/* One more executable of a service in the database. Its segment must be in the store. */
int store_add_executable(struct store *store, uint32_t id, const uint8_t build_id[32], struct far_error *error);
/* Its range stays taken; segments that nobody needs any more go. */
int store_remove_service(struct store *store, const struct service *service, struct far_error *error);

/* By rising id. A call-back that returns non-zero ends the walk, which then returns that. */
int store_each_service(struct store *store, int (*each)(void *context, const struct stored_service *row), void *context,
                       struct far_error *error);
struct stored_range {
    uint32_t id;
    bool in_use;  /* a registered service's */
    bool pending; /* pending addresses of a name */
    bool away;    /* a service's that is on another node */
    struct range range;
    const char *name;
};
int store_each_range(struct store *store, uint32_t after, int (*each)(void *context, const struct stored_range *row),
                     void *context, struct far_error *error);

/*
 * The next slots of a name that has pending addresses, for the wish's operations; for a name that has none yet (id 0), a
 * range as well: id and range are filled in. On the disk when this returns, or nothing has changed.
 */
int store_add_pending(struct store *store, struct pending *pending, const struct pending_wish *wish,
                      struct far_error *error);
/* A name from before majors were kept gets that of who asks for it first. */
int store_set_pending_major(struct store *store, struct pending *pending, uint16_t major, struct far_error *error);
/* The name is given up, its range stays taken. */
int store_remove_pending(struct store *store, uint32_t id, struct far_error *error);
int store_load_pending(struct store *store, struct pendings *pendings, struct far_error *error);

/* Its id is filled in, never one that there was before. On the disk when this returns, or nothing has changed. */
int store_add_capability(struct store *store, struct capability *capability, struct far_error *error);
/* And all that were narrowed from it. */
int store_add_holder(struct store *store, uint32_t capability, uid_t uid, struct far_error *error);
/* Those and all that were narrowed from them; all of it or nothing. */
int store_remove_capabilities(struct store *store, const uint32_t *ids, uint32_t count, struct far_error *error);
int store_load_capabilities(struct store *store, struct capabilities *table, struct far_error *error);

/* Which process runs a service, and on which memory; what a fard that is started anew must find to believe it. */
struct stored_host {
    uint32_t pid;
    uint32_t uid;
    uint32_t generation;
    bool initialised; /* the constructors have completed on this memory */
    uint64_t started; /* the process's start time, as /proc/PID/stat has it */
    uint64_t device;  /* of the memfd */
    uint64_t inode;
};
int store_put_host(struct store *store, uint32_t service, const struct stored_host *host, struct far_error *error);
int store_get_host(struct store *store, uint32_t service, struct stored_host *host, bool *found,
                   struct far_error *error);
/* fard ends in order, and its hosts with it. */
int store_forget_hosts(struct store *store, struct far_error *error);

/* Which process has which domain segment (domain.h). */
struct stored_domain {
    uint32_t id;
    uint32_t pid;
    uint32_t uid;
    uint64_t started;
    struct range range;
    uint64_t device; /* of the memfd */
    uint64_t inode;
    uint64_t connection;
    const char *trusts; /* lines, as domain_adopt.c writes them */
};
int store_put_domain(struct store *store, const struct stored_domain *domain, struct far_error *error);
int store_forget_domain(struct store *store, uint32_t id, struct far_error *error);
int store_each_domain(struct store *store, int (*each)(void *context, const struct stored_domain *row), void *context,
                      struct far_error *error);

/* The store's folder, open as long as it is. */
int store_folder(const struct store *store);

#endif
