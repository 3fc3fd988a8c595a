/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What the files cluster*.c and away*.c of this node's part know of each other. */
#ifndef FARCALL_CLUSTER_INSIDE_H
#define FARCALL_CLUSTER_INSIDE_H

#include "runtime/fard/cluster.h"
#include "runtime/fard/fard.h"
#include "runtime/fard/node.h"
#include "runtime/fard/store_cluster.h"

#define CLUSTER_LEASE     (2 * CLUSTER_CHUNK)                   /* asked for at a time */
#define CLUSTER_AHEAD     (CLUSTER_CHUNK + ((uint64_t)1 << 30)) /* with less than that in one piece more is asked for */
#define CLUSTER_SETTLE_MS 10000 /* from fard's start; then whoever waits for the first lease is told */
#define CLUSTER_AGAIN_MS  2000  /* who could not be asked is not asked again before */

#define CLUSTER_FORMER 64u /* the last ones of which it is known that they have gone */
struct former {
    struct service_key key;
    struct range range;
    uint8_t build_id[32];
    uint64_t shipped; /* which operations have their stubs in which part */
};

struct cluster {
    struct fard *fard;
    const struct cluster_kind *kind;
    struct cluster_keeper *keeper;
    char trouble[512];  /* why the keeper cannot be asked; "": he can, as far as we know */
    int64_t vain_until; /* until then it is not tried */
    struct cluster_question lease;
    bool leasing;
    struct timer lease_again;
    uint64_t lease_bytes; /* more than usual: somebody has wanted that much; 0: as usual */
    bool settled;         /* there are addresses, or it is known that there are none now */
    struct timer settle;
    struct list waiting; /* struct held: for that */
    struct list lookups;
    struct list publications;
    struct cluster_question telling; /* cluster_tell.c: what has changed here */
    struct former former[CLUSTER_FORMER];
    unsigned former_count; /* ever */
    bool is_telling;
    uint32_t told_id; /* of the service that the keeper is told of; 0: one was withdrawn */
    unsigned told_again;
    struct link_service told;
    struct timer tell_again;
};

/* Is it about reaching the keeper, and no answer of his? */
bool cluster_is_out_of_reach(int code);
/* What came of a question: from it is known whether he can be asked. */
void cluster_note(struct cluster *cluster, int result, const struct far_error *error);
/* He was asked in vain a moment ago: *error says so. */
bool cluster_in_vain(const struct cluster *cluster, struct far_error *error);

/* cluster_lease.c */
void cluster_lease_init(struct cluster *cluster);
void cluster_lease_ahead(struct cluster *cluster);
void cluster_lease_end(struct cluster *cluster);

/* cluster_tell.c: says what is registered here and what is not any more, until all is said. */
void cluster_tell_init(struct cluster *cluster);
void cluster_tell(struct cluster *cluster);
void cluster_tell_end(struct cluster *cluster);
/* Whoever may have bound it is told, if there is a link (cluster_serve.c). */
void cluster_tell_gone(struct fard *fard, const struct link_service *entry);

/* cluster_ask.c */
void cluster_serve_waiting(struct cluster *cluster, const struct far_error *in_vain);
void cluster_ask_end(struct cluster *cluster);

/* away_fetch.c: all that is needed of a service of another node, into the store, and then away_add(). */
struct away_fetch {
    struct fard *fard;
    struct link_service entry;
    uint32_t executable; /* the one that is fetched */
    uint8_t *bytes;
    uint64_t size, got;
    char *shippings;
    size_t shipping_bytes;
    uint32_t shipping_count;
    bool asking;
    struct node_question question;
    /* Once. error NULL: it is in the registry. */
    void (*done)(struct away_fetch *fetch, const struct far_error *error);
};
void away_fetch_begin(struct away_fetch *fetch); /* fard, entry, done are filled in, the rest is zeros */
void away_fetch_end(struct away_fetch *fetch);   /* gives up what it holds; the rest is the caller's */

#endif
