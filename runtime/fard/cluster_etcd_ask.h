/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * One request to an etcd of several members: whichever answers. Every request of ours may be executed twice without harm (a txn compares
 * revisions, and knows by its token that it was done before), so one whose answer was lost is said again, to the next member, until its
 * time is over.
 */
#ifndef FARCALL_CLUSTER_ETCD_ASK_H
#define FARCALL_CLUSTER_ETCD_ASK_H

#include "runtime/fard/cluster_etcd_http.h"

#define ETCD_PATIENCE_MS 6000 /* for an answer, whatever happens */
#define ETCD_ATTEMPT_MS  1000 /* for that of one member, the first time; then twice as much */
#define ETCD_REFUSED_MS  1000 /* if no member can be connected to, that long */
#define ETCD_LEAST_MS    20   /* with less time left nobody is asked again */
#define ETCD_LOST_MS     3000 /* while etcd is known to be away */
#define ETCD_PAUSE_MS    50   /* after all members have been tried; doubles, up to ten times that */

struct etcd_asking {
    struct etcd_http http;
    unsigned preferred; /* the member that has answered last */
    uint64_t cluster;   /* its number; 0: not known yet */
    bool lost;          /* the last request has got no answer */
    char trouble[512];  /* why */
};
int etcd_asking_open(struct etcd_asking *asking, struct loop *loop, const char *where, const char *tls,
                     struct far_error *error);
void etcd_asking_close(struct etcd_asking *asking);

struct etcd_ask;
/*
 * Once, from the loop, never from etcd_ask(). result 0: *response is etcd's, and gone afterwards. ENOENT: etcd does not know the lease.
 * Otherwise an errno, and *error in words. The ask can be used again at once.
 */
typedef void etcd_answered(struct etcd_ask *ask, int result, const json_t *response, const struct far_error *error);

struct etcd_ask {
    struct etcd_asking *asking;
    struct etcd_transfer transfer;
    struct timer timer;
    const char *path;
    char *body;
    int64_t begun, deadline; /* loop_now() */
    int64_t attempt_ms, pause_ms;
    unsigned first, tried; /* members: where it began, how many attempts */
    unsigned url;          /* of this attempt */
    bool reached;          /* at least one could be connected to */
    etcd_answered *answered;
};
/* body is let go of; NULL: no memory was left for it. deadline: loop_now() by which it must be answered. */
void etcd_ask(struct etcd_asking *asking, struct etcd_ask *ask, const char *path, json_t *body, int64_t deadline,
              etcd_answered *answered);
void etcd_ask_drop(struct etcd_ask *ask); /* it will not be answered; also if it was never asked (zeroed) */

#endif
