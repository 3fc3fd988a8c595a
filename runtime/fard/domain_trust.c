/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* TRUST: whom a client lets reach its domain segment. The answer waits for the hosts that run now. */
#include "runtime/fard/domain_adopt.h"
#include "runtime/fard/fard.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static struct domain_trust *trust_find(const struct domain *domain, const char *service)
{
    for (struct list *at = domain->trusts.next; at != &domain->trusts; at = at->next) {
        struct domain_trust *trust = list_entry(at, struct domain_trust, link);
        if (strcmp(trust->service, service) == 0)
            return trust;
    }
    return NULL;
}

static uint32_t trust_count(const struct domain *domain)
{
    uint32_t count = 0;
    for (const struct list *at = domain->trusts.next; at != &domain->trusts; at = at->next)
        count++;
    return count;
}

static int trust_add(struct domain *domain, const char *service, struct far_error *error)
{
    if (trust_find(domain, service))
        return 0;
    if (trust_count(domain) == DOMAIN_TRUSTS_MAX)
        return refuse(error, ENOSPC, EX_UNAVAILABLE, "trust: a domain segment can be shared with %u services at most",
                      DOMAIN_TRUSTS_MAX);
    struct domain_trust *trust = calloc(1, sizeof *trust);
    if (!trust)
        return -ENOMEM;
    memcpy(trust->service, service, sizeof trust->service);
    list_append(&domain->trusts, &trust->link);
    return 0;
}

static void trust_remove(struct domain *domain, const char *service)
{
    struct domain_trust *trust = trust_find(domain, service);
    if (!trust)
        return;
    list_take_out(&trust->link);
    free(trust);
}

static int share_with_hosts(struct domain *domain, const char *service)
{
    const struct registry *registry = &domain->fard->registry;
    int result = 0;
    for (struct service *at = registry_after(registry, 0); at && !result; at = registry_after(registry, at->id))
        if (strcmp(at->name, service) == 0 && at->host && at->host->pid)
            result = domain_share(domain, at->host, at->host->state == FAR_STATE_READY);
    return result;
}

static void unshare_with_hosts(struct domain *domain, const char *service)
{
    for (struct list *at = domain->mappings.next; at != &domain->mappings; at = at->next) {
        struct domain_mapping *mapping = list_entry(at, struct domain_mapping, link);
        const struct service *of = mapping->host->service;
        if (of && strcmp(of->name, service) == 0)
            domain_unshare(domain, mapping, true);
    }
}

static void answer(struct domain *domain)
{
    timer_stop(&domain->timer);
    domain->waiting = 0;
    if (!domain->client)
        return;
    if (!domain->failure) {
        peer_send(&domain->client->peer, FAR_MSG_TRUST | FAR_MSG_REPLY, domain->serial, NULL, 0, NULL, 0);
        return;
    }
    struct far_error error;
    if (domain->failure == EINPROGRESS)
        refuse(&error, EINPROGRESS, EX_TEMPFAIL,
               "trust: the service's host has not answered yet; a call that uses the memory keeps it until it ends");
    else if (domain->failure == EAGAIN)
        refuse(&error, EAGAIN, EX_TEMPFAIL,
               "trust: the service's host says that it has let go; fard could not look whether it has");
    else
        refuse(&error, domain->failure, EX_UNAVAILABLE, "trust: the service's host cannot map the domain segment: %s",
               strerror(domain->failure));
    peer_send_error(&domain->client->peer, domain->serial, &error);
}

void domain_heard(struct domain *domain, int32_t code)
{
    if (!domain->waiting)
        return;
    if (code)
        domain->failure = code;
    if (--domain->waiting == 0)
        answer(domain);
}

void domain_trust_timed_out(struct timer *timer)
{
    struct domain *domain = list_entry(timer, struct domain, timer);
    for (struct list *at = domain->mappings.next; at != &domain->mappings; at = at->next)
        list_entry(at, struct domain_mapping, link)->awaited = false;
    domain->failure = EINPROGRESS;
    answer(domain);
}

int handle_trust(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_trust_request *request;
    struct domain *domain = client->domain;
    int result = protocol_check_trust(message, &request, error);
    if (!result && !domain)
        result = refuse(error, ENXIO, EX_USAGE, "trust: this connection has no domain segment");
    if (!result && domain->waiting)
        result = refuse(error, EBUSY, EX_TEMPFAIL, "trust: the request before is not answered yet");
    if (!result && request->on)
        result = trust_add(domain, request->service, error);
    if (result)
        return result;
    domain->serial = message->serial;
    domain->failure = 0;
    if (request->on) {
        result = share_with_hosts(domain, request->service);
    } else {
        trust_remove(domain, request->service);
        unshare_with_hosts(domain, request->service);
    }
    domain_note(
        domain); /* before anybody is told: a fard that is killed now must not have promised what the next does not know */
    if (domain->waiting == 0) {
        if (result)
            return result;
        client_reply(client, message, NULL, 0);
        return 0;
    }
    if (result)
        domain->failure = -result;
    timer_start(&client->fard->loop, &domain->timer, DOMAIN_ANSWER_MS);
    return FARD_PENDING;
}
