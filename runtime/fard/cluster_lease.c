/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Addresses leased ahead of need, so that nobody who registers, or is given pending ones, waits for them. */
#include "runtime/fard/cluster_inside.h"
#include "runtime/fard/log.h"

#include <errno.h>
#include <sysexits.h>

static void settle(struct cluster *cluster, const struct far_error *in_vain)
{
    timer_stop(&cluster->settle);
    cluster->settled = true;
    cluster_serve_waiting(cluster, in_vain);
}

static void settle_late(struct timer *timer)
{
    struct cluster *cluster = list_entry(timer, struct cluster, settle);
    struct far_error error;
    refuse(&error, ETIMEDOUT, EX_TEMPFAIL, "%s",
           cluster->trouble[0] ? cluster->trouble : "whoever keeps the cluster's names does not answer");
    store_say_no_room(cluster->fard->store, &error);
    settle(cluster, NULL); /* what needs new addresses is refused in words then, and the rest is served */
}

static int64_t pause_after(int result)
{
    return cluster_is_out_of_reach(result) ? CLUSTER_AGAIN_MS : 15 * (int64_t)CLUSTER_AGAIN_MS;
}

static void lease_refused(struct cluster *cluster, int result, const struct far_error *error)
{
    store_say_no_room(cluster->fard->store, error);
    timer_start(&cluster->fard->loop, &cluster->lease_again, pause_after(result));
    if (cluster_is_out_of_reach(result))
        return;
    log_event(LOG_LEVEL_ERROR, "cluster-lease", NULL, 0, "no addresses for this node: %s", error->text);
    settle(cluster, NULL);
}

static void lease_answered(struct cluster_question *question, int result, const struct link_service *service,
                           const struct range *chunk, const struct far_error *error)
{
    struct cluster *cluster = list_entry(question, struct cluster, lease);
    struct far_error failure = {0};
    (void)service;
    cluster->leasing = false;
    cluster_note(cluster, result, error);
    if (result) {
        lease_refused(cluster, result, error);
        return;
    }
    int kept = store_add_chunk(cluster->fard->store, chunk, &failure);
    if (kept) {
        describe_failure(&failure, kept, "keeping leased addresses");
        lease_refused(cluster, EIO, &failure);
        return;
    }
    log_event(LOG_LEVEL_INFO, "cluster-lease", NULL, 0, "addresses from 0x%llx to 0x%llx are this node's",
              (unsigned long long)chunk->base, (unsigned long long)(chunk->base + chunk->size));
    cluster->lease_bytes = 0;
    store_say_no_room(cluster->fard->store, NULL);
    settle(cluster, NULL);
}

void cluster_lease_ahead(struct cluster *cluster)
{
    uint64_t wanted = store_wanted_in_vain(cluster->fard->store);
    if (wanted)
        cluster->lease_bytes = wanted + 2 * FAR_GRANULE;
    uint64_t bytes = cluster->lease_bytes > CLUSTER_LEASE ? cluster->lease_bytes : CLUSTER_LEASE;
    uint64_t least = cluster->lease_bytes > CLUSTER_AHEAD ? cluster->lease_bytes : CLUSTER_AHEAD;
    if (cluster->leasing || cluster->lease_again.link.next || store_chunk_room(cluster->fard->store) >= least)
        return;
    cluster->leasing = true;
    cluster->kind->lease(cluster->keeper, bytes, &cluster->lease);
}

static void lease_again(struct timer *timer)
{
    cluster_lease_ahead(list_entry(timer, struct cluster, lease_again));
}

void cluster_lease_init(struct cluster *cluster)
{
    cluster->lease.answered = lease_answered;
    cluster->lease_again.fire = lease_again;
    cluster->settle.fire = settle_late;
    cluster->settled = store_has_chunks(cluster->fard->store);
    if (!cluster->settled)
        timer_start(&cluster->fard->loop, &cluster->settle, CLUSTER_SETTLE_MS);
    cluster_lease_ahead(cluster);
}

void cluster_lease_end(struct cluster *cluster)
{
    timer_stop(&cluster->lease_again);
    timer_stop(&cluster->settle);
    if (cluster->leasing)
        cluster->kind->drop(cluster->keeper, &cluster->lease);
}
