/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Whoever keeps the names is told what is registered here and what is not any more: one thing after another, until all is said. */
#include "runtime/fard/cluster_inside.h"
#include "runtime/fard/log.h"

#include <errno.h>
#include <string.h>

#define TOLD_AGAIN_MAX 2u /* with a revision that he has named */

static void tell_next(struct cluster *cluster);

static bool is_to_be_told(const struct service *service)
{
    return !service->published && !service->hidden && !service->away && service_iface(service);
}

static struct service *next_service(const struct cluster *cluster)
{
    struct registry *registry = &cluster->fard->registry;
    for (uint32_t i = 0; i < registry->count; i++)
        if (is_to_be_told(registry->service[i]))
            return registry->service[i];
    return NULL;
}

static void try_later(struct cluster *cluster)
{
    struct service *service = registry_find_id(&cluster->fard->registry, cluster->told_id);
    if (service)
        service->published = false;
    cluster->is_telling = false;
    timer_start(&cluster->fard->loop, &cluster->tell_again, CLUSTER_AGAIN_MS);
}

/* Another node has the name. Both go on; whoever is elsewhere gets the other one. */
static void say_taken(const struct service *service, const struct far_error *error)
{
    log_service(LOG_LEVEL_ERROR, "name-taken", service->name, 0,
                "service '%s' is here, but its name in the cluster is another's: %s", service->name, error->text);
}

static void service_told(struct cluster *cluster, int result, const struct link_service *entry,
                         const struct far_error *error)
{
    struct far_error ignored;
    struct service *service = registry_find_id(&cluster->fard->registry, cluster->told_id);
    if (!service || service->away)
        return; /* it has gone meanwhile: that is said next */
    bool own = entry && strcmp(entry->node, cluster->told.node) == 0;
    uint64_t revision = own ? entry->revision : 0;
    if ((result == ESTALE || (result == EEXIST && own)) && cluster->told_again++ < TOLD_AGAIN_MAX) {
        store_set_published(cluster->fard->store, service->id, revision, &ignored);
        service->published = false;
        return;
    }
    if (result)
        say_taken(service, error);
    else
        store_set_published(cluster->fard->store, service->id, revision, &ignored);
    cluster->told_again = 0;
}

static void told(struct cluster_question *question, int result, const struct link_service *service,
                 const struct range *chunk, const struct far_error *error)
{
    struct cluster *cluster = list_entry(question, struct cluster, telling);
    struct far_error ignored;
    (void)chunk;
    cluster_note(cluster, result, error);
    if (cluster_is_out_of_reach(result) ||
        (!cluster->told_id && store_forget_withdrawn(cluster->fard->store, cluster->told.name,
                                                     (uint16_t)cluster->told.major, &ignored) != 0)) {
        try_later(cluster);
        return;
    }
    if (cluster->told_id)
        service_told(cluster, result, service, error);
    tell_next(cluster);
}

static void tell_next(struct cluster *cluster)
{
    struct service *service;
    cluster->is_telling = true;
    if (store_first_withdrawn(cluster->fard->store, &cluster->told)) {
        cluster->told_id = 0;
        cluster->kind->withdraw(cluster->keeper, &cluster->told, &cluster->telling);
    } else if ((service = next_service(cluster)) != NULL) {
        cluster->told_id = service->id;
        service->published = true; /* unless it changes meanwhile */
        cluster_describe(cluster->fard, service, &cluster->told);
        cluster->kind->publish(cluster->keeper, &cluster->told, &cluster->telling);
    } else {
        cluster->is_telling = false;
    }
}

void cluster_tell(struct cluster *cluster)
{
    if (cluster->is_telling)
        return;
    timer_stop(&cluster->tell_again);
    tell_next(cluster);
}

static void tell_again(struct timer *timer)
{
    cluster_tell(list_entry(timer, struct cluster, tell_again));
}

void cluster_tell_init(struct cluster *cluster)
{
    cluster->telling.answered = told;
    cluster->tell_again.fire = tell_again;
}

void cluster_tell_end(struct cluster *cluster)
{
    timer_stop(&cluster->tell_again);
    if (cluster->is_telling)
        cluster->kind->drop(cluster->keeper, &cluster->telling);
}
