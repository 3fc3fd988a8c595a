/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Which hosts map a client's domain segment: told, and heard of. */
#include "runtime/fard/domain.h"
#include "runtime/fard/fard.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct domain_mapping *domain_mapping_find(const struct domain *domain, const struct host *host)
{
    for (struct list *at = domain->mappings.next; at != &domain->mappings; at = at->next) {
        struct domain_mapping *mapping = list_entry(at, struct domain_mapping, link);
        if (mapping->host == host)
            return mapping;
    }
    return NULL;
}

static int tell_to_map(const struct domain *domain, struct host *host)
{
    const struct far_host_domain body = {
        .base = domain->range.base,
        .size = domain->range.size,
        .connection = domain->connection,
        .domain = domain->id,
    };
    return peer_send(&host->peer, FAR_MSG_HOST_MAP, 0, &body, sizeof body, &domain->memory, 1);
}

static void await(struct domain *domain, struct domain_mapping *mapping, bool awaited)
{
    if (awaited && !mapping->awaited) {
        mapping->awaited = true;
        domain->waiting++;
    }
}

int domain_share(struct domain *domain, struct host *host, bool awaited)
{
    struct domain_mapping *known = domain_mapping_find(domain, host);
    struct domain_mapping *mapping = known ? known : calloc(1, sizeof *mapping);
    if (!mapping)
        return -ENOMEM;
    /* Not told again before it has answered: each message holds a descriptor, and claims come faster than answers. */
    if (known && known->state == DOMAIN_MAPPING) {
        known->stale = true;
        await(domain, known, awaited);
        return 0;
    }
    int result = tell_to_map(domain, host);
    if (result) {
        if (!known)
            free(mapping);
        return result;
    }
    if (!known)
        list_append(&domain->mappings, &mapping->link);
    mapping->host = host;
    mapping->state = DOMAIN_MAPPING;
    await(domain, mapping, awaited);
    return 0;
}

void domain_unshare(struct domain *domain, struct domain_mapping *mapping, bool awaited)
{
    const struct far_host_unmap body = {.domain = domain->id};
    mapping->state = DOMAIN_UNMAPPING;
    mapping->stale = false;
    await(domain, mapping, awaited);
    peer_send(&mapping->host->peer, FAR_MSG_HOST_UNMAP, 0, &body, sizeof body, NULL, 0);
}

static bool trusts(const struct domain *domain, const char *service)
{
    for (struct list *at = domain->trusts.next; at != &domain->trusts; at = at->next)
        if (strcmp(list_entry(at, struct domain_trust, link)->service, service) == 0)
            return true;
    return false;
}

void domain_host_started(struct host *host)
{
    struct domains *domains = &host->fard->domains;
    for (struct list *at = domains->all.next; at != &domains->all; at = at->next) {
        struct domain *domain = list_entry(at, struct domain, link);
        if (!domain->ended && host->service && trusts(domain, host->service->name))
            domain_share(domain, host, false);
    }
}

static void let_go(struct domain *domain, struct domain_mapping *mapping, int32_t code)
{
    bool awaited = mapping->awaited;
    list_take_out(&mapping->link);
    free(mapping);
    if (awaited)
        domain_heard(domain, code);
    domain_bury(domain);
}

void domain_host_gone(struct host *host)
{
    struct domains *domains = &host->fard->domains;
    for (struct list *at = domains->all.next, *next; at != &domains->all; at = next) {
        struct domain *domain = list_entry(at, struct domain, link);
        struct domain_mapping *mapping = domain_mapping_find(domain, host);
        next = at->next;
        if (mapping)
            let_go(domain, mapping, 0); /* its successor maps it, or nobody does: either is what was asked */
    }
}

static struct domain *find_id(const struct domains *domains, uint32_t id)
{
    for (struct list *at = domains->all.next; at != &domains->all; at = at->next) {
        struct domain *domain = list_entry(at, struct domain, link);
        if (domain->id == id)
            return domain;
    }
    return NULL;
}

/* An answer to a MAP that an UNMAP has followed says nothing: the UNMAP's is still to come. */
static void has_mapped(struct domain *domain, struct domain_mapping *mapping, int32_t code)
{
    if (mapping->state != DOMAIN_MAPPING)
        return;
    if (code) {
        let_go(domain, mapping, code);
        return;
    }
    bool stale = mapping->stale;
    mapping->stale = false;
    mapping->state = DOMAIN_MAPPED;
    if (mapping->awaited) {
        mapping->awaited = false;
        domain_heard(domain, 0);
    }
    if (stale)
        domain_share(domain, mapping->host, false);
}

bool domain_host_answered(struct host *host, const struct far_message *message)
{
    const struct far_host_domain_reply *reply;
    struct far_error ignored;
    if (protocol_check_host_domain(message, &reply, &ignored))
        return false;
    struct domain *domain = find_id(&host->fard->domains, reply->domain);
    struct domain_mapping *mapping = domain ? domain_mapping_find(domain, host) : NULL;
    if (!mapping)
        return true; /* it was ended meanwhile */
    if (message->type == (FAR_MSG_HOST_MAP | FAR_MSG_REPLY))
        has_mapped(domain, mapping, reply->code);
    else if (mapping->state == DOMAIN_UNMAPPING)
        let_go(domain, mapping, 0);
    return true;
}
