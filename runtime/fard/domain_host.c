/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Which hosts map a client's domain segment: told, and heard of. */
#include "runtime/fard/domain_adopt.h"
#include "runtime/fard/domain_look.h"
#include "runtime/fard/fard.h"
#include "runtime/fard/memory.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct domain_mapping *domain_mapping_find(const struct domain *domain, const struct host *host)
{
    for (struct list *at = domain->mappings.next; at != &domain->mappings; at = at->next) {
        struct domain_mapping *mapping = list_entry(at, struct domain_mapping, link);
        if (mapping->host == host)
            return mapping;
    }
    return NULL;
}

static int tell_with(const struct domain *domain, uint32_t access, int memory, struct host *host)
{
    const struct far_host_domain body = {
        .base = domain->range.base,
        .size = domain->bytes,
        .connection = domain->connection,
        .domain = domain->id,
        .access = access,
    };
    return peer_send(&host->peer, FAR_MSG_HOST_MAP, 0, &body, sizeof body, &memory, 1);
}

/* Of a region that is granted for reading, by a descriptor that cannot be written through. */
static int tell_to_map(const struct domain *domain, struct host *host, struct domain_mapping *mapping)
{
    const struct domain_trust *trust = host->service ? domain_trust_find(domain, host->service->name) : NULL;
    int memory = -1, result = 0;
    if (!domain->region)
        result = tell_with(domain, 0, domain->memory, host);
    else if (!trust)
        result = -ENOENT;
    else if (trust->access == FAR_GRANT_WRITE)
        result = tell_with(domain, trust->access, domain->memory, host);
    else if ((result = memory_reopen_read_only(domain->memory, &memory)) == 0)
        result = tell_with(domain, trust->access, memory, host);
    if (memory >= 0)
        close(memory);
    if (!result)
        mapping->maps_unanswered++;
    return result;
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
    /*
     * Not told again before it has answered: each message holds a descriptor, and claims come faster than answers. Nor while it
     * is looked at: it would be found to hold what it has been given meanwhile.
     */
    if (known && (known->state == DOMAIN_MAPPING || known->state == DOMAIN_LOOKING)) {
        known->stale = true;
        await(domain, known, awaited);
        return 0;
    }
    int result = tell_to_map(domain, host, mapping);
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
    mapping->stale = false;
    await(domain, mapping, awaited);
    if (mapping->state == DOMAIN_LOOKING)
        return; /* it has said that it has let go */
    mapping->state = DOMAIN_UNMAPPING;
    peer_send(&mapping->host->peer, FAR_MSG_HOST_UNMAP, 0, &body, sizeof body, NULL, 0);
}

void domain_host_started(struct host *host)
{
    struct domains *domains = &host->fard->domains;
    for (struct list *at = domains->all.next; at != &domains->all; at = at->next) {
        struct domain *domain = list_entry(at, struct domain, link);
        if (!domain->ended && host->service && domain_trust_find(domain, host->service->name))
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
    domain_note(domain);
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

/* It is not granted then; and the host may have it from before, with fewer rights. */
static void refuse_region(struct domain *domain, struct domain_mapping *mapping, int32_t code)
{
    struct domain_trust *trust =
        mapping->host->service ? domain_trust_find(domain, mapping->host->service->name) : NULL;
    if (trust) {
        list_take_out(&trust->link);
        free(trust);
    }
    if (mapping->awaited)
        domain->failure = code;
    domain_unshare(domain, mapping, false);
    domain_note(domain);
}

/* An answer to a MAP that an UNMAP has followed says nothing: the UNMAP's is still to come. */
static void has_mapped(struct domain *domain, struct domain_mapping *mapping, int32_t code)
{
    mapping->maps_unanswered -= mapping->maps_unanswered > 0;
    if (mapping->state != DOMAIN_MAPPING)
        return;
    if (code && domain->region) {
        refuse_region(domain, mapping, code);
        return;
    }
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

/*
 * An answer to an UNMAP that a MAP has followed says nothing either. Whose owner has ended takes the host's word: nothing is
 * written there any more that it could not have read before.
 */
static void has_unmapped(struct domain *domain, struct domain_mapping *mapping)
{
    if (mapping->state != DOMAIN_UNMAPPING || mapping->maps_unanswered)
        return;
    if (domain->ended) {
        let_go(domain, mapping, 0);
        return;
    }
    mapping->state = DOMAIN_LOOKING;
    mapping->looked_at = false;
    domain_look(domain->fard);
}

/* The host is fard's own: it goes, and the next one is told anew what clients let it reach. */
static void end_host_that_holds(const struct domain *domain, struct host *host)
{
    host_trouble(
        host, "the host has said that it has let go of the %s of process %d (uid %u), and has it still; it was killed",
        domain->region ? "region" : "domain segment", (int)domain->pid, (unsigned)domain->uid);
    if (!host->service)
        fard_log("a host that is leaving: %s", host->trouble);
    host_kill(host);
}

static void say_what_was_seen(const struct domain *domain, const struct host *host,
                              const struct domain_verdict *verdict)
{
    const char *service = host->service ? host->service->name : "(leaving)";
    if (verdict->killed)
        fard_log(
            "service '%s': %u processes of its host's had the domain segment of process %d, which the host was told "
            "to let go of; they were killed",
            service, verdict->killed, (int)domain->pid);
    if (verdict->holds == DOMAIN_HOLDS_UNSEEN)
        fard_log(
            "service '%s': its host says that it has let go of the domain segment of process %d; this fard may not "
            "look whether it has",
            service, (int)domain->pid);
}

void domain_looked(struct fard *fard, uint32_t id, pid_t pid, const struct domain_verdict *verdict)
{
    struct domain *domain = find_id(&fard->domains, id);
    struct domain_mapping *mapping = NULL;
    for (struct list *at = domain ? domain->mappings.next : NULL; domain && at != &domain->mappings; at = at->next)
        if (list_entry(at, struct domain_mapping, link)->host->pid == pid)
            mapping = list_entry(at, struct domain_mapping, link);
    if (!mapping || mapping->state != DOMAIN_LOOKING)
        return; /* it has died meanwhile */
    if (verdict)
        say_what_was_seen(domain, mapping->host, verdict);
    if (verdict && verdict->holds == DOMAIN_HOLDS_STILL) {
        end_host_that_holds(domain, mapping->host); /* and domain_host_gone() is the answer */
        return;
    }
    if (!mapping->stale || domain->ended) {
        let_go(domain, mapping, verdict ? 0 : EAGAIN);
        return;
    }
    mapping->stale = false;
    mapping->state = DOMAIN_MAPPING;
    int result = tell_to_map(domain, mapping->host, mapping);
    if (result)
        let_go(domain, mapping, -result);
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
    else
        has_unmapped(domain, mapping);
    return true;
}
