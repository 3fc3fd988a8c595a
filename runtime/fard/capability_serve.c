/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* PRESENT, and what managers and holders do with capabilities: grant, narrow, list, ask to revoke. */
#include "runtime/fard/capability_token.h"
#include "runtime/fard/request.h"
#include "runtime/fard/request_capability.h"
#include "runtime/fard/revoke.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <time.h>

#define EXPIRY_LOOK_MS 60000 /* the clock on the wall may be set */

/* The audit log knows which one; its token nobody does. */
static void capability_event(struct fard *fard, const struct client *client, const char *event,
                             const struct capability *capability)
{
    char text[160 + FAR_SERVICE_MAX];
    const struct service *service = registry_find_id(&fard->registry, capability->service_id);
    int used = snprintf(text, sizeof text, "capability %u for %s@%u, level %s%s", capability->id,
                        service ? service->name : "", service ? service->major : 0,
                        policy_level_word(capability->level), capability->ops[0] ? ", for some operations" : "");
    if (capability->parent && used > 0 && (size_t)used < sizeof text)
        snprintf(text + used, sizeof text - (size_t)used, ", narrowed from %u", capability->parent);
    if (service)
        audit_service(fard, client, event, service, text);
}

static int64_t now_on_wall(void)
{
    return (int64_t)time(NULL);
}

static bool is_manager(const struct client *client)
{
    struct far_error ignored;
    return client_check_manager(client, &ignored) == 0;
}

/*
 * The capability of a token. Whether there is none, it was revoked or it has expired is all the same to whoever
 * presents it, and is counted against its uid.
 */
static int find_token(struct client *client, const char *token, const struct capability **out, struct far_error *error)
{
    uint8_t digest[CAPABILITY_DIGEST];
    struct fard *fard = client->fard;
    int64_t now = loop_now() / 1000;
    if (!guess_allowed(&fard->guesses, client->who.uid, now))
        return refuse(error, EAGAIN, EX_TEMPFAIL,
                      "capability: uid %u has presented too many that are not valid; wait %d seconds", client->who.uid,
                      GUESS_REGAINED_S);
    int result = capability_digest(token, digest);
    if (result)
        return result;
    *out = capability_find_digest(&fard->registry.capabilities, digest);
    explicit_bzero(digest, sizeof digest);
    if (*out && !capability_expired(*out, now_on_wall()))
        return 0;
    guess_failed(&fard->guesses, client->who.uid, now);
    return refuse(error, EACCES, EX_NOPERM,
                  "capability: it is not valid: never granted, revoked, or expired; ask who gave it to you");
}

static bool has_presented(const struct principal *who, uint32_t id)
{
    for (uint32_t i = 0; i < who->presented_count; i++)
        if (who->presented[i] == id)
            return true;
    return false;
}

static int add_presented(struct principal *who, uint32_t id, struct far_error *error)
{
    if (has_presented(who, id))
        return 0;
    if (who->presented_count == PRESENTED_MAX)
        return refuse(error, EMFILE, EX_TEMPFAIL, "capability: a connection may have %u", PRESENTED_MAX);
    uint32_t *grown = reallocarray(who->presented, who->presented_count + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    who->presented = grown;
    who->presented[who->presented_count++] = id;
    return 0;
}

/* What it is about stays in the packet's memory no longer than it is needed. */
static void forget_packet(const struct far_message *message)
{
    explicit_bzero((void *)(uintptr_t)(message + 1), message->size - sizeof *message);
}

int handle_present(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_present *request;
    const struct capability *capability = NULL;
    int result = protocol_check_present(message, &request, error);
    result = result ? result : find_token(client, request->token, &capability, error);
    result = result ? result : add_presented(&client->who, capability->id, error);
    if (!result) {
        const struct far_present_reply reply = {capability->id, capability->level, capability->expires};
        client_reply(client, message, &reply, sizeof reply);
        capability_event(client->fard, client, "capability-present", capability);
    }
    forget_packet(message);
    return result;
}

/* From a request to a row; parent, if there is one, has to agree yet. */
static struct capability wished(const struct client *client, const struct far_capability_request *request)
{
    struct capability capability = {
        .level = (enum far_level)request->level, .uid = client->who.uid, .expires = request->expires};
    memcpy(capability.ops, request->ops, sizeof capability.ops);
    memcpy(capability.note, request->note, sizeof capability.note);
    return capability;
}

static int check_operations(const struct service *service, const struct capability *capability, struct far_error *error)
{
    char name[FAR_NAME_MAX + 1];
    for (const char *op = capability->ops; *op; op += strcspn(op, "\n") + 1) {
        size_t length = strcspn(op, "\n");
        memcpy(name, op, length);
        name[length] = '\0';
        if (!service_op(service, name))
            return refuse(error, ENOENT, EX_DATAERR, "service '%s' has no operation '%s'; `far describe` lists them",
                          service->name, name);
    }
    return 0;
}

static int make_token(const struct service *service, struct capability *capability, char token[FAR_TOKEN_MAX])
{
    uint8_t secret[TOKEN_SECRET];
    if (getrandom(secret, sizeof secret, 0) != sizeof secret)
        return -EIO;
    token_write(service->name, secret, token);
    explicit_bzero(secret, sizeof secret);
    return capability_digest(token, capability->digest);
}

/* On the disk, then in the table, then told. */
static int keep_and_tell(struct client *client, const struct far_message *message, struct capability *capability,
                         struct far_error *error)
{
    struct fard *fard = client->fard;
    struct capabilities *table = &fard->registry.capabilities;
    const struct service *service = registry_find_id(&fard->registry, capability->service_id);
    struct far_capability_reply reply = {.expires = capability->expires, .level = capability->level};
    if (table->count >= CAPABILITIES_MAX)
        return refuse(error, ENOSPC, EX_UNAVAILABLE, "capability: there are %u already; revoke some", table->count);
    int result = make_token(service, capability, reply.token);
    result = result ? result : store_add_capability(fard->store, capability, error);
    result = result ? result : capability_add(table, capability);
    if (!result) {
        reply.id = capability->id;
        reply.major = service->major;
        memcpy(reply.service, service->name, sizeof reply.service);
        client_reply(client, message, &reply, sizeof reply);
        capability_watch_expiry(fard);
        capability_event(fard, client, capability->parent ? "capability-narrow" : "capability-grant", capability);
    }
    explicit_bzero(&reply, sizeof reply);
    return result;
}

static int find_service(const struct client *client, const struct far_capability_request *request, struct service **out,
                        struct far_error *error)
{
    int result = registry_named(&client->fard->registry, request->service, request->version, out, error);
    if (!result && (*out)->away)
        return refuse(
            error, EREMOTE, EX_UNAVAILABLE,
            "service '%s' is on node '%s', and so are its capabilities; none of them raises a level across the "
            "network",
            request->service, (*out)->away->node);
    if (result || (!(*out)->hidden && service_iface(*out)))
        return result;
    return refuse(error, ENOENT, EX_UNAVAILABLE, "service '%s' cannot be used now; `far describe` says why",
                  request->service);
}

int handle_capability_grant(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_capability_request *request;
    struct service *service = NULL;
    struct capability capability;
    int result = client_check_manager(client, error);
    result = result ? result : protocol_check_capability_grant(message, &request, error);
    result = result ? result : find_service(client, request, &service, error);
    if (result)
        return result;
    capability = wished(client, request);
    capability.service_id = service->id;
    result = capability_check_rights(&capability, now_on_wall(), error);
    result = result ? result : check_operations(service, &capability, error);
    return result ? result : keep_and_tell(client, message, &capability, error);
}

static int check_quota(const struct client *client, struct far_error *error)
{
    const struct capabilities *table = &client->fard->registry.capabilities;
    if (is_manager(client) || capabilities_of_uid(table, client->who.uid) < CAPABILITIES_OF_UID_MAX)
        return 0;
    return refuse(error, EDQUOT, EX_TEMPFAIL, "capability: uid %u has narrowed %u already; revoke some",
                  client->who.uid, CAPABILITIES_OF_UID_MAX);
}

/* Who looks at it, or takes it back, goes through all that it was narrowed from. */
static int check_depth(const struct fard *fard, const struct capability *parent, struct far_error *error)
{
    if (capability_depth(&fard->registry.capabilities, parent) < CAPABILITY_DEPTH_MAX)
        return 0;
    return refuse(error, EDQUOT, EX_TEMPFAIL,
                  "capability: it was narrowed %u times already, one from the other; narrow one that it came from",
                  CAPABILITY_DEPTH_MAX);
}

int handle_capability_narrow(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_capability_request *request;
    const struct capability *parent = NULL;
    struct capability capability;
    int result = protocol_check_capability_narrow(message, &request, error);
    result = result ? result : find_token(client, request->token, &parent, error);
    result = result ? result : check_quota(client, error);
    result = result ? result : check_depth(client->fard, parent, error);
    if (!result) {
        const struct service *service = registry_find_id(&client->fard->registry, parent->service_id);
        capability = wished(client, request);
        result = capability_narrow(parent, &capability, now_on_wall(), error);
        result = result ? result : check_operations(service, &capability, error);
        result = result ? result : keep_and_tell(client, message, &capability, error);
    }
    forget_packet(message);
    return result;
}

static uint32_t count_holders(const struct fard *fard, uint32_t id)
{
    uint32_t count = 0;
    for (const struct list *at = fard->clients.next; at != &fard->clients; at = at->next)
        count += has_presented(&list_entry(at, struct client, link)->who, id);
    return count;
}

static void fill_entry(const struct fard *fard, const struct capability *capability, struct far_capability_entry *entry)
{
    const struct service *service = registry_find_id(&fard->registry, capability->service_id);
    *entry = (struct far_capability_entry){.expires = capability->expires,
                                           .id = capability->id,
                                           .parent = capability->parent,
                                           .level = capability->level,
                                           .uid = capability->uid,
                                           .holders = count_holders(fard, capability->id)};
    if (service) {
        memcpy(entry->service, service->name, sizeof entry->service);
        entry->major = service->major;
    }
    memcpy(entry->note, capability->note, sizeof entry->note);
    memcpy(entry->ops, capability->ops, sizeof entry->ops);
}

#define LIST_PAGE 48u

/* Managers see all, others what they have narrowed themselves. */
int handle_capability_list(struct client *client, const struct far_message *message, struct far_error *error)
{
    struct {
        struct far_page_reply head;
        struct far_capability_entry entry[LIST_PAGE];
    } *page;
    _Static_assert(sizeof *page < FAR_MESSAGE_MAX - sizeof(struct far_message), "a page fits in a packet");
    const struct far_page_request *request;
    const struct capabilities *table = &client->fard->registry.capabilities;
    int result = protocol_check_page(message, &request, error);
    if (result)
        return result;
    page = calloc(1, sizeof *page);
    if (!page)
        return -ENOMEM;
    for (const struct capability *at = capability_after(table, request->after); at;
         at = capability_after(table, at->id)) {
        if (!is_manager(client) && at->uid != client->who.uid)
            continue;
        page->head.more = page->head.count == LIST_PAGE;
        if (page->head.more)
            break;
        fill_entry(client->fard, at, &page->entry[page->head.count++]);
    }
    client_reply(client, message, page, sizeof page->head + page->head.count * sizeof *page->entry);
    free(page);
    return 0;
}

static int find_revoked(struct client *client, const struct far_capability_revoke *request,
                        const struct capability **out, struct far_error *error)
{
    if (request->token[0])
        return find_token(client, request->token, out, error);
    *out = capability_find(&client->fard->registry.capabilities, request->id);
    return 0;
}

/* Managers any; others what was narrowed from a capability that they can present: their own stays their giver's to take. */
static int check_revoker(struct client *client, const struct far_capability_revoke *request,
                         const struct capability *which, struct far_error *error)
{
    const struct capability *ancestor = NULL;
    if (!request->by[0] && is_manager(client))
        return which ? 0
                     : refuse(error, ENOENT, EX_UNAVAILABLE, "there is no capability %u; `far cap ls` lists them",
                              request->id);
    if (!request->by[0])
        return refuse(
            error, EACCES, EX_NOPERM,
            "capability: only managers, and who presents (--by) the one that it was narrowed from, may revoke "
            "it");
    int result = find_token(client, request->by, &ancestor, error);
    if (result)
        return result;
    if (which && which->id != ancestor->id &&
        capability_is_below(&client->fard->registry.capabilities, which->id, ancestor->id))
        return 0;
    return refuse(error, EACCES, EX_NOPERM, "capability: it was not narrowed from the one that you present");
}

int handle_capability_revoke(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_capability_revoke *request;
    const struct capability *which = NULL;
    int result = protocol_check_capability_revoke(message, &request, error);
    result = result ? result : find_revoked(client, request, &which, error);
    result = result ? result : check_revoker(client, request, which, error);
    if (!result) {
        capability_event(client->fard, client, "capability-revoke", which);
        const uint32_t id = which->id;
        result = revoke_capabilities(client->fard, &id, 1, client, message->serial, error);
    }
    forget_packet(message);
    return result;
}

uint32_t capability_slots(const struct registry *registry, const struct service *service, uint32_t id, uint32_t *slot,
                          uint32_t room)
{
    uint32_t count = 0;
    const struct far_iface *iface = service_iface(service);
    const struct capability *capability = capability_find(&registry->capabilities, id);
    for (uint32_t i = 0; capability && i < iface->ops.count && count < room; i++) {
        const struct far_op *op = iface_op(iface, i);
        if (capability_names(capability, iface_string(iface, op->name)))
            slot[count++] = op->slot;
    }
    return count;
}

/* What is handed out by a capability is taken back, and so nobody gets it whom fard could not look at then. */
static int check_visible(const struct client *client, const struct service *service, struct far_error *error)
{
    if (client->who.pid > 0)
        return 0;
    return refuse(
        error, EACCES, EX_NOPERM,
        "service '%s': a capability grants its memory only to processes that fard can see, so that it can be taken "
        "back; this one is in a PID namespace that fard does not see. Bind with level none (FARCALL_LEVEL=none)",
        service->name);
}

int capability_note_holder(struct client *client, const struct service *service, struct far_error *error)
{
    struct capabilities *table = &client->fard->registry.capabilities;
    int result = check_visible(client, service, error);
    for (uint32_t i = 0; i < client->who.presented_count && !result; i++) {
        const struct capability *capability = capability_find(table, client->who.presented[i]);
        if (!capability || capability->service_id != service->id || capability->level < FAR_LEVEL_READ ||
            capability_has_holder(capability, client->who.uid))
            continue;
        result = store_add_holder(client->fard->store, capability->id, client->who.uid, error);
        result = result ? result : capability_add_holder(table, capability->id, client->who.uid);
    }
    return result;
}

/* Those of one service: the first that has expired decides which. */
static uint32_t list_expired(const struct capabilities *table, uint32_t *ids)
{
    uint32_t count = 0, service_id = 0;
    const int64_t now = now_on_wall();
    for (uint32_t i = 0; i < table->count; i++) {
        const struct capability *at = table->item[i];
        if (!capability_expired(at, now) || (count && at->service_id != service_id))
            continue;
        service_id = at->service_id;
        ids[count++] = at->id;
    }
    return count;
}

static void look_for_expired(struct timer *timer)
{
    struct far_error error;
    struct fard *fard = list_entry(timer, struct fard, expiry);
    const struct capabilities *table = &fard->registry.capabilities;
    uint32_t *ids = calloc(table->count + 1, sizeof *ids);
    for (uint32_t count; ids && (count = list_expired(table, ids)) != 0;) {
        for (uint32_t i = 0; i < count; i++)
            capability_event(fard, NULL, "capability-expire", capability_find(table, ids[i]));
        if (revoke_capabilities(fard, ids, count, NULL, 0, &error) != FARD_PENDING)
            break; /* the store cannot be written: they are not valid any more, and tried again later */
    }
    free(ids);
    capability_watch_expiry(fard);
}

void capability_watch_expiry(struct fard *fard)
{
    int64_t next = capabilities_next_expiry(&fard->registry.capabilities);
    fard->expiry.fire = look_for_expired;
    if (!next) {
        timer_stop(&fard->expiry);
        return;
    }
    int64_t left = next - now_on_wall();
    left = left < 1 ? 1 : left;
    timer_start(&fard->loop, &fard->expiry, left > EXPIRY_LOOK_MS / 1000 ? EXPIRY_LOOK_MS : left * 1000);
}
