/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/grant.h"

#include "runtime/fard/fard.h"
#include "runtime/fard/request.h"
#include "runtime/room.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* --- regions --- */

static struct domain *find_region(const struct client *client, uint64_t base)
{
    for (const struct list *at = client->regions.next; at != &client->regions; at = at->next) {
        struct domain *region = list_entry(at, struct domain, of_client);
        if (region->range.base == base)
            return region;
    }
    return NULL;
}

static uint32_t region_count(const struct client *client)
{
    uint32_t count = 0;
    for (const struct list *at = client->regions.next; at != &client->regions; at = at->next)
        count++;
    return count;
}

/* Whoever touches a page first makes it real, and that may be a host: so it is shared out as A-stacks are. */
static uint64_t uid_bytes_max(void)
{
    return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 4;
}

static int region_admit(const struct client *client, uint64_t bytes, struct far_error *error)
{
    uint64_t most = uid_bytes_max(), own = client->account->granted;
    if (region_count(client) >= FAR_REGIONS_MAX)
        return refuse(error, EDQUOT, EX_TEMPFAIL, "region: a process can have %u at most; give others up",
                      FAR_REGIONS_MAX);
    if (bytes > most || own > most - bytes)
        return refuse(error, EDQUOT, EX_TEMPFAIL,
                      "region: uid %u has %llu bytes in regions; with this one it would have more than %llu, a quarter "
                      "of the machine's memory",
                      client->who.uid, (unsigned long long)own, (unsigned long long)most);
    return 0;
}

static int region_new(struct client *client, const struct far_region_request *request, struct far_error *error)
{
    uint64_t bytes = (request->size + FAR_REGION_UNIT - 1) / FAR_REGION_UNIT * FAR_REGION_UNIT;
    if (request->flags & FAR_REGION_FIRST && !client->domain && list_is_empty(&client->regions))
        domain_end_forgotten(client);
    int result = region_admit(client, bytes, error);
    return result ? result : domain_new(client, bytes, true, error);
}

static int region_end(struct client *client, const struct far_message *message, uint64_t base, struct far_error *error)
{
    struct domain *region = find_region(client, base);
    if (!region)
        return refuse(error, EINVAL, EX_USAGE, "region: this connection has none at 0x%llx", (unsigned long long)base);
    domain_end(region);
    client_reply(client, message, NULL, 0);
    return 0;
}

static int region_reply(struct client *client, const struct far_message *message, const struct domain *region,
                        struct far_error *error)
{
    const struct far_domain_reply reply = {.base = region->range.base, .size = region->bytes, .domain = region->id};
    if (peer_send(&client->peer, FAR_MSG_REGION | FAR_MSG_REPLY, message->serial, &reply, sizeof reply, &region->memory,
                  1) == 0)
        return 0;
    return refuse(error, EAGAIN, EX_TEMPFAIL, "region: fard has too many descriptors on their way");
}

/* The one that was made or claimed just now stands last. One that its client never hears of is given up. */
int handle_region(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_region_request *request;
    int result = protocol_check_region(message, &request, error);
    if (result)
        return result;
    if (request->flags & FAR_REGION_END)
        return region_end(client, message, request->base, error);
    bool is_new = !(request->flags & FAR_REGION_CLAIM);
    result = is_new ? region_new(client, request, error) : domain_claim(client, request->base, true, error);
    if (result)
        return result;
    struct domain *region = list_entry(client->regions.previous, struct domain, of_client);
    result = region_reply(client, message, region, error);
    if (result && is_new)
        domain_end(region);
    return result;
}

/* --- grants --- */

/* What of a host's room for regions is in use, by all and by one uid. */
static void count_mappings(const struct domains *domains, const struct host *host, uid_t uid, uint32_t *all,
                           uint32_t *own)
{
    *all = *own = 0;
    for (const struct list *at = domains->all.next; at != &domains->all; at = at->next) {
        const struct domain *domain = list_entry(at, const struct domain, link);
        if (!domain->region || !domain_mapping_find(domain, host))
            continue;
        ++*all;
        *own += domain->uid == uid;
    }
}

static int host_admits(const struct client *client, const struct domain *region, const struct host *host,
                       struct far_error *error)
{
    uint32_t all, own;
    const struct domain_mapping *mapping = domain_mapping_find(region, host);
    if (mapping && mapping->state == DOMAIN_UNMAPPING)
        return refuse(error, EINPROGRESS, EX_TEMPFAIL,
                      "grant: service '%s' has not let go yet of what was taken back; a call uses it still",
                      host->service->name);
    if (mapping)
        return 0;
    count_mappings(&client->fard->domains, host, client->who.uid, &all, &own);
    if (room_admits(HOST_REGIONS_MAX, all, own, 1))
        return 0;
    return refuse(error, EDQUOT, EX_TEMPFAIL,
                  "grant: service '%s' can have %u regions mapped, has %u, %u of them uid %u's, and the last are for "
                  "users that have few; take others back",
                  host->service->name, HOST_REGIONS_MAX, all, own, client->who.uid);
}

static int refuse_nowhere(const char *name, const struct service *away, struct far_error *error)
{
    if (away)
        return refuse(error, ENOTSUP, EX_UNAVAILABLE,
                      "grant: service '%s' is on node '%s', where no region of this one can be mapped; its calls copy",
                      name, away->away->node);
    return refuse(error, ENOENT, EX_UNAVAILABLE, "grant: no service '%s' is registered", name);
}

/* Everybody may call a service, at level none at least; some version of it must be here, and have room. */
static int service_admits(const struct client *client, const struct domain *region, const char *name,
                          struct far_error *error)
{
    const struct registry *registry = &client->fard->registry;
    const struct service *away = NULL;
    bool found = false;
    for (struct service *at = registry_after(registry, 0); at; at = registry_after(registry, at->id)) {
        if (strcmp(at->name, name) != 0)
            continue;
        if (at->away) {
            away = at;
            continue;
        }
        found = true;
        int result = at->host && at->host->pid ? host_admits(client, region, at->host, error) : 0;
        if (result)
            return result;
    }
    return found ? 0 : refuse_nowhere(name, away, error);
}

static int grant_admit(const struct client *client, const struct domain *region,
                       const struct far_grant_request *request, struct far_error *error)
{
    const struct domain_trust *trust = domain_trust_find(region, request->service);
    if (trust && trust->access & ~request->access)
        return refuse(error, EEXIST, EX_USAGE,
                      "grant: service '%s' may write there; take that back before it is granted for reading",
                      request->service);
    return service_admits(client, region, request->service, error);
}

int handle_grant(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_grant_request *request;
    int result = protocol_check_grant(message, &request, error);
    struct domain *region = result ? NULL : find_region(client, request->base);
    if (!result && !region)
        result = refuse(error, EINVAL, EX_USAGE, "grant: this connection has no region at 0x%llx",
                        (unsigned long long)request->base);
    if (!result && request->access)
        result = grant_admit(client, region, request, error);
    if (result)
        return result;
    const struct domain_change change = {region, request->service, request->access != 0, request->access};
    return domain_change_trust(client, message, &change, error);
}

struct grant_sum grants_to(const struct domains *domains, const char *service)
{
    struct grant_sum sum = {0};
    if (!domains->regions)
        return sum;
    for (const struct list *at = domains->all.next; at != &domains->all; at = at->next) {
        const struct domain *domain = list_entry(at, const struct domain, link);
        if (!domain->region || domain->ended || !domain_trust_find(domain, service))
            continue;
        sum.regions++;
        sum.bytes += domain->bytes;
    }
    return sum;
}
