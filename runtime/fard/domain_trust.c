/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* TRUST, GRANT: whom a client lets reach its domain segment, or a region. The answer waits for the hosts that run now. */
#include "runtime/fard/domain_adopt.h"
#include "runtime/fard/fard.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct domain_trust *domain_trust_find(const struct domain *domain, const char *service)
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

static int trust_add(struct domain *domain, const char *service, uint32_t access, struct far_error *error)
{
    uint32_t most = domain->region ? FAR_REGION_GRANTS_MAX : DOMAIN_TRUSTS_MAX;
    struct domain_trust *trust = domain_trust_find(domain, service);
    if (trust) {
        trust->access = access;
        return 0;
    }
    if (trust_count(domain) >= most)
        return refuse(error, ENOSPC, EX_UNAVAILABLE, "%s can be shared with %u services at most",
                      domain->region ? "grant: a region" : "trust: a domain segment", most);
    trust = calloc(1, sizeof *trust);
    if (!trust)
        return -ENOMEM;
    trust->access = access;
    memcpy(trust->service, service, sizeof trust->service);
    list_append(&domain->trusts, &trust->link);
    return 0;
}

/* Of that service; of all if it is "". */
static void trust_remove(struct domain *domain, const char *service)
{
    struct domain_trust *trust = domain_trust_find(domain, service);
    if (!*service)
        domain_trusts_free(&domain->trusts);
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

/* One that a newer version has replaced serves the calls that it has, and holds what they were given. */
static const struct service *service_of(const struct host *host)
{
    return host->service ? host->service : host->retired_from;
}

static void unshare_with_hosts(struct domain *domain, const char *service)
{
    for (struct list *at = domain->mappings.next; at != &domain->mappings; at = at->next) {
        struct domain_mapping *mapping = list_entry(at, struct domain_mapping, link);
        const struct service *of = service_of(mapping->host);
        if (!*service || (of && strcmp(of->name, service) == 0))
            domain_unshare(domain, mapping, true);
    }
}

static void describe_delay(const struct domain *domain, struct far_error *error)
{
    const char *what = domain->region ? "grant" : "trust";
    if (domain->failure == EINPROGRESS)
        refuse(error, EINPROGRESS, EX_TEMPFAIL,
               "%s: the service's host has not answered yet; a call that uses the memory keeps it until it ends", what);
    else if (domain->failure == EAGAIN)
        refuse(error, EAGAIN, EX_TEMPFAIL,
               "%s: the service's host says that it has let go; fard could not look whether it has", what);
    else
        refuse(error, domain->failure, EX_UNAVAILABLE, "%s: the service's host cannot map the memory: %s", what,
               strerror(domain->failure));
}

static void answer(struct domain *domain)
{
    timer_stop(&domain->timer);
    domain->waiting = 0;
    if (!domain->client)
        return;
    struct far_error error;
    uint16_t type = domain->region ? FAR_MSG_GRANT : FAR_MSG_TRUST;
    if (!domain->failure) {
        peer_send(&domain->client->peer, type | FAR_MSG_REPLY, domain->serial, NULL, 0, NULL, 0);
        return;
    }
    describe_delay(domain, &error);
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

int domain_change_trust(struct client *client, const struct far_message *message, const struct domain_change *change,
                        struct far_error *error)
{
    struct domain *domain = change->domain;
    if (domain->waiting)
        return refuse(error, EBUSY, EX_TEMPFAIL, "trust: the request before is not answered yet");
    int result = change->on ? trust_add(domain, change->service, change->access, error) : 0;
    if (result)
        return result;
    domain->serial = message->serial;
    domain->failure = 0;
    if (change->on) {
        result = share_with_hosts(domain, change->service);
    } else {
        trust_remove(domain, change->service);
        unshare_with_hosts(domain, change->service);
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

int handle_trust(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_trust_request *request;
    int result = protocol_check_trust(message, &request, error);
    if (!result && !client->domain)
        result = refuse(error, ENXIO, EX_USAGE, "trust: this connection has no domain segment");
    if (result)
        return result;
    const struct domain_change change = {client->domain, request->service, request->on, 0};
    return domain_change_trust(client, message, &change, error);
}
