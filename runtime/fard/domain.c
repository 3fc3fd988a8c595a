/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* DOMAIN: a client's own segment, from the request for it to its range's return. */
#include "runtime/fard/domain.h"
#include "runtime/fard/domain_adopt.h"
#include "runtime/fard/fard.h"
#include "runtime/fard/memory.h"
#include "runtime/fard/process.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

void domains_init(struct domains *domains)
{
    *domains = (struct domains){0};
    list_init(&domains->all);
    if (getrandom(&domains->last_connection, sizeof domains->last_connection, GRND_NONBLOCK) < 0)
        domains->last_connection = (uint64_t)loop_now() << 32;
}

void domain_trusts_free(struct list *trusts)
{
    while (!list_is_empty(trusts)) {
        struct domain_trust *trust = list_entry(trusts->next, struct domain_trust, link);
        list_take_out(&trust->link);
        free(trust);
    }
}

void domain_count_in(struct domain *domain, struct account *account)
{
    domain->account = account;
    account->users++;
    account->domains++;
    account->granted += domain->region ? domain->bytes : 0;
    domain->fard->domains.live++;
    domain->fard->domains.regions += domain->region;
}

static void count_out(struct domain *domain)
{
    if (!domain->account)
        return;
    domain->account->domains--;
    domain->account->granted -= domain->region ? domain->bytes : 0;
    domain->fard->domains.live--;
    domain->fard->domains.regions -= domain->region;
    account_put(domain->account);
    domain->account = NULL;
}

static void part_from_client(struct domain *domain)
{
    if (domain->client && domain->region)
        list_take_out(&domain->of_client);
    else if (domain->client)
        domain->client->domain = NULL;
    domain->client = NULL;
}

/* What it holds while its process lives. */
static void put_away(struct domain *domain)
{
    timer_stop(&domain->timer);
    domain_unkeep(domain);
    domain_trusts_free(&domain->trusts);
    domain_trusts_free(&domain->leaving);
    if (domain->life.fd >= 0) {
        loop_forget(&domain->fard->loop, &domain->life);
        close(domain->life.fd);
    }
    if (domain->memory >= 0)
        close(domain->memory);
    domain->life.fd = domain->memory = -1;
    count_out(domain);
    part_from_client(domain);
}

void domain_bury(struct domain *domain)
{
    if (!domain->ended || !list_is_empty(&domain->mappings))
        return;
    domain_ranges_release(&domain->fard->domains.ranges, &domain->range, domain->uid, loop_now());
    domain_forget(domain);
    list_take_out(&domain->link);
    free(domain);
}

/* The process has gone, or has said that it does not have it any more. */
void domain_end(struct domain *domain)
{
    domain->ended = true;
    put_away(domain);
    for (struct list *at = domain->mappings.next; at != &domain->mappings; at = at->next) {
        struct domain_mapping *mapping = list_entry(at, struct domain_mapping, link);
        mapping->awaited = false;
        if (mapping->state == DOMAIN_LOOKING)
            mapping->stale = false;
        else if (mapping->state != DOMAIN_UNMAPPING)
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
    free(domains->earlier);
    domains->earlier = NULL;
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

/* What a uid has now, and how many. */
static uint64_t bytes_of(const struct domains *domains, uid_t uid, uint32_t *count)
{
    uint64_t bytes = 0;
    *count = 0;
    for (const struct list *at = domains->all.next; at != &domains->all; at = at->next) {
        const struct domain *domain = list_entry(at, struct domain, link);
        if (domain->uid != uid)
            continue;
        ++*count;
        bytes += domain_ranges_cost(domain->range.size);
    }
    return bytes;
}

static int refuse_quota(uid_t uid, uint32_t count, uint64_t bytes, struct far_error *error)
{
    return refuse(
        error, EDQUOT, EX_TEMPFAIL,
        "domain segment: uid %u has %u of them, and with this one %llu bytes of addresses, those included that "
        "are not used again yet; the limits are %u and %llu",
        uid, count, (unsigned long long)bytes, UID_DOMAINS_MAX, (unsigned long long)UID_DOMAIN_BYTES);
}

static int note_earlier(void *context, const struct stored_range *row)
{
    struct domains *domains = context;
    if (strcmp(row->name, DOMAIN_CHUNK_NAME) != 0)
        return 0;
    struct domain_chunk *grown = reallocarray(domains->earlier, domains->earlier_count + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    domains->earlier = grown;
    domains->earlier[domains->earlier_count++] = (struct domain_chunk){row->id, row->range};
    domains->chunk_bytes += row->range.size;
    return 0;
}

/* Once, before the first chunk of this life. */
static int count_chunks(struct fard *fard, struct far_error *error)
{
    struct domains *domains = &fard->domains;
    if (domains->counted)
        return 0;
    free(domains->earlier);
    domains->earlier = NULL;
    domains->earlier_count = domains->chunk_bytes = 0;
    int result = store_each_range(fard->store, 0, note_earlier, domains, error);
    domains->counted = result == 0;
    return result;
}

/* The chunk of an earlier life, or ours by now, that this lies in. */
bool domain_chunk_adopt(struct fard *fard, const struct range *range)
{
    struct far_error ignored;
    struct domains *domains = &fard->domains;
    if (domain_ranges_covers(&domains->ranges, range))
        return true;
    for (size_t i = 0; count_chunks(fard, &ignored) == 0 && i < domains->earlier_count; i++) {
        const struct domain_chunk *chunk = &domains->earlier[i];
        if (!range_covers(&chunk->range, range) || domain_ranges_adopt(&domains->ranges, chunk))
            continue;
        domains->earlier[i] = domains->earlier[--domains->earlier_count];
        return true;
    }
    return false;
}

/* An earlier life's chunk as one of ours: only when the window has no more for us. */
static bool take_earlier(struct domains *domains, uint64_t least, struct domain_chunk *chunk)
{
    for (size_t i = 0; i < domains->earlier_count; i++) {
        if (domains->earlier[i].range.size < least)
            continue;
        *chunk = domains->earlier[i];
        domains->earlier[i] = domains->earlier[--domains->earlier_count];
        return true;
    }
    return false;
}

static int find_chunk(struct fard *fard, uint64_t size, struct domain_chunk *chunk, struct far_error *error)
{
    struct domains *domains = &fard->domains;
    uint64_t least = domain_ranges_chunk_for(size);
    int result = count_chunks(fard, error);
    if (result)
        return result;
    if (domains->chunk_bytes + least <= DOMAIN_BYTES)
        result = store_take_range(fard->store, DOMAIN_CHUNK_NAME, least, &chunk->id, &chunk->range, error);
    else
        result = refuse(error, ENOMEM, EX_TEMPFAIL,
                        "domain segment: clients have %llu bytes of addresses already, and more they may not have",
                        (unsigned long long)domains->chunk_bytes);
    if (!result)
        domains->chunk_bytes += chunk->range.size;
    return result == FARD_REFUSED && take_earlier(domains, least, chunk) ? 0 : result;
}

/* One more chunk. When there is none left, youth is no protection any more. */
static int take_from_window(struct fard *fard, uint64_t size, struct range *range, struct far_error *error)
{
    struct domain_chunk chunk;
    struct domain_ranges *ranges = &fard->domains.ranges;
    int result = find_chunk(fard, size, &chunk, error);
    if (result == FARD_REFUSED && domain_ranges_take_early(ranges, size, range))
        return 0;
    result = result ? result : domain_ranges_add(ranges, chunk.id, &chunk.range);
    return result ? result : domain_ranges_take(ranges, size, loop_now(), range);
}

/* A uid that has used up its share, by segments that it has or has had, gets its own old ones again, at once. */
static int take_range(struct client *client, uint64_t size, struct range *range, struct far_error *error)
{
    uint32_t count;
    struct fard *fard = client->fard;
    struct domain_ranges *ranges = &fard->domains.ranges;
    uint64_t live = bytes_of(&fard->domains, client->who.uid, &count) + domain_ranges_cost(size);
    uint64_t bytes = live + domain_ranges_idle(ranges, client->who.uid);
    if (count >= UID_DOMAINS_MAX || live > UID_DOMAIN_BYTES)
        return refuse_quota(client->who.uid, count, bytes, error);
    if (bytes > UID_DOMAIN_BYTES)
        return domain_ranges_take_own(ranges, size, client->who.uid, range)
                   ? 0
                   : refuse_quota(client->who.uid, count, bytes, error);
    int result = domain_ranges_take(ranges, size, loop_now(), range);
    return result == DOMAIN_NEEDS_CHUNK ? take_from_window(fard, size, range, error) : result;
}

static int create_memory(struct domain *domain)
{
    struct stat status;
    int result = memory_create(domain->region ? "far:region" : "far:domain", domain->bytes, &domain->memory);
    if (result)
        return result;
    result = memory_seal_size(domain->memory);
    /*
     * Who might write is told which of its pages there are (mincore): a child of fork may need that, under any uid. Not of a region,
     * which is lent read-only, too.
     */
    if (!result && !domain->region && fchmod(domain->memory, 0602) < 0)
        result = -errno;
    if (!result && fstat(domain->memory, &status) < 0)
        result = -errno;
    if (result) {
        close(domain->memory);
        domain->memory = -1;
        return result;
    }
    domain->device = status.st_dev;
    domain->inode = status.st_ino;
    return 0;
}

struct domain *domain_alloc(struct fard *fard, uid_t uid, pid_t pid)
{
    struct domain *domain = calloc(1, sizeof *domain);
    if (!domain)
        return NULL;
    domain->fard = fard;
    domain->uid = uid;
    domain->pid = pid;
    domain->memory = domain->life.fd = -1;
    domain->timer.fire = domain_trust_timed_out;
    list_init(&domain->trusts);
    list_init(&domain->leaving);
    list_init(&domain->mappings);
    return domain;
}

/* Nobody waits for an answer any more. */
static void leave_client(struct domain *domain)
{
    part_from_client(domain);
    timer_stop(&domain->timer);
    domain->waiting = 0;
    for (struct list *at = domain->mappings.next; at != &domain->mappings; at = at->next)
        list_entry(at, struct domain_mapping, link)->awaited = false;
}

static void belong_to(struct domain *domain, struct client *client)
{
    leave_client(domain);
    domain->client = client;
    domain->connection = client->connection;
    if (domain->region)
        list_append(&client->regions, &domain->of_client);
    else
        client->domain = domain;
    if (!domain->region)
        outgoing_domain(client);
}

int domain_watch(struct domain *domain, int pidfd)
{
    domain->life = (struct source){pidfd, process_ended};
    int result = loop_watch(&domain->fard->loop, &domain->life, EPOLLIN);
    if (result) {
        close(pidfd);
        domain->life.fd = -1;
    }
    return result;
}

static int watch_process(struct domain *domain, const struct client *client)
{
    int fd = process_of_peer(client->peer.source.fd, client->who.pid);
    return fd < 0 ? fd : domain_watch(domain, fd);
}

int domain_new(struct client *client, uint64_t bytes, bool region, struct far_error *error)
{
    struct fard *fard = client->fard;
    if (!client_has_room(client))
        return refuse(error, EMFILE, EX_TEMPFAIL,
                      "domain segment: uid %u has %u connections and %u segments; fard has no descriptors for more",
                      client->who.uid, client->account->clients, client->account->domains);
    struct domain *domain = domain_alloc(fard, client->who.uid, client->who.pid);
    if (!domain)
        return -ENOMEM;
    domain->region = region;
    domain->bytes = bytes;
    domain_count_in(domain, client->account);
    int result = create_memory(domain);
    result = result ? result : watch_process(domain, client);
    result = result ? result : take_range(client, domain_ranges_size(bytes), &domain->range, error);
    if (result) {
        put_away(domain);
        free(domain);
        return result;
    }
    domain->id = ++fard->domains.last_id;
    list_append(&fard->domains.all, &domain->link);
    belong_to(domain, client);
    domain_keep(domain);
    return 0;
}

static bool is_of(const struct domain *domain, const struct client *client, int pidfd)
{
    return !domain->ended && domain->uid == client->who.uid &&
           process_same(domain->life.fd, domain->pid, pidfd, client->who.pid);
}

static struct domain *find_claimed(const struct client *client, uint64_t base, bool region)
{
    struct domains *domains = &client->fard->domains;
    struct domain *found = NULL;
    int pidfd = process_of_peer(client->peer.source.fd, client->who.pid);
    for (struct list *at = domains->all.next; !found && at != &domains->all; at = at->next) {
        struct domain *domain = list_entry(at, struct domain, link);
        if (domain->range.base == base && domain->region == region && is_of(domain, client, pidfd))
            found = domain;
    }
    if (pidfd >= 0)
        close(pidfd);
    return found;
}

static int refuse_claim(const struct client *client, uint64_t base, struct far_error *error)
{
    if (client->who.pid)
        return refuse(error, ESTALE, EX_UNAVAILABLE, "domain segment: this fard knows none at 0x%llx of process %d",
                      (unsigned long long)base, client->who.pid);
    return refuse(
        error, ESTALE, EX_UNAVAILABLE,
        "domain segment: this fard knows none at 0x%llx of this process, which is in a PID namespace that fard "
        "does not see (Linux 6.9 is needed to tell such processes apart)",
        (unsigned long long)base);
}

/*
 * A process that has lost its connection, and not its memory. The number by which hosts know it goes on, for its channels may as
 * well (adopt.h); if the new connection has channels by its own, hosts learn that one.
 */
int domain_claim(struct client *client, uint64_t base, bool region, struct far_error *error)
{
    struct domain *domain = find_claimed(client, base, region);
    if (!domain)
        return refuse_claim(client, base, error);
    bool first = !client->domain && list_is_empty(&client->regions);
    if (first && !domain->client && list_is_empty(&client->channels) && list_is_empty(&client->waiters))
        client->connection = domain->connection;
    bool renumbered = client->connection != domain->connection;
    belong_to(domain, client);
    if (renumbered)
        domain_note(domain);
    for (struct list *m = domain->mappings.next, *next; m != &domain->mappings; m = next) {
        struct domain_mapping *mapping = list_entry(m, struct domain_mapping, link);
        next = m->next;
        if (renumbered && (mapping->state == DOMAIN_MAPPING || mapping->state == DOMAIN_MAPPED))
            domain_share(domain, mapping->host, false);
    }
    return 0;
}

/* Who asks for one and claims none has none: what its process had before, before exec, is not mapped any more. */
void domain_end_forgotten(struct client *client)
{
    struct domains *domains = &client->fard->domains;
    int pidfd = process_of_peer(client->peer.source.fd, client->who.pid);
    for (struct list *at = domains->all.next, *next; at != &domains->all; at = next) {
        struct domain *domain = list_entry(at, struct domain, link);
        next = at->next;
        if (!domain->client && is_of(domain, client, pidfd))
            domain_end(domain);
    }
    if (pidfd >= 0)
        close(pidfd);
}

int handle_domain(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_domain_request *request;
    int result = protocol_check_domain(message, &request, error);
    if (!result && !client->domain) {
        uint64_t size = domain_ranges_size(request->size ? request->size : DOMAIN_SIZE_DEFAULT);
        if (!request->claim && list_is_empty(&client->regions))
            domain_end_forgotten(client);
        result = request->claim ? domain_claim(client, request->claim, false, error)
                                : domain_new(client, size, false, error);
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
    if (client->domain)
        leave_client(client->domain);
    while (!list_is_empty(&client->regions))
        leave_client(list_entry(client->regions.next, struct domain, of_client));
}
