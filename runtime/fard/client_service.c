/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What import libraries ask: where a service's stubs are, its memory, and a channel to its host. */
#include "runtime/fard/bind.h"
#include "runtime/fard/fard.h"
#include "runtime/fard/request.h"
#include "runtime/fard/revoke.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define BOUND_MAX 4096u /* services bound over one connection */

struct answer {
    uint8_t *bytes;
    size_t size;
    struct policy_reason why;
};

struct pending_asker client_asker(const struct client *client)
{
    struct far_error ignored;
    return (struct pending_asker){client->who.uid, client_check_manager(client, &ignored) == 0};
}

/* The reply to RESOLVE or BIND, in memory of its own. */
static int prepare_answer(struct client *client, const struct far_message *message, struct answer *answer,
                          struct far_error *error)
{
    const struct far_bind_request *request;
    const struct far_import_table *table;
    size_t room = FAR_MESSAGE_MAX - sizeof *message;
    int result = protocol_check_bind(message, &request, &table, error);
    if (result)
        return result;
    answer->bytes = malloc(room);
    if (!answer->bytes)
        return -ENOMEM;
    struct registry *registry = &client->fard->registry;
    if (bind_must_wait(registry, table->service, table->major))
        return bind_pending_answer(registry, client->fard->store, table, client_asker(client), answer->bytes, room,
                                   &answer->size, error);
    const struct service *service = registry_find_major(registry, table->service, table->major);
    if (service)
        client_grant(client, service, NULL); /* so that its executable is known */
    return bind_answer(registry, table, &client->who, request, answer->bytes, room, &answer->size, &answer->why, error);
}

int handle_resolve(struct client *client, const struct far_message *message, struct far_error *error)
{
    struct answer answer = {0};
    int result = prepare_answer(client, message, &answer, error);
    if (!result)
        client_reply(client, message, answer.bytes, answer.size);
    free(answer.bytes);
    return result;
}

static struct bound *bound_find(const struct client *client, uint32_t service_id)
{
    for (uint32_t i = 0; i < client->bound_count; i++) {
        if (client->bound[i].service_id == service_id)
            return &client->bound[i];
    }
    return NULL;
}

/* Binding twice with different wishes leaves the lower level: it is what the process as a whole agreed to. */
static int remember_bound(struct client *client, uint32_t service_id, enum far_level level)
{
    struct bound *bound = bound_find(client, service_id);
    if (bound && bound->revoked)
        bound->level = bound->handed = level;
    if (bound) {
        bound->revoked = false;
        bound->handed = level > bound->handed ? level : bound->handed;
        bound->level = level < bound->level ? level : bound->level;
        return 0;
    }
    if (client->bound_count == BOUND_MAX)
        return -EMFILE;
    struct bound *grown = reallocarray(client->bound, client->bound_count + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    client->bound = grown;
    client->bound[client->bound_count++] = (struct bound){.service_id = service_id, .level = level, .handed = level};
    return 0;
}

static int send_bound(struct client *client, const struct far_message *message, struct answer *answer)
{
    int fds[FAR_FD_COUNT];
    const struct far_bind_reply *reply = (const void *)answer->bytes;
    const struct registry *registry = &client->fard->registry;
    const struct service *service = registry_find_id(registry, reply->service_id);
    size_t room = FAR_MESSAGE_MAX - sizeof *message;
    int result = bind_add_pending(registry, service, answer->bytes, room, &answer->size);
    if (result)
        return result;
    const struct far_bind_request *request = (const void *)(message + 1);
    unsigned count = bind_descriptors(service, request->machine, reply->level, reply->fds, fds);
    bound_find(client, service->id)->machine = request->machine;
    result = peer_send(&client->peer, FAR_MSG_BIND | FAR_MSG_REPLY, message->serial, answer->bytes, answer->size, fds,
                       count);
    if (!result)
        audit_grant(client, "grant", service, request->want, reply->level, &answer->why);
    return result;
}

/* A service of fard's may be what the other one's constructors wait for. */
static bool is_a_host(const struct client *client)
{
    const struct registry *registry = &client->fard->registry;
    for (const struct service *at = registry_after(registry, 0); at; at = registry_after(registry, at->id))
        if (at->host && at->host->pid == client->who.pid)
            return true;
    return false;
}

/* Whoever runs the service's code itself, or reads its data, must not find it half made: the host is waited for. */
static bool data_is_half_made(const struct client *client, const struct far_bind_reply *reply)
{
    const struct service *service = registry_find_id(&client->fard->registry, reply->service_id);
    return reply->level >= FAR_LEVEL_READ && service && service->host && !service->host->initialised &&
           !is_a_host(client);
}

static int wait_to_bind(struct client *client, const struct far_message *message, uint32_t service_id,
                        struct far_error *error)
{
    const struct service *service = registry_find_id(&client->fard->registry, service_id);
    struct waiter wanted = {.serial = message->serial, .service_id = service_id, .bind = malloc(message->size)};
    int result = wanted.bind ? channel_count_up(client, 0, error) : -ENOMEM;
    if (!result) {
        memcpy(wanted.bind, message, message->size);
        result = client_wait_for_host(client, service->host, &wanted);
        if (result != FARD_PENDING)
            channel_count_down(client, 0);
    }
    if (result != FARD_PENDING)
        free(wanted.bind);
    return result;
}

void bind_waiter_serve(struct waiter *waiter)
{
    struct client *client = waiter->client;
    struct far_message *message = waiter->bind;
    struct far_error error = {0};
    waiter->bind = NULL;
    channel_count_down(client, 0);
    waiter_free(waiter);
    int result = handle_bind(client, message, &error);
    if (result < 0 || result == FARD_REFUSED)
        client_refuse(client, message->serial, result, &error, "bind");
    free(message);
}

int handle_bind(struct client *client, const struct far_message *message, struct far_error *error)
{
    struct answer answer = {0};
    int result = prepare_answer(client, message, &answer, error);
    const struct far_bind_reply *reply = (const void *)answer.bytes;
    if (!result && !(reply->flags & FAR_BIND_PENDING) && data_is_half_made(client, reply)) {
        result = wait_to_bind(client, message, reply->service_id, error);
    } else if (!result && reply->flags & FAR_BIND_PENDING) {
        client_reply(client, message, answer.bytes, answer.size);
        metrics_count_bind(&client->fard->metrics, METRIC_BIND_PENDING);
    } else if (!result) {
        if (answer.why.source == POLICY_BY_CAPABILITY && reply->level >= FAR_LEVEL_READ)
            result =
                capability_note_holder(client, registry_find_id(&client->fard->registry, reply->service_id), error);
        result = result ? result : remember_bound(client, reply->service_id, reply->level);
        result = result ? result : send_bound(client, message, &answer);
        if (!result)
            metrics_count_bind(&client->fard->metrics, reply->level);
    }
    free(answer.bytes);
    return result;
}

static void waiter_timed_out(struct timer *timer)
{
    struct waiter *waiter = list_entry(timer, struct waiter, timer);
    struct far_error error;
    refuse(&error, EHOSTDOWN, EX_UNAVAILABLE, "the service's host is down and did not come back within %d s",
           HOST_START_MS / 1000);
    channel_count_down(waiter->client, waiter->size);
    client_send_error(waiter->client, waiter->serial, &error);
    waiter_free(waiter);
}

int client_wait_for_host(struct client *client, struct host *host, const struct waiter *wanted)
{
    struct waiter *waiter = malloc(sizeof *waiter);
    if (!waiter)
        return -ENOMEM;
    *waiter = *wanted;
    waiter->client = client;
    waiter->timer.fire = waiter_timed_out;
    list_append(&client->waiters, &waiter->of_client);
    list_append(&host->waiters, &waiter->of_host);
    timer_start(&client->fard->loop, &waiter->timer, HOST_START_MS);
    host_wake(host);
    return FARD_PENDING;
}

static int find_bound(struct client *client, uint32_t service_id, struct service **service, struct waiter *wanted,
                      struct far_error *error)
{
    struct policy_reason why;
    const struct bound *bound = bound_find(client, service_id);
    if (bound && bound->revoked)
        return refuse(error, EACCES, EX_NOPERM, "the capability that the service was bound by was revoked");
    if (!bound)
        return refuse(error, EACCES, EX_NOPERM, "open channel: service %u was not bound over this connection",
                      service_id);
    *service = registry_find_id(&client->fard->registry, service_id);
    if (!*service || (!(*service)->host && !(*service)->away))
        return refuse(error, ENOENT, EX_UNAVAILABLE, "the service is no longer registered");
    if ((*service)->away && bound->handed >= FAR_LEVEL_READ)
        return refuse(error, ENOENT, EX_UNAVAILABLE,
                      "the service is on node '%s' now; the memory that this process has of it is no longer its: start "
                      "it again",
                      (*service)->away->node);
    /* The policy may have changed since: who fell gets no more channels at the old level. */
    wanted->level = policy_lowered(client_grant(client, *service, &why), bound->level);
    if (wanted->level < bound->level)
        audit_grant(client, "lower", *service, FAR_LEVEL_UNSET, wanted->level, &why);
    wanted->capability = why.source == POLICY_BY_CAPABILITY && wanted->level > why.otherwise ? why.capability : 0;
    wanted->limit = why.limited && wanted->level > why.otherwise ? why.capability : 0;
    return 0;
}

int handle_open_channel(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_open_channel *request;
    struct service *service = NULL;
    struct waiter wanted = {.serial = message->serial};
    int result = protocol_check_open_channel(message, &request, error);
    result = result ? result : find_bound(client, request->service_id, &service, &wanted, error);
    if (!result && service->away)
        return outgoing_open(client, message, service, wanted.level, error);
    result = result ? result : channel_count_up(client, request->size, error);
    if (result)
        return result;
    wanted.service_id = service->id;
    wanted.size = request->size;
    wanted.descriptors = request->flags & FAR_CHANNEL_DESCRIPTORS;
    wanted.copies = request->flags & FAR_CHANNEL_COPIES;
    result = service->host->state == FAR_STATE_READY ? channel_open(client, service->host, &wanted, error)
                                                     : client_wait_for_host(client, service->host, &wanted);
    if (result < 0 || result == FARD_REFUSED)
        channel_count_down(client, request->size);
    return result;
}

/* An unknown number is no mistake of the client's: its host may have died under way. */
int handle_close_channel(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_close_channel *request;
    int result = protocol_check_close_channel(message, &request, error);
    if (result || outgoing_close(client, request->channel))
        return result;
    for (struct list *at = client->channels.next; at != &client->channels; at = at->next) {
        struct channel *channel = list_entry(at, struct channel, of_client);
        if (channel->id == request->channel) {
            channel_end(channel, CHANNEL_CLIENT_GONE);
            return 0;
        }
    }
    return 0;
}
