/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Guests: made by their first LINK_OPEN, gone with their last channel, or with their node. */
#include "runtime/fard/node_guest.h"
#include "runtime/fard/log.h"

#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

static struct guest *guest_find(struct node *node, uint64_t connection)
{
    for (struct list *at = node->guests.next; at != &node->guests; at = at->next) {
        struct guest *guest = list_entry(at, struct guest, of_node);
        if (guest->connection == connection && guest->instance == node->instance)
            return guest;
    }
    return NULL;
}

static struct guest *guest_new(struct node *node, const struct link_open *open)
{
    struct guest *guest = calloc(1, sizeof *guest);
    /* A user of another node is nobody here: his account is that node's. */
    struct account *account = guest ? account_get(&node->accounts, open->uid) : NULL;
    if (!account) {
        free(guest);
        return NULL;
    }
    struct principal who = {.pid = (pid_t)open->pid, .uid = open->uid, .gid = open->gid};
    snprintf(who.node, sizeof who.node, "%s", node->name);
    client_begin_guest(&guest->client, node->nodes->fard, account, &who, guest);
    guest->node = node;
    guest->instance = node->instance;
    guest->connection = open->connection;
    node->guest_count++;
    list_append(&node->guests, &guest->of_node);
    return guest;
}

static void guest_end(struct guest *guest)
{
    guest->node->guest_count--;
    list_take_out(&guest->of_node);
    client_free(&guest->client);
}

static bool is_empty(const struct guest *guest)
{
    return list_is_empty(&guest->client.channels) && list_is_empty(&guest->client.waiters);
}

/* Not where the last channel ends: whoever ends channels goes through a list of them. */
static void sweep(struct timer *timer)
{
    struct nodes *nodes = list_entry(timer, struct nodes, sweep);
    for (struct list *on = nodes->all.next; on != &nodes->all; on = on->next) {
        struct node *node = list_entry(on, struct node, link);
        for (struct list *at = node->guests.next, *next; at != &node->guests; at = next) {
            struct guest *guest = list_entry(at, struct guest, of_node);
            next = at->next;
            if (is_empty(guest))
                guest_end(guest);
        }
    }
}

void guest_look_later(struct nodes *nodes)
{
    nodes->sweep.fire = sweep;
    if (!nodes->sweep.link.next)
        timer_start(&nodes->fard->loop, &nodes->sweep, 0);
}

/* Out of sight for too long; or of a fard before the one that is there now, which knows nothing of them. */
static void grace_is_over(struct timer *timer)
{
    struct node *node = list_entry(timer, struct node, grace);
    bool away = list_is_empty(&node->links);
    uint32_t before = node->channel_count;
    for (struct list *at = node->guests.next, *next; at != &node->guests; at = next) {
        struct guest *guest = list_entry(at, struct guest, of_node);
        next = at->next;
        if (away || guest->instance != node->instance)
            guest_end(guest);
    }
    if (before != node->channel_count)
        log_event(LOG_LEVEL_NOTICE, "node-channels-ended", NULL, 0, "node %s: %u channels of its clients ended: %s",
                  node->name, before - node->channel_count,
                  away ? "it was not heard of any more" : "its fard was started anew");
}

void guests_init(struct node *node)
{
    list_init(&node->guests);
    list_init(&node->accounts);
    node->grace.fire = grace_is_over;
}

void guests_end(struct node *node)
{
    timer_stop(&node->grace);
    while (!list_is_empty(&node->guests))
        guest_end(list_entry(node->guests.next, struct guest, of_node));
}

void guests_lost(struct node *node)
{
    if (!list_is_empty(&node->guests))
        timer_start(&node->nodes->fard->loop, &node->grace, NODE_GRACE_MS);
}

void guests_linked(struct node *node)
{
    timer_stop(&node->grace);
    for (struct list *at = node->guests.next; at != &node->guests; at = at->next)
        if (list_entry(at, struct guest, of_node)->instance != node->instance)
            timer_start(&node->nodes->fard->loop, &node->grace, NODE_GRACE_MS);
}

static const void *body_of_size(const struct far_message *message, size_t size, struct far_error *error)
{
    if (message->size == sizeof *message + size)
        return message + 1;
    refuse(error, EBADMSG, EX_PROTOCOL, "link: a message of type %u with %zu bytes is not what it has", message->type,
           message->size - sizeof *message);
    return NULL;
}

/* Whether anybody else is there, hosts see for themselves. */
static int check_domain(const struct far_extent *domain, struct far_error *error)
{
    const struct range range = {domain->address, domain->size};
    if ((!domain->address && !domain->size) || range_is_sound(&range))
        return 0;
    return refuse(error, EBADMSG, EX_PROTOCOL, "link: no domain segment has %#llx bytes at %#llx",
                  (unsigned long long)domain->size, (unsigned long long)domain->address);
}

static int check_open(const struct node *node, const struct far_message *message, const struct link_open **out,
                      struct far_error *error)
{
    const struct link_open *open = *out = body_of_size(message, sizeof *open, error);
    if (!open)
        return FARD_REFUSED;
    if (!service_name_is_sound(open->service, sizeof open->service) || open->major > UINT16_MAX)
        return refuse(error, EBADMSG, EX_PROTOCOL, "link: that is no service's name");
    if (check_domain(&open->domain, error))
        return FARD_REFUSED;
    if (open->size == 0 || open->size % 65536 || open->size > FAR_ASTACK_MAX)
        return refuse(error, EINVAL, EX_PROTOCOL, "open channel: an A-stack cannot have %llu bytes",
                      (unsigned long long)open->size);
    if (node->channel_count >= NODE_CHANNELS_MAX || node->guest_count >= NODE_GUESTS_MAX ||
        node->nodes->remote_count >= node->nodes->fard->descriptors / 4)
        return refuse(
            error, EDQUOT, EX_TEMPFAIL,
            "open channel: clients on other nodes have %u channels open here, %u of them on node %s; close some",
            node->nodes->remote_count, node->channel_count, node->name);
    return 0;
}

static int find_service(const struct node *node, const struct link_open *open, struct service **out,
                        struct far_error *error)
{
    struct service *service = registry_find_major(&node->nodes->fard->registry, open->service, (uint16_t)open->major);
    *out = service;
    if (!service || service->hidden || service->away)
        return refuse(error, ENOENT, EX_UNAVAILABLE, "service '%s' %u is not registered at node %s any more",
                      open->service, open->major, node->nodes->identity.name);
    if (!service->host)
        return refuse(error, EHOSTDOWN, EX_UNAVAILABLE, "service '%s' at node %s cannot be used: %s", open->service,
                      node->nodes->identity.name, service->broken);
    return 0;
}

/* Whoever may call gets none: nothing is mapped across the network. */
static int check_policy(struct guest *guest, const struct service *service, struct far_error *error)
{
    char reason[2 * FAR_SUBJECT_MAX];
    struct policy_reason why;
    enum far_level level = client_grant(&guest->client, service, &why);
    if (!why.refused) {
        audit_grant(&guest->client, "grant", service, FAR_LEVEL_UNSET, level, &why);
        return 0;
    }
    const struct far_message asked = {.type = FAR_MSG_OPEN_CHANNEL};
    policy_reason_text(&why, reason, sizeof reason);
    refuse(error, EACCES, EX_NOPERM, "service '%s' on node '%s' is not for uid %u of node '%s': %.300s", service->name,
           guest->node->nodes->identity.name, guest->client.who.uid, guest->node->name, reason);
    audit_refusal(&guest->client, &asked, error);
    return FARD_REFUSED;
}

static int open_for(struct guest *guest, const struct link_open *open, uint32_t serial, struct service *service,
                    struct far_error *error)
{
    struct waiter wanted = {
        .serial = serial,
        .service_id = service->id,
        .level = FAR_LEVEL_NONE, /* nothing more is granted over a distance in this version */
        .size = open->size,
        .copies = true,
    };
    int result = check_policy(guest, service, error);
    result = result ? result : channel_count_up(&guest->client, open->size, error);
    if (result)
        return result;
    guest->transports = open->transports;
    if (open->domain.size)
        guest->domain = open->domain;
    result = service->host->state == FAR_STATE_READY ? channel_open(&guest->client, service->host, &wanted, error)
                                                     : client_wait_for_host(&guest->client, service->host, &wanted);
    if (result < 0 || result == FARD_REFUSED)
        channel_count_down(&guest->client, open->size);
    return result;
}

int guest_open(struct node *node, const struct far_message *message, struct far_error *error)
{
    const struct link_open *open;
    struct service *service;
    int result = check_open(node, message, &open, error);
    result = result ? result : find_service(node, open, &service, error);
    if (result)
        return result;
    if (!remote_transport(node->nodes, open->transports))
        return refuse(error, EOPNOTSUPP, EX_CONFIG,
                      "node %s and node %s have no transport in common; see fard --transport",
                      node->nodes->identity.name, node->name);
    struct guest *guest = guest_find(node, open->connection);
    if (!guest && !(guest = guest_new(node, open)))
        return -ENOMEM;
    if (guest->client.who.uid != open->uid)
        return refuse(error, EACCES, EX_NOPERM, "link: connection %llu is another user's",
                      (unsigned long long)open->connection);
    result = open_for(guest, open, message->serial, service, error);
    if (is_empty(guest))
        guest_look_later(node->nodes);
    return result;
}

int guest_client_gone(struct node *node, const struct far_message *message, struct far_error *error)
{
    const struct link_client *gone = body_of_size(message, sizeof *gone, error);
    if (!gone)
        return FARD_REFUSED;
    struct guest *guest = guest_find(node, gone->connection);
    if (guest)
        guest_end(guest);
    return 0;
}

/* Hosts that have no channel of it yet hear of it with the first. */
int guest_domain(struct node *node, const struct far_message *message, struct far_error *error)
{
    const struct link_domain *said = body_of_size(message, sizeof *said, error);
    int result = said ? check_domain(&said->range, error) : FARD_REFUSED;
    struct guest *guest = result ? NULL : guest_find(node, said->connection);
    if (!guest)
        return result;
    guest->domain = said->range;
    for (struct list *at = guest->client.channels.next; at != &guest->client.channels; at = at->next)
        remote_tell_domain(list_entry(at, struct channel, of_client)->remote);
    return 0;
}

void guest_refuse(struct guest *guest, uint32_t serial, const struct far_error *error)
{
    const struct far_message request = {.type = LINK_OPEN, .serial = serial};
    node_refuse(guest->node, &request, error);
}

int guest_reopen(struct node *node, const struct far_message *message, struct far_error *error)
{
    const struct link_channel *asked = body_of_size(message, sizeof *asked, error);
    if (!asked)
        return FARD_REFUSED;
    struct remote *remote = remote_find(node, asked->channel);
    if (!remote)
        return refuse(error, ENOENT, EX_UNAVAILABLE, "channel %u has ended at node %s", asked->channel,
                      node->nodes->identity.name);
    return remote_reopen(remote, message->serial, error);
}

int guest_close(struct node *node, const struct far_message *message, struct far_error *error)
{
    const struct link_channel *asked = body_of_size(message, sizeof *asked, error);
    if (!asked)
        return FARD_REFUSED;
    struct remote *remote = remote_find(node, asked->channel);
    if (remote)
        channel_end(remote->channel, CHANNEL_CLIENT_GONE);
    return 0;
}

static void say_gone(struct node *node, uint32_t channel)
{
    const struct link_channel body = {channel, CHANNEL_HOST_GONE};
    node_tell(node, LINK_FATE, &body, sizeof body);
}

/* Nobody there knows these: opened by a request whose answer was lost, or closed by one that was. */
static void end_unconfirmed(struct node *node)
{
    for (struct list *on = node->guests.next; on != &node->guests; on = on->next) {
        struct guest *guest = list_entry(on, struct guest, of_node);
        if (guest->instance != node->instance)
            continue;
        for (struct list *at = guest->client.channels.next, *next; at != &guest->client.channels; at = next) {
            struct channel *channel = list_entry(at, struct channel, of_client);
            next = at->next;
            if (channel->remote->confirmed != node->confirming)
                channel_end(channel, CHANNEL_CLIENT_GONE);
        }
    }
    node->confirming++;
}

int guest_channels(struct node *node, const struct far_message *message, struct far_error *error)
{
    const struct link_channels *known = (const void *)(message + 1);
    const uint32_t *channel = (const void *)(known + 1);
    size_t size = message->size - sizeof *message;
    if (size < sizeof *known || known->count > LINK_CHANNELS_MAX ||
        size != sizeof *known + known->count * sizeof *channel)
        return refuse(error, EBADMSG, EX_PROTOCOL, "link: a list of channels that is none");
    for (uint32_t i = 0; i < known->count; i++) {
        struct remote *remote = remote_find(node, channel[i]);
        if (remote)
            remote->confirmed = node->confirming;
        else
            say_gone(node, channel[i]);
    }
    if (known->last)
        end_unconfirmed(node);
    return 0;
}
