/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A binding: a service that is mapped in this process. Made once by far_bind, then read-only but for the words that say
 * on which connection fard knows of it. Never freed: its addresses may be anywhere in the program.
 */
#ifndef FARCALL_BINDING_H
#define FARCALL_BINDING_H

#include "runtime/lib/capability.h"
#include "runtime/lib/connection.h"
#include "runtime/lib/debug.h"
#include "runtime/lib/domain.h"
#include "runtime/lib/plan.h"
#include "runtime/lib/settings.h"
#include "runtime/lib/unwind.h"
#include "runtime/protocol.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#define FAR_BINDING_MAX 128 /* services bound in one process */

struct far_import_table;
struct far_pku;
struct far_functions;
struct walk_kept;
struct walk_store;
struct lending;
struct far_promises;
struct far_batches;

struct far_binding {
    const uint8_t *slot_flags; /* gate_MACHINE.S reads these two words: of each slot that there can be */
    uint32_t slot_count;
    uint32_t index;               /* among the process's bindings */
    struct far_plan *const *plan; /* by slot; until the first call through the gate, no plan */
    struct far_plans plans;
    const struct far_iface *iface;
    uint64_t base;
    uint32_t level;      /* enum far_level */
    uint32_t service_id; /* as known on connection number `known_on` */
    uint32_t known_on;
    struct far_extent part[FAR_PART_COUNT]; /* absolute */
    dev_t data_device; /* which memory is mapped as data: fard makes another when it is started anew */
    ino_t data_inode;
    char service[FAR_SERVICE_MAX];
    struct far_unwind unwind;       /* what unwinders are told of it */
    struct far_debug_service debug; /* what debuggers are */
    const struct far_import_table
        *table; /* our copy of what we were bound with, to do it again on another connection */
    const struct far_reloc_header
        *unbound;                    /* what says which services it is bound to itself, until they are; or NULL */
    struct far_functions *functions; /* of ours that the service may call; NULL: none yet */
    struct far_extent shared;      /* memory of ours that the service reaches as it is; domain.c keeps it up to date */
    struct far_revoked_by revoked; /* the capability that it was bound by */
    struct far_pku *pku;           /* its code is in a protection domain of this process; or NULL */
    struct walk_kept *kept;        /* which memory of ours it keeps; NULL: none yet. Written once, atomically */
    struct lending *lending;       /* which hosts have pages of ours, if it is away; the same */
    struct walk_store *store;      /* what it has given us beyond a call; the same */
    struct far_promises *promises; /* asynchronous calls of its operations; the same */
    struct far_batches *batches;   /* those that cross together; the same */
    bool away;                     /* its host is on another node: no call takes the fast path. Never taken back */
};

/* Services that nobody had registered when the process was bound to them; pending.h. */
#define FAR_PENDING_MAX 128
struct far_pending;
struct far_regions;
struct far_pendings {
    struct far_pending *item[FAR_PENDING_MAX];
    uint32_t count; /* written last: the signal handler needs no lock */
};

/* What there is one of in a process. */
struct far_process {
    pthread_mutex_t lock; /* guards all of this; signals and cancellation wait while it is held */
    pthread_t owner;      /* who holds it; 0: nobody */
    int cancel_state;     /* what to give back to the thread that holds it */
    struct far_settings settings;
    bool settings_read;
    struct far_connection connection;
    uint32_t connection_number; /* 0: there was none yet */
    uint32_t early_number;      /* which of far_resolve's connections became the process's; 0: none */
    uint32_t early_adopted_as;  /* as which connection_number */
    bool fard_given_up;         /* it did not come back in time: who asks next does not wait again, until it is there */
    pid_t connection_pid;       /* whose it is: a child of fork must not use its parent's */
    struct far_binding *binding[FAR_BINDING_MAX];
    uint32_t binding_count; /* written last: readers need no lock */
    struct far_pendings pendings;
    struct far_own_domain domain;
    struct far_given_functions *given; /* of services', which it can call (given.h); NULL: none yet */
    struct far_regions *regions;       /* what it can grant (grant.h); NULL: nothing yet. Written once, atomically */
    struct far_tokens tokens;
    struct far_binding *hosted; /* in a host: its own service, which is here already. Others may be bound to it */
};
extern struct far_process far_process __attribute__((visibility("hidden"))); /* far_resolve reads it early */

void process_lock(sigset_t *saved);
void process_unlock(const sigset_t *saved);
/* Does this thread hold it? What it calls allocates memory, and so may get here again. */
bool process_lock_is_mine(void);
/* The settings, read at the first call. */
const struct far_settings *process_settings(void);
int process_settings_check(struct far_error *error); /* 0, or -errno and *error: what cannot be obeyed */
/* A connection to fard, opened if there is none. With the lock held. 0, or -errno and *error. */
int process_connect(struct far_error *error);
/* Was fard lost while it was asked, and it is worth asking again? `connected`: there was a connection before. */
#define PROCESS_TRIES 8
bool process_was_cut_off(bool connected, const struct far_error *error);
struct far_resolved;
/*
 * Take over what far_resolve has left: its settings, and its connection unless this process has one already. With the lock held.
 * Is what was asked over it known on the process's own connection?
 */
bool process_adopt(const struct far_resolved *resolved);
/* In the child after fork, in its only thread. */
void process_after_fork(void);

/* NULL if none. No lock needed. */
struct far_binding *process_find_service(const char *service); /* any major of it */
struct far_binding *process_find_major(const char *service, uint16_t major);
struct far_binding *process_find_base(uint64_t base);
struct far_binding *process_find_address(uint64_t address);
/* With the lock held. -ENOSPC if there are too many. */
int process_add_binding(struct far_binding *binding, struct far_error *error);

/*
 * Bind a service by an import table (checked) on the process's connection, with the lock held: ask fard, map, fill in
 * the linkage, bind what it is bound to itself. Shares the binding if the service is bound already. stub[] may be NULL.
 * A service that nobody has registered gets pending addresses (pending.h), and *result is NULL. 0, or -errno and *error.
 */
int binding_make(const struct far_import_table *table, uint64_t *stub, struct far_binding **result,
                 struct far_error *error);
/* The same by an answer that was asked for already; its descriptors are closed. */
int binding_from_resolved(const struct far_import_table *table, const struct far_resolved *resolved, uint64_t *stub,
                          struct far_binding **result, struct far_error *error);

/* No plans yet: the first binding_plan() makes them. A client that only branches never needs any. */
void binding_plan_later(struct far_binding *binding);
/* The plan of a slot. NULL: no operation has it, or there is no memory for plans. */
const struct far_plan *binding_plan(struct far_binding *binding, uint32_t slot);

/* Its host is on another node: known from the answer to BIND, or of its first channel. */
void binding_goes_away(struct far_binding *binding);

/* Make fard know this binding on the present connection, with the lock held. 0, or -errno and *error. */
int binding_renew(struct far_binding *binding, struct far_error *error);

#endif
