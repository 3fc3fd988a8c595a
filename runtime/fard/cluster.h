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
    int (*begin)(struct fard *fard, const char *where, struct cluster_keeper **out, struct far_error *error);
    /* A chunk of at least `bytes`, this node's from now on, for ever. */
    void (*lease)(struct cluster_keeper *keeper, uint64_t bytes, struct cluster_question *question);
    /* revision 0: a new name. Otherwise the entry that is replaced must have it. */
    void (*publish)(struct cluster_keeper *keeper, const struct link_service *service,
                    struct cluster_question *question);
    void (*withdraw)(struct cluster_keeper *keeper, const struct link_service *service,
                     struct cluster_question *question);
    void (*find)(struct cluster_keeper *keeper, const struct link_name *name, struct cluster_question *question);
    void (*find_address)(struct cluster_keeper *keeper, uint64_t address, struct cluster_question *question);
    void (*next)(struct cluster_keeper *keeper, const struct link_name *behind, struct cluster_question *question);
    void (*drop)(struct cluster_keeper *keeper, struct cluster_question *question); /* nobody waits for it any more */
    void (*end)(struct cluster_keeper *keeper);
};
extern const struct cluster_kind
    cluster_star; /* where: the node's name; NULL: this node keeps them itself, for others too */
extern const struct cluster_kind cluster_etcd; /* where: URLs, separated by commas */

#define CLUSTER_CHUNK \
    ((uint64_t)64 << 30) /* bytes of addresses leased at a time; a larger service leases what it needs */

#endif
