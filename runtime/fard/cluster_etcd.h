/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The cluster's names in etcd: what the files cluster_etcd*.c know of each other. docs/cluster.md says what is kept there and why it is
 * safe. From below:
 *
 *     _text.h: _key _request _response _value   texts, no I/O
 *     _url _http                                HTTP in the loop
 *     _ask                                      one request, whichever member answers
 *     _session                                  this node's presence
 *     cluster_etcd.c _publish _find _chunk      the questions of cluster.h
 *     _kind                                     the table, for a fard
 */
#ifndef FARCALL_CLUSTER_ETCD_H
#define FARCALL_CLUSTER_ETCD_H

#include "runtime/fard/cluster.h"
#include "runtime/fard/cluster_etcd_ask.h"

#define ETCD_SESSION_PAUSE_MS 500
#define ETCD_LEAVE_MS         1500 /* for etcd to hear that this node goes */
#define ETCD_SESSION_SECONDS  10   /* without a sign of it, a node's presence is gone */

/* Who this node is. */
struct etcd_identity {
    char node[FAR_NODE_NAME_MAX];
    char address[FAR_NODE_ADDRESS_MAX]; /* empty: others cannot reach it */
    uint64_t seconds;                   /* of its session */
    int64_t patience_ms;                /* for an answer; 0: ETCD_PATIENCE_MS */
    uint64_t
        known; /* addresses below it were leased to nodes of the cluster, for all that this one knows; 0: nothing */
    uint64_t cursor; /* all addresses below it were given out before the node knew of the cluster; 0: none */
};

enum etcd_session_state {
    ETCD_SESSION_NONE, /* being made, or made again after a pause */
    ETCD_SESSION_HELD,
    ETCD_SESSION_REPLACED /* another fard has this node's name: nothing is published from here until that has gone */
};

/* Presence: nodes/NODE under a lease. Its revision is what every change is fenced with. */
struct etcd_session {
    enum etcd_session_state state;
    char token[ETCD_TOKEN_SIZE]; /* of this fard's life */
    uint64_t lease;              /* 0: none yet */
    uint64_t revision;           /* of nodes/NODE, while it is held */
    uint64_t seen;               /* of what was found there; 0: nothing */
    bool was_held;
    struct far_error trouble; /* why there is none; without text: not known yet */
    struct etcd_ask ask;
    struct timer timer;
};

struct cluster_keeper {
    struct fard *fard; /* NULL in tests of these files alone */
    struct loop *loop;
    struct etcd_identity identity;
    struct etcd_asking asking;
    struct etcd_session session;
    struct list operations;
    struct etcd_operation *taking; /* takes a chunk; others that want one wait until it has */
};

/* A question while it is being answered. */
struct etcd_operation {
    struct list link;
    struct cluster_keeper *keeper;
    struct cluster_question *question;
    struct etcd_ask ask;
    struct timer timer; /* while it waits for the session */
    int64_t deadline;
    void (*begin)(struct etcd_operation *operation); /* once there is a session; again if that was lost under way */
    char token[ETCD_TOKEN_SIZE];
    struct link_service service, before; /* what is published or withdrawn; what was there */
    bool there;                          /* before is */
    struct etcd_key names, addresses;    /* where it is put */
    struct etcd_key gone;                /* when the name was last withdrawn */
    uint64_t gone_revision;
    struct range chunk;
    bool wants_chunk;
    uint64_t bytes, next, cursor_revision;
};

/* cluster_etcd.c. where: URLs. 0, FARD_REFUSED, or a negative errno. */
int etcd_open(struct loop *loop, const struct etcd_identity *identity, const char *where, const char *tls,
              struct cluster_keeper **out, struct far_error *error);
/* Presence ends at once, not when it has run out. The loop goes on meanwhile. */
void etcd_leave(struct cluster_keeper *keeper);
void etcd_close(struct cluster_keeper *keeper);
void etcd_drop(struct cluster_keeper *keeper, struct cluster_question *question);
/* NULL: no memory, and the question has been answered so. */
struct etcd_operation *etcd_operation_new(struct cluster_keeper *keeper, struct cluster_question *question);
/* Its end: frees it, then answers. */
void etcd_operation_answer(struct etcd_operation *operation, int result, const struct link_service *service,
                           const struct far_error *error);
/* The same with an error in words. */
void etcd_operation_fail(struct etcd_operation *operation, int code, int exit_code, const struct link_service *service,
                         const char *format, ...) __attribute__((format(printf, 5, 6)));
void etcd_operation_give_chunk(struct etcd_operation *operation);                 /* operation->chunk */
void etcd_operation_nonsense(struct etcd_operation *operation, const char *what); /* what etcd holds is not sound */
/* operation->begin(), now or when there is a session; or it fails when its time is over. */
void etcd_operation_with_session(struct etcd_operation *operation);
void etcd_operation_later(struct etcd_operation *operation); /* operation->begin(), from the loop */
void etcd_operation_ask(struct etcd_operation *operation, const char *path, json_t *body, etcd_answered *answered);
struct etcd_operation *etcd_operation_of(struct etcd_ask *ask);
/* A token that nobody else has. */
void etcd_token_make(char token[ETCD_TOKEN_SIZE]);

/* cluster_etcd_chunk.c: the first that waits for it takes a chunk, if nobody does. */
void etcd_chunk_next(struct cluster_keeper *keeper);

/* cluster_etcd_session.c */
void etcd_session_begin(struct cluster_keeper *keeper);
void etcd_session_end(struct cluster_keeper *keeper);
/* A txn has shown that nodes/NODE is not what it was: gone, or another's. */
void etcd_session_lost(struct cluster_keeper *keeper, const struct etcd_entry *now);
/* The state has changed: cluster_etcd.c lets go on who waits. */
void etcd_session_changed(struct cluster_keeper *keeper);

/* The questions, as in struct cluster_kind. */
void etcd_lease(struct cluster_keeper *keeper, uint64_t bytes, struct cluster_question *question);
void etcd_publish(struct cluster_keeper *keeper, const struct link_service *service, struct cluster_question *question);
void etcd_withdraw(struct cluster_keeper *keeper, const struct link_service *service,
                   struct cluster_question *question);
void etcd_find(struct cluster_keeper *keeper, const struct link_name *name, struct cluster_question *question);
void etcd_find_address(struct cluster_keeper *keeper, uint64_t address, struct cluster_question *question);
void etcd_next(struct cluster_keeper *keeper, const struct link_name *behind, struct cluster_question *question);

#endif
