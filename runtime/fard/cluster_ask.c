/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Requests about services that are not known here: whoever keeps the names is asked, what the service's node has is fetched, and then
 * they are served as if it had been there before. All that ask about one name wait for one answer. What nobody has, or nobody can be asked
 * about, is served as ever: it has pending addresses.
 */
#include "runtime/fard/cluster_inside.h"
#include "runtime/fard/log.h"
#include "runtime/fard/request.h"
#include "runtime/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* By name, or by address. */
struct about {
    struct link_name name;
    uint64_t address; /* 0: by name */
};

struct lookup {
    struct list link;
    struct cluster *cluster;
    struct about about;
    struct cluster_question question;
    bool asking;
    struct away_fetch fetch;
    bool fetching;
    struct list held;
};

struct held {
    struct list of_client, of_lookup;
    struct timer timer;
    struct client *client;
    bool asks; /* by a lookup; or only for the first addresses */
    int fds[FAR_MESSAGE_FDS];
    unsigned fd_count;
    struct far_message *message;
};

/* ---- Who waits ---- */

static void held_free(struct held *held)
{
    timer_stop(&held->timer);
    list_take_out(&held->of_client);
    list_take_out(&held->of_lookup);
    for (unsigned i = 0; i < held->fd_count; i++)
        close(held->fds[i]);
    channel_count_down(held->client, 0);
    free(held->message);
    free(held);
}

/* It may be held again while it is served, and by then it is not this one. */
static void held_serve(struct held *held, const struct far_error *in_vain)
{
    struct client *client = held->client;
    timer_stop(&held->timer);
    list_take_out(&held->of_client);
    list_take_out(&held->of_lookup);
    client_serve_again(client, held->message, held->fds, held->fd_count, held->asks, in_vain);
    held_free(held);
}

static void held_too_long(struct timer *timer)
{
    struct far_error error;
    refuse(&error, ETIMEDOUT, EX_TEMPFAIL, "the cluster's names were asked, and there was no answer within %d s",
           CLUSTER_WAIT_MS / 1000);
    held_serve(list_entry(timer, struct held, timer), &error);
}

static int keep_fds(struct held *held, const int *fds, unsigned fd_count)
{
    for (unsigned i = 0; i < fd_count; i++) {
        held->fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
        if (held->fds[i] < 0)
            return -errno;
        held->fd_count++;
    }
    return 0;
}

static int hold(struct client *client, struct list *where, bool asks, const struct far_message *message, const int *fds,
                unsigned fd_count, struct far_error *error)
{
    struct held *held;
    int result = channel_count_up(client, 0, error);
    if (result)
        return result;
    held = calloc(1, sizeof *held);
    if (!held) {
        channel_count_down(client, 0);
        return -ENOMEM;
    }
    held->client = client;
    held->asks = asks;
    held->message = malloc(message->size);
    result = held->message ? keep_fds(held, fds, fd_count) : -ENOMEM;
    if (result) {
        held_free(held);
        return result;
    }
    memcpy(held->message, message, message->size);
    held->timer.fire = held_too_long;
    if (!client->asking.next)
        list_init(&client->asking);
    list_append(&client->asking, &held->of_client);
    list_append(where, &held->of_lookup);
    timer_start(&client->fard->loop, &held->timer, CLUSTER_WAIT_MS);
    return FARD_PENDING;
}

void cluster_client_gone(struct client *client)
{
    while (client->asking.next && !list_is_empty(&client->asking))
        held_free(list_entry(client->asking.next, struct held, of_client));
}

/* Those that come while these are served wait for the next time. */
static void serve_all(struct list *held, const struct far_error *in_vain)
{
    struct list now;
    list_init(&now);
    while (!list_is_empty(held)) {
        struct list *at = held->next;
        list_take_out(at);
        list_append(&now, at);
    }
    while (!list_is_empty(&now))
        held_serve(list_entry(now.next, struct held, of_lookup), in_vain);
}

void cluster_serve_waiting(struct cluster *cluster, const struct far_error *in_vain)
{
    serve_all(&cluster->waiting, in_vain);
}

/* ---- Looking up ---- */

static void lookup_free(struct lookup *lookup)
{
    if (lookup->asking)
        lookup->cluster->kind->drop(lookup->cluster->keeper, &lookup->question);
    if (lookup->fetching)
        away_fetch_end(&lookup->fetch);
    list_take_out(&lookup->link);
    free(lookup);
}

/* The last that happens to it. */
static void lookup_end(struct lookup *lookup, const struct far_error *in_vain)
{
    struct far_error why = in_vain ? *in_vain : (struct far_error){0};
    list_take_out(&lookup->link); /* whoever asks from here on begins a new one */
    serve_all(&lookup->held, in_vain ? &why : NULL);
    lookup_free(lookup);
}

static void lookup_fetched(struct away_fetch *fetch, const struct far_error *error)
{
    struct lookup *lookup = list_entry(fetch, struct lookup, fetch);
    if (error)
        log_service(LOG_LEVEL_WARNING, "away", fetch->entry.name, 0, "service '%s' on node '%s': %s", fetch->entry.name,
                    fetch->entry.node, error->text);
    lookup_end(lookup, error);
}

/* Known here as it is there. */
static bool is_current(const struct service *service, const struct link_service *entry)
{
    return service && service->away && service->away->revision == entry->revision &&
           service->range.base == entry->base && strcmp(service->away->node, entry->node) == 0;
}

static void lookup_found(struct lookup *lookup, const struct link_service *entry)
{
    struct fard *fard = lookup->cluster->fard;
    struct service *known = registry_find_major(&fard->registry, entry->name, (uint16_t)entry->major);
    struct far_error error;
    if (is_current(known, entry)) {
        known->away->stale = false;
        lookup_end(lookup, NULL);
    } else if (known && !known->away) { /* it has come to be here meanwhile */
        lookup_end(lookup, NULL);
    } else if (strcmp(entry->node, node_own_name(fard)) == 0) {
        refuse(&error, ENOENT, EX_UNAVAILABLE,
               "the cluster's names say that service '%s' is on this node, and it is not; register it again",
               entry->name);
        lookup_end(lookup, &error);
    } else {
        lookup->fetch = (struct away_fetch){.fard = fard, .entry = *entry, .done = lookup_fetched};
        lookup->fetching = true;
        away_fetch_begin(&lookup->fetch);
    }
}

/* What nobody has any more is not known here any more either. */
static void forget_unknown(struct lookup *lookup)
{
    struct registry *registry = &lookup->cluster->fard->registry;
    const struct link_name *name = &lookup->about.name;
    struct service *known = lookup->about.address ? registry_find_address(registry, lookup->about.address)
                            : name->major ? registry_find_major(registry, name->name, (uint16_t)(name->major - 1))
                                          : registry_find(registry, name->name);
    if (known && known->away)
        away_forget(lookup->cluster->fard, known);
}

static void lookup_answered(struct cluster_question *question, int result, const struct link_service *service,
                            const struct range *chunk, const struct far_error *error)
{
    struct lookup *lookup = list_entry(question, struct lookup, question);
    (void)chunk;
    lookup->asking = false;
    cluster_note(lookup->cluster, result, error);
    if (result == ENOENT)
        forget_unknown(lookup);
    if (!result && service)
        lookup_found(lookup, service);
    else
        lookup_end(lookup, result == ENOENT ? NULL : error);
}

static struct lookup *find_lookup(struct cluster *cluster, const struct about *about)
{
    for (struct list *at = cluster->lookups.next; at != &cluster->lookups; at = at->next) {
        struct lookup *lookup = list_entry(at, struct lookup, link);
        if (memcmp(&lookup->about, about, sizeof *about) == 0)
            return lookup;
    }
    return NULL;
}

static struct lookup *lookup_new(struct cluster *cluster, const struct about *about)
{
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (!lookup)
        return NULL;
    lookup->cluster = cluster;
    lookup->about = *about;
    lookup->question.answered = lookup_answered;
    list_init(&lookup->held);
    list_append(&cluster->lookups, &lookup->link);
    return lookup;
}

static void lookup_begin(struct lookup *lookup)
{
    struct cluster *cluster = lookup->cluster;
    lookup->asking = true;
    if (lookup->about.address)
        cluster->kind->find_address(cluster->keeper, lookup->about.address, &lookup->question);
    else
        cluster->kind->find(cluster->keeper, &lookup->about.name, &lookup->question);
}

void cluster_ask_end(struct cluster *cluster)
{
    while (!list_is_empty(&cluster->waiting))
        held_free(list_entry(cluster->waiting.next, struct held, of_lookup));
    while (!list_is_empty(&cluster->lookups)) {
        struct lookup *lookup = list_entry(cluster->lookups.next, struct lookup, link);
        while (!list_is_empty(&lookup->held))
            held_free(list_entry(lookup->held.next, struct held, of_lookup));
        lookup_free(lookup);
    }
}

/* ---- What a request needs to know ---- */

static void about_name(struct about *about, const char *name, uint32_t version)
{
    *about = (struct about){.name.major = version};
    memcpy(about->name.name, name, strnlen(name, sizeof about->name.name - 1));
}

/* Is it known well enough? Of what is elsewhere, perhaps only an older version is. */
static bool serves(const struct service *service, const struct far_bind_request *request,
                   const struct far_import_table *table)
{
    uint32_t machine = request->machine ? request->machine : FAR_MACHINE_NATIVE;
    if (!service || service->hidden)
        return false;
    return !service->away || (!service->away->stale && service_iface(service)->minor >= table->minor &&
                              service_executable(service, machine));
}

static bool bind_asks(const struct fard *fard, const struct far_message *message, struct about *about)
{
    const struct far_bind_request *request;
    const struct far_import_table *table;
    struct far_error ignored;
    if (protocol_check_bind(message, &request, &table, &ignored) ||
        serves(registry_find_major(&fard->registry, table->service, table->major), request, table))
        return false;
    about_name(about, table->service, FAR_VERSION_OF(table->major));
    return true;
}

static bool service_asks(const struct service *service, struct about *about)
{
    if (!service || !service->away || !service->away->stale)
        return false;
    about_name(about, service->name, FAR_VERSION_OF(service->major));
    return true;
}

static bool pending_asks(const struct fard *fard, const struct pending *pending, struct about *about)
{
    const struct registry *registry = &fard->registry;
    const struct service *service = pending->major < 0
                                        ? registry_find(registry, pending->name)
                                        : registry_find_major(registry, pending->name, (uint16_t)pending->major);
    if (service && !service->hidden)
        return service_asks(service, about);
    about_name(about, pending->name, pending->major < 0 ? 0 : FAR_VERSION_OF(pending->major));
    return true;
}

static bool link_asks(const struct fard *fard, const struct far_message *message, struct about *about)
{
    const struct far_link_request *request;
    struct far_error ignored;
    if (protocol_check_link(message, &request, &ignored))
        return false;
    const struct service *service = registry_find_address(&fard->registry, request->address);
    if (service)
        return service_asks(service, about);
    const struct pending *pending = pending_find_address(&fard->registry.pendings, request->address);
    if (pending)
        return pending_asks(fard, pending, about);
    if (request->address < FAR_WINDOW_BEGIN || request->address >= FAR_WINDOW_END)
        return false;
    *about = (struct about){.address = request->address};
    return true;
}

static bool channel_asks(const struct fard *fard, const struct far_message *message, struct about *about)
{
    const struct far_open_channel *request;
    struct far_error ignored;
    struct range range;
    if (protocol_check_open_channel(message, &request, &ignored))
        return false;
    const struct service *service = registry_find_id(&fard->registry, request->service_id);
    if (service)
        return service_asks(service, about);
    /* Perhaps it is at the same place, on another node now. */
    if (!fard->cluster->kind->places_move || !store_find_range(fard->store, request->service_id, &range))
        return false;
    *about = (struct about){.address = range.base};
    return true;
}

static bool named_asks(const struct fard *fard, const char *name, uint32_t version, struct about *about)
{
    const struct registry *registry = &fard->registry;
    const struct service *service =
        version ? registry_find_major(registry, name, (uint16_t)(version - 1)) : registry_find(registry, name);
    if (service)
        return service_asks(service, about);
    about_name(about, name, version);
    return true;
}

static bool description_asks(const struct fard *fard, const struct far_message *message, struct about *about)
{
    const struct far_name_request *request;
    struct far_error ignored;
    return protocol_check_name(message, &request, &ignored) == 0 &&
           named_asks(fard, request->name, request->version, about);
}

static bool explanation_asks(const struct fard *fard, const struct far_message *message, struct about *about)
{
    const struct far_explain_request *request;
    const uint32_t *groups;
    const char *program;
    struct far_error ignored;
    return protocol_check_explain(message, &request, &groups, &program, &ignored) == 0 &&
           named_asks(fard, request->name, request->version, about);
}

static bool request_asks(const struct fard *fard, const struct far_message *message, struct about *about)
{
    switch (message->type) {
    case FAR_MSG_RESOLVE:
    case FAR_MSG_BIND:
        return bind_asks(fard, message, about);
    case FAR_MSG_LINK:
        return link_asks(fard, message, about);
    case FAR_MSG_OPEN_CHANNEL:
        return channel_asks(fard, message, about);
    case FAR_MSG_DESCRIBE:
    case FAR_MSG_UNREGISTER:
        return description_asks(fard, message, about);
    case FAR_MSG_EXPLAIN:
        return explanation_asks(fard, message, about);
    default:
        return false;
    }
}

static bool needs_addresses(uint16_t type)
{
    return type == FAR_MSG_RESOLVE || type == FAR_MSG_BIND || type == FAR_MSG_REGISTER || type == FAR_MSG_DOMAIN ||
           type == FAR_MSG_REGION;
}

static int ask(struct client *client, const struct far_message *message, const int *fds, unsigned fd_count,
               const struct about *about, struct far_error *error)
{
    struct cluster *cluster = client->fard->cluster;
    struct lookup *lookup = find_lookup(cluster, about);
    bool begin = !lookup;
    if (begin && !(lookup = lookup_new(cluster, about)))
        return -ENOMEM;
    int result = hold(client, &lookup->held, true, message, fds, fd_count, error);
    if (begin && result != FARD_PENDING)
        lookup_free(lookup);
    else if (begin)
        lookup_begin(lookup);
    return result;
}

int cluster_ask_about(struct client *client, const struct far_message *message, const int *fds, unsigned fd_count,
                      const char *name, uint16_t major, struct far_error *error)
{
    struct about about;
    about_name(&about, name, FAR_VERSION_OF(major));
    return ask(client, message, fds, fd_count, &about, error);
}

int cluster_ask_first(struct client *client, const struct far_message *message, const int *fds, unsigned fd_count,
                      struct far_error *error)
{
    struct cluster *cluster = client->fard->cluster;
    struct about about;
    if (!cluster || client->asked)
        return 0;
    if (!cluster->settled && needs_addresses(message->type))
        return hold(client, &cluster->waiting, false, message, fds, fd_count, error);
    if (!request_asks(client->fard, message, &about) || cluster_in_vain(cluster, error))
        return 0;
    return ask(client, message, fds, fd_count, &about, error);
}
