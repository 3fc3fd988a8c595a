/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* DOMAIN and TRUST: a client's own segment, and whom it lets reach it. */
#include "runtime/fard/domain.h"
#include "runtime/fard/fard.h"
#include "runtime/fard/memory.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

void domains_init(struct domains *domains)
{
    *domains = (struct domains){0};
    list_init(&domains->all);
    if (getrandom(&domains->last_connection, sizeof domains->last_connection, GRND_NONBLOCK) < 0)
        domains->last_connection = (uint64_t)loop_now() << 32;
}

static void trusts_free(struct domain *domain)
{
    while (!list_is_empty(&domain->trusts)) {
        struct domain_trust *trust = list_entry(domain->trusts.next, struct domain_trust, link);
        list_take_out(&trust->link);
        free(trust);
    }
}

/* What it holds while its process lives. */
static void put_away(struct domain *domain)
{
    timer_stop(&domain->timer);
    trusts_free(domain);
    if (domain->life.fd >= 0) {
        loop_forget(&domain->fard->loop, &domain->life);
        close(domain->life.fd);
    }
    if (domain->memory >= 0)
        close(domain->memory);
    domain->life.fd = domain->memory = -1;
    if (domain->client)
        domain->client->domain = NULL;
    domain->client = NULL;
}

void domain_bury(struct domain *domain)
{
    if (!domain->ended || !list_is_empty(&domain->mappings))
        return;
    domain_ranges_release(&domain->fard->domains.ranges, &domain->range, loop_now());
    list_take_out(&domain->link);
    free(domain);
}

/* The process has gone, or has said that it does not have it any more. */
static void domain_end(struct domain *domain)
{
    domain->ended = true;
    put_away(domain);
    for (struct list *at = domain->mappings.next; at != &domain->mappings; at = at->next) {
        struct domain_mapping *mapping = list_entry(at, struct domain_mapping, link);
        mapping->awaited = false;
        if (mapping->state != DOMAIN_UNMAPPING)
            domain_unshare(domain, mapping, false);
    }
    domain_bury(domain);
}

void domains_free(struct domains *domains)
{
    while (domains->all.next && !list_is_empty(&domains->all)) {
        struct domain *domain = list_entry(domains->all.next, struct domain, link);
        while (!list_is_empty(&domain->mappings)) {
            struct domain_mapping *mapping = list_entry(domain->mappings.next, struct domain_mapping, link);
            list_take_out(&mapping->link);
            free(mapping);
        }
        domain_end(domain);
    }
    domain_ranges_free(&domains->ranges);
}

uint64_t domains_next_connection(struct domains *domains)
{
    if (++domains->last_connection == 0)
        domains->last_connection = 1;
    return domains->last_connection;
}

uint32_t domains_count(const struct domains *domains, const struct range *within)
{
    uint32_t count = 0;
    for (const struct list *at = domains->all.next; at != &domains->all; at = at->next) {
        const struct domain *domain = list_entry(at, struct domain, link);
        count += !domain->ended && domain->range.base - within->base < within->size;
    }
    return count;
}

static int process_ended(struct source *source, uint32_t events)
{
    (void)events;
    domain_end(list_entry(source, struct domain, life));
    return 0;
}

/* The process that opened the connection; by the kernel's word, so that no number that came again is taken for it. */
static int open_process(const struct client *client)
{
    int fd;
    socklen_t size = sizeof fd;
    if (getsockopt(client->peer.source.fd, SOL_SOCKET, SO_PEERPIDFD, &fd, &size) == 0)
        return fd;
    if (errno != ENOPROTOOPT)
        return -errno;
    fd = (int)syscall(SYS_pidfd_open, client->who.pid, 0);
    return fd < 0 ? -errno : fd;
}

static int check_quota(const struct client *client, uint64_t size, struct far_error *error)
{
    uint32_t count = 0;
    uint64_t bytes = size;
    const struct domains *domains = &client->fard->domains;
    for (const struct list *at = domains->all.next; at != &domains->all; at = at->next) {
        const struct domain *domain = list_entry(at, struct domain, link);
        if (domain->uid != client->who.uid)
            continue;
        count++;
        bytes += domain->range.size;
    }
    if (count < UID_DOMAINS_MAX && bytes <= UID_DOMAIN_BYTES)
        return 0;
    return refuse(error, EDQUOT, EX_TEMPFAIL,
                  "domain segment: uid %u has %u of them, and %llu bytes of addresses with this one; the limits are %u "
                  "and %llu",
                  client->who.uid, count, (unsigned long long)bytes, UID_DOMAINS_MAX,
                  (unsigned long long)UID_DOMAIN_BYTES);
}

/* One more chunk out of the window. When there is none left, youth is no protection any more. */
static int take_from_window(struct fard *fard, uint64_t size, struct range *range, struct far_error *error)
{
    struct range chunk;
    uint32_t id;
    struct domain_ranges *ranges = &fard->domains.ranges;
    int result = store_take_range(fard->store, "domains", domain_ranges_chunk_for(size), &id, &chunk, error);
    if (result == FARD_REFUSED && domain_ranges_take_early(ranges, size, range))
        return 0;
    result = result ? result : domain_ranges_add(ranges, id, &chunk);
    return result ? result : domain_ranges_take(ranges, size, loop_now(), range);
}

static int take_range(struct fard *fard, uint64_t size, struct range *range, struct far_error *error)
{
    int result = domain_ranges_take(&fard->domains.ranges, size, loop_now(), range);
    return result == DOMAIN_NEEDS_CHUNK ? take_from_window(fard, size, range, error) : result;
}

static int create_memory(uint64_t size, int *out)
{
    int result = memory_create("far:domain", size, out);
    if (result)
        return result;
    result = memory_seal_size(*out);
    if (result)
        close(*out);
    return result;
}

static void timer_fired(struct timer *timer);

static struct domain *domain_alloc(struct client *client)
{
    struct domain *domain = calloc(1, sizeof *domain);
    if (!domain)
        return NULL;
    domain->fard = client->fard;
    domain->uid = client->who.uid;
    domain->pid = client->who.pid;
    domain->memory = domain->life.fd = -1;
    domain->timer.fire = timer_fired;
    list_init(&domain->trusts);
    list_init(&domain->mappings);
    return domain;
}

static void belong_to(struct domain *domain, struct client *client)
{
    if (domain->client)
        domain_client_gone(domain->client);
    domain->client = client;
    domain->connection = client->connection;
    client->domain = domain;
}

static int watch_process(struct domain *domain, const struct client *client)
{
    int pidfd = open_process(client);
    if (pidfd < 0)
        return pidfd;
    domain->life = (struct source){pidfd, process_ended};
    int result = loop_watch(&client->fard->loop, &domain->life, EPOLLIN);
    if (result) {
        close(pidfd);
        domain->life.fd = -1;
    }
    return result;
}

static int domain_new(struct client *client, uint64_t wanted, struct far_error *error)
{
    uint64_t size = domain_ranges_size(wanted ? wanted : DOMAIN_SIZE_DEFAULT);
    struct fard *fard = client->fard;
    int result = check_quota(client, size, error);
    struct domain *domain = result ? NULL : domain_alloc(client);
    if (!domain)
        return result ? result : -ENOMEM;
    result = create_memory(size, &domain->memory);
    result = result ? result : watch_process(domain, client);
    result = result ? result : take_range(fard, size, &domain->range, error);
    if (result) {
        put_away(domain);
        free(domain);
        return result;
    }
    domain->id = ++fard->domains.last_id;
    list_append(&fard->domains.all, &domain->link);
    belong_to(domain, client);
    return 0;
}

static bool same_process(const struct domain *domain, const struct client *client)
{
    return !domain->ended && domain->pid == client->who.pid && domain->uid == client->who.uid;
}

/* A process that has lost its connection, and not its memory: hosts learn by which number its calls come from now on. */
static int claim(struct client *client, uint64_t base, struct far_error *error)
{
    struct domains *domains = &client->fard->domains;
    for (struct list *at = domains->all.next; at != &domains->all; at = at->next) {
        struct domain *domain = list_entry(at, struct domain, link);
        if (!same_process(domain, client) || domain->range.base != base)
            continue;
        belong_to(domain, client);
        for (struct list *m = domain->mappings.next, *next; m != &domain->mappings; m = next) {
            struct domain_mapping *mapping = list_entry(m, struct domain_mapping, link);
            next = m->next;
            if (mapping->state != DOMAIN_UNMAPPING)
                domain_share(domain, mapping->host, false);
        }
        return 0;
    }
    return refuse(error, ESTALE, EX_UNAVAILABLE, "domain segment: this fard knows none at 0x%llx of process %d",
                  (unsigned long long)base, client->who.pid);
}

/* Who asks for one and claims none has none: what its process had before, before exec, is not mapped any more. */
static void end_forgotten(struct client *client)
{
    struct domains *domains = &client->fard->domains;
    for (struct list *at = domains->all.next, *next; at != &domains->all; at = next) {
        struct domain *domain = list_entry(at, struct domain, link);
        next = at->next;
        if (same_process(domain, client) && !domain->client)
            domain_end(domain);
    }
}

int handle_domain(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_domain_request *request;
    int result = protocol_check_domain(message, &request, error);
    if (!result && !client->domain) {
        if (!request->claim)
            end_forgotten(client);
        result = request->claim ? claim(client, request->claim, error) : domain_new(client, request->size, error);
    }
    if (result)
        return result;
    const struct domain *domain = client->domain;
    const struct far_domain_reply reply = {
        .base = domain->range.base, .size = domain->range.size, .domain = domain->id};
    result = peer_send(&client->peer, FAR_MSG_DOMAIN | FAR_MSG_REPLY, message->serial, &reply, sizeof reply,
                       &domain->memory, 1);
    return result ? refuse(error, EAGAIN, EX_TEMPFAIL, "domain segment: fard has too many descriptors on their way")
                  : 0;
}

void domain_client_gone(struct client *client)
{
    struct domain *domain = client->domain;
    if (!domain)
        return;
    client->domain = NULL;
    domain->client = NULL;
    timer_stop(&domain->timer);
    domain->waiting = 0;
    for (struct list *at = domain->mappings.next; at != &domain->mappings; at = at->next)
        list_entry(at, struct domain_mapping, link)->awaited = false;
}

/* --- whom it trusts --- */

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

static void timer_fired(struct timer *timer)
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
