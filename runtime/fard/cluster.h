/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The cluster's names: one name, one range of addresses, one node, for every service on every node. Kept in one of three places:
 *
 *     alone   this node's store, and nobody else is told: what fard has always done
 *     star    the store of one node, which the others name by --peer; asked over links (cluster_star.c)
 *     etcd    --etcd URL (cluster_etcd.c)
 *
 * Addresses are leased to nodes in large chunks, ahead of need, so that registering asks nobody. A range never goes back because a lease
 * has run out, or a node away: only names do. What is asked here is answered later, from the loop; losing whoever keeps the
 * names stops new names and new leases, and nothing else.
 */
#ifndef FARCALL_CLUSTER_H
#define FARCALL_CLUSTER_H

#include "runtime/fard/error.h"
#include "runtime/fard/list.h"
#include "runtime/fard/range.h"
#include "runtime/net/link.h"

struct fard;
struct cluster_question {
    struct list link;
    /*
     * Once. result 0: what was asked for is in *service, or *chunk; ENOENT: there is no such name; EEXIST: another node has it, *service;
     * ESTALE: the entry has changed since (its revision); else errno, and *error says what and what to do. `error` is never NULL where
     * result is not 0.
     */
    void (*answered)(struct cluster_question *question, int result, const struct link_service *service,
                     const struct range *chunk, const struct far_error *error);
};

/* Who keeps the names. One table a place; `keeper` is what begin() made. All but begin() and end() answer through the question. */
struct cluster_keeper;
struct cluster_kind {
    const char *name;
    bool places_move; /* a service that is registered again, from the same file, may have its range on another node */
    int (*begin)(struct fard *fard, const char *where, struct cluster_keeper **out, struct far_error *error);
    /*
     * A chunk of at least `bytes`, this node's from now on, for ever. The keeper looks at store_claimed(fard->store) himself: a node that
     * has given out addresses before it joined is refused (EEXIST) if somebody else may have the same ones.
     */
    void (*lease)(struct cluster_keeper *keeper, uint64_t bytes, struct cluster_question *question);
    /* revision 0: a new name. Otherwise the entry that is replaced must have it. Answered with the entry as it is now: its new revision. */
    void (*publish)(struct cluster_keeper *keeper, const struct link_service *service,
                    struct cluster_question *question);
    void (*withdraw)(struct cluster_keeper *keeper, const struct link_service *service,
                     struct cluster_question *question);
    void (*find)(struct cluster_keeper *keeper, const struct link_name *name, struct cluster_question *question);
    void (*find_address)(struct cluster_keeper *keeper, uint64_t address, struct cluster_question *question);
    void (*next)(struct cluster_keeper *keeper, const struct link_name *behind, struct cluster_question *question);
    void (*drop)(struct cluster_keeper *keeper, struct cluster_question *question); /* nobody waits for it any more */
    void (*leave)(
        struct cluster_keeper *keeper); /* fard ends in order, and is still there. NULL: nobody needs to know */
    void (*end)(struct cluster_keeper *keeper);
};
extern const struct cluster_kind
    cluster_star; /* where: the node's name; NULL: this node keeps them itself, for others too */
extern const struct cluster_kind cluster_etcd; /* where: URLs, separated by commas */

#define CLUSTER_CHUNK \
    ((uint64_t)64 << 30) /* bytes of addresses leased at a time; a larger service leases what it needs */

/* ---- This node's part (cluster.c). fard->cluster is NULL where there is no cluster: then nothing here does anything ---- */

/*
 * When the store is there and before clients are served. etcd: its URLs, or NULL. Names are kept there, or by the node that --peer
 * names, or by this one if others can reach it; or there is no cluster.
 */
int cluster_start(struct fard *fard, const char *etcd, struct far_error *error);
int cluster_begin(struct fard *fard, const struct cluster_kind *kind, const char *where, struct far_error *error);
void cluster_leave(struct fard *fard); /* in order; may take a moment */
void cluster_end(struct fard *fard);
/* Whoever keeps the names can be asked again, and may have forgotten: said by the links, or by the kind itself. */
void cluster_keeper_back(struct fard *fard);
/* Once a turn of the loop: are there leased addresses ahead of need? */
void cluster_turn(struct fard *fard);
/* Who keeps the names: "node b", "etcd", "this node"; and why he cannot be asked now, or "". */
const char *cluster_keeper_text(const struct fard *fard);
const char *cluster_trouble(const struct fard *fard);

struct host;
struct service;
struct registration;
/* The host of a registration is ready: 0: go on; FARD_PENDING: cluster_published() or registration_failed() comes. */
int cluster_publish_new(struct host *host);
void cluster_registration_end(struct registration *registration); /* it ends, one way or the other */
/* After it is in the store. */
void cluster_registered(struct fard *fard, const struct service *service);
void cluster_changed(struct fard *fard, const struct service *service); /* its executables */
/* It is out of the store; cluster_describe() before that. */
void cluster_withdraw(struct fard *fard, const struct link_service *entry);

/* What others are told of a service that is here. */
void cluster_describe(const struct fard *fard, const struct service *service, struct link_service *entry);

/* ---- Services of other nodes (away.c) ---- */

/* The range that this service, made from the same file and shipped alike, had on another node, if it is known here that it has gone. */
bool away_former_range(const struct fard *fard, const struct service *service, struct range *range);

int away_load(struct fard *fard, struct far_error *error); /* those of the store */
/* All its segments are in the store, and `shippings` ('f' or 'd', name, NUL) is what was said. In place of what was known before. */
int away_add(struct fard *fard, const struct link_service *entry, const char *shippings, size_t size,
             struct far_error *error);
void away_forget(struct fard *fard, struct service *service);
/* The node says that it has it no more. */
void away_gone(struct fard *fard, const char *node, const struct link_name *name);
/* The link to the service's node says no: it is asked for again before it is used. */
void away_refused(struct fard *fard, uint32_t service_id);

/* ---- Requests that wait until whoever keeps the names has answered (cluster_ask.c) ---- */

struct client;
#define CLUSTER_WAIT_MS 12000 /* of a client, whose own patience is FAR_PATIENCE_MS */
/*
 * Is there anything to ask before this request is served? Then it waits, FARD_PENDING, and is served again afterwards with
 * client->asked set. 0: it is served now. The descriptors are kept as well.
 */
int cluster_ask_first(struct client *client, const struct far_message *message, const int *fds, unsigned fd_count,
                      struct far_error *error);
/* The same about one name, which has turned out to be in the way: always FARD_PENDING, or a failure. */
int cluster_ask_about(struct client *client, const struct far_message *message, const int *fds, unsigned fd_count,
                      const char *name, uint16_t major, struct far_error *error);
void cluster_client_gone(struct client *client);

#endif
