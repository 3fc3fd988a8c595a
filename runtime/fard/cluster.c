/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* This node's part in a cluster: who keeps the names, whether he can be asked, and what is registered here. */
#include "runtime/fard/cluster_inside.h"
#include "runtime/fard/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

bool cluster_is_out_of_reach(int code)
{
    switch (code) {
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ETIMEDOUT:
    case ECONNRESET:
    case ECONNREFUSED:
    case ECONNABORTED:
    case ENOTCONN:
    case EPIPE:
        return true;
    default:
        return false;
    }
}

void cluster_note(struct cluster *cluster, int result, const struct far_error *error)
{
    bool before = cluster->trouble[0] != '\0';
    if (!cluster_is_out_of_reach(result)) {
        cluster->trouble[0] = '\0';
        cluster->vain_until = 0;
        if (before)
            log_event(LOG_LEVEL_NOTICE, "cluster-names", NULL, 0, "the cluster's names can be asked again");
        return;
    }
    snprintf(cluster->trouble, sizeof cluster->trouble, "%.500s", error->text);
    cluster->vain_until = loop_now() + CLUSTER_AGAIN_MS;
    if (!before)
        log_event(LOG_LEVEL_WARNING, "cluster-names", NULL, 0,
                  "the cluster's names cannot be asked: %s; what is known goes on, and nothing new is registered until "
                  "they can",
                  error->text);
}

bool cluster_in_vain(const struct cluster *cluster, struct far_error *error)
{
    if (!cluster->trouble[0] || loop_now() >= cluster->vain_until)
        return false;
    refuse(error, EHOSTUNREACH, EX_TEMPFAIL, "%s", cluster->trouble);
    return true;
}

const char *cluster_trouble(const struct fard *fard)
{
    return fard->cluster ? fard->cluster->trouble : "";
}

const char *cluster_keeper_text(const struct fard *fard)
{
    struct node *keeper = fard->cluster ? node_names_keeper(fard->cluster->fard) : NULL;
    if (!fard->cluster)
        return "";
    if (keeper && node_name(keeper)[0])
        return node_name(keeper);
    return keeper ? "the node that --peer names" : fard->cluster->kind->name;
}

int cluster_begin(struct fard *fard, const struct cluster_kind *kind, const char *where, struct far_error *error)
{
    struct cluster *cluster = calloc(1, sizeof *cluster);
    if (!cluster)
        return -ENOMEM;
    cluster->fard = fard;
    cluster->kind = kind;
    list_init(&cluster->waiting);
    list_init(&cluster->lookups);
    list_init(&cluster->publications);
    int result = kind->begin(fard, where, &cluster->keeper, error);
    if (result) {
        free(cluster);
        return result;
    }
    fard->cluster = cluster;
    store_join_cluster(fard->store);
    cluster_tell_init(cluster);
    cluster_lease_init(cluster);
    cluster_tell(cluster);
    return 0;
}

/* Registrations that are under way end without us. */
static void forget_publications(struct cluster *cluster);

void cluster_leave(struct fard *fard)
{
    const struct cluster *cluster = fard->cluster;
    if (cluster && cluster->kind->leave)
        cluster->kind->leave(cluster->keeper);
}

void cluster_end(struct fard *fard)
{
    struct cluster *cluster = fard->cluster;
    if (!cluster)
        return;
    cluster_ask_end(cluster);
    forget_publications(cluster);
    cluster_tell_end(cluster);
    cluster_lease_end(cluster);
    cluster->kind->end(cluster->keeper);
    fard->cluster = NULL;
    free(cluster);
}

void cluster_turn(struct fard *fard)
{
    if (fard->cluster)
        cluster_lease_ahead(fard->cluster);
}

/* Whatever he has forgotten of this node meanwhile, he is told again. */
void cluster_keeper_back(struct fard *fard)
{
    struct cluster *cluster = fard->cluster;
    if (!cluster)
        return;
    cluster_note(cluster, 0, NULL);
    for (uint32_t i = 0; i < fard->registry.count; i++)
        fard->registry.service[i]->published = false;
    cluster_tell(cluster);
    cluster_lease_ahead(cluster);
}

void cluster_describe(const struct fard *fard, const struct service *service, struct link_service *entry)
{
    const struct far_iface *iface = service_iface(service);
    memset(entry, 0, sizeof *entry); /* all of it goes over the network, and is compared */
    memcpy(entry->name, service->name, strnlen(service->name, sizeof entry->name - 1));
    snprintf(entry->node, sizeof entry->node, "%s", node_own_name(fard));
    snprintf(entry->address, sizeof entry->address, "%s", node_own_address(fard));
    entry->base = service->range.base;
    entry->size = service->range.size;
    entry->fingerprint = iface ? iface->fingerprint : 0;
    entry->revision = store_published(fard->store, service->id);
    entry->major = service->major;
    for (uint32_t i = 0; i < service->executable_count && i < LINK_EXECUTABLES; i++) {
        entry->executable[i].machine = service->executable[i].machine;
        memcpy(entry->executable[i].build_id, service->executable[i].build_id, sizeof entry->executable[i].build_id);
        entry->executable_count = i + 1;
    }
}

/* ---- A service that is being registered ---- */

enum publication_state { ASKING, ANSWERED, DONE };

struct publication {
    struct list link;
    struct cluster_question question;
    struct cluster *cluster;
    struct host *host;
    struct link_service entry;
    enum publication_state state;
    bool again;
};

static void publication_free(struct publication *publication)
{
    struct cluster *cluster = publication->cluster;
    if (publication->state == ASKING)
        cluster->kind->drop(cluster->keeper, &publication->question);
    list_take_out(&publication->link);
    publication->host->registration->publication = NULL;
    free(publication);
}

static void forget_publications(struct cluster *cluster)
{
    while (!list_is_empty(&cluster->publications))
        publication_free(list_entry(cluster->publications.next, struct publication, link));
}

static void publication_failed(struct publication *publication, int result, const struct far_error *why)
{
    struct far_error error = *why;
    struct host *host = publication->host;
    publication->state = cluster_is_out_of_reach(result) ? ANSWERED : DONE; /* it may have been done all the same */
    if (cluster_is_out_of_reach(result))
        refuse(
            &error, why->code, EX_TEMPFAIL,
            "service '%s' was not registered: the cluster's names cannot be asked now, and without them another node "
            "could have the same name: %.600s",
            host->service->name, why->text);
    registration_failed(host, &error);
}

static void publication_answered(struct cluster_question *question, int result, const struct link_service *service,
                                 const struct range *chunk, const struct far_error *error)
{
    struct publication *publication = list_entry(question, struct publication, question);
    struct cluster *cluster = publication->cluster;
    (void)chunk;
    cluster_note(cluster, result, error);
    /* An entry of an earlier life of this node's, which nobody has withdrawn. */
    if ((result == EEXIST || result == ESTALE) && service && !publication->again &&
        strcmp(service->node, publication->entry.node) == 0) {
        publication->again = true;
        publication->entry.revision = service->revision;
        cluster->kind->publish(cluster->keeper, &publication->entry, question);
        return;
    }
    if (result) {
        publication_failed(publication, result, error);
        return;
    }
    publication->state = ANSWERED;
    publication->entry.revision = service ? service->revision : 0;
    registration_published(publication->host);
}

int cluster_publish_new(struct host *host)
{
    struct fard *fard = host->fard;
    struct cluster *cluster = fard->cluster;
    struct far_error error = {0};
    struct publication *publication = cluster ? calloc(1, sizeof *publication) : NULL;
    if (!cluster)
        return 0;
    if (!publication) {
        describe_failure(&error, -ENOMEM, "register");
        registration_failed(host, &error);
        return FARD_PENDING;
    }
    publication->cluster = cluster;
    publication->host = host;
    publication->question.answered = publication_answered;
    list_append(&cluster->publications, &publication->link);
    host->registration->publication = publication;
    cluster_describe(fard, host->service, &publication->entry);
    publication->entry.revision = 0;
    store_forget_withdrawn(fard->store, host->service->name, host->service->major, &error);
    if (cluster_in_vain(cluster, &error))
        publication_failed(publication, error.code, &error);
    else
        cluster->kind->publish(cluster->keeper, &publication->entry, &publication->question);
    return FARD_PENDING;
}

void cluster_registration_end(struct registration *registration)
{
    struct publication *publication = registration->publication;
    struct far_error ignored;
    if (!publication)
        return;
    struct cluster *cluster = publication->cluster;
    bool undone = publication->state != DONE;
    if (undone && store_note_withdrawn(cluster->fard->store, &publication->entry, &ignored))
        undone = false;
    publication_free(publication);
    if (undone)
        cluster_tell(cluster);
}

void cluster_registered(struct fard *fard, const struct service *service)
{
    const struct registration *registration = service->host ? service->host->registration : NULL;
    struct publication *publication = registration ? registration->publication : NULL;
    struct far_error error = {0};
    if (!publication)
        return;
    publication->state = DONE;
    struct service *here = registry_find_id(&fard->registry, service->id);
    here->published = store_set_published(fard->store, service->id, publication->entry.revision, &error) == 0;
    if (!here->published)
        cluster_tell(fard->cluster);
}

void cluster_changed(struct fard *fard, const struct service *service)
{
    struct service *here = registry_find_id(&fard->registry, service->id);
    if (!fard->cluster || !here || here->away)
        return;
    here->published = false;
    cluster_tell(fard->cluster);
}

void cluster_withdraw(struct fard *fard, const struct link_service *entry)
{
    struct far_error error = {0};
    if (!fard->cluster)
        return;
    if (store_note_withdrawn(fard->store, entry, &error))
        fard_log("service '%s': %s; its name stays this node's in the cluster", entry->name, error.text);
    cluster_tell(fard->cluster);
    cluster_tell_gone(fard, entry);
}
