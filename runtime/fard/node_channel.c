/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Channels of clients here to services on other nodes. No call passes through here: the node of the service is asked for a channel, and
 * for a ticket to each connection of it; the client does the rest. They count as local ones do.
 *
 *     OPENING ── the other's answer ──► OPEN ── REOPEN_CHANNEL ──► REOPENING ──► OPEN
 *
 * LINK_FATE, CLOSE_CHANNEL, or the client's end frees one in any of these.
 */
#include "runtime/fard/cluster.h"
#include "runtime/fard/node_parts.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum outgoing_state { OUTGOING_OPENING, OUTGOING_OPEN, OUTGOING_REOPENING };

struct outgoing {
    struct list of_client, of_node;
    struct client *client;
    struct node *node;
    enum outgoing_state state;
    uint32_t id;     /* this node's number of it: the client's */
    uint32_t theirs; /* the other's */
    uint64_t size;
    uint32_t serial; /* of the client's request */
    uint32_t service_id;
    struct node_question question;
};

static void outgoing_free(struct outgoing *outgoing)
{
    if (outgoing->state != OUTGOING_OPEN)
        node_question_drop(&outgoing->question);
    channel_count_down(outgoing->client, outgoing->size);
    outgoing->client->fard->channel_count--;
    outgoing->node->outgoing_count--;
    list_take_out(&outgoing->of_client);
    list_take_out(&outgoing->of_node);
    free(outgoing);
}

static uint16_t asked_by_client(const struct outgoing *outgoing)
{
    return outgoing->state == OUTGOING_OPENING ? FAR_MSG_OPEN_CHANNEL : FAR_MSG_REOPEN_CHANNEL;
}

struct opened {
    struct far_channel_reply reply;
    struct far_channel_path path;
};

static int check_opened(const struct outgoing *outgoing, const struct far_message *message, struct opened *opened,
                        struct far_error *error)
{
    if (message->size != sizeof *message + sizeof *opened)
        return refuse(error, EPROTO, EX_PROTOCOL, "node %s has answered something else than a channel",
                      outgoing->node->name);
    memcpy(opened, message + 1, sizeof *opened);
    const struct far_channel_path *path = &opened->path;
    if (!opened->reply.channel || opened->reply.size != outgoing->size || path->channel != opened->reply.channel ||
        (outgoing->theirs && opened->reply.channel != outgoing->theirs) || !wire_transport_word(path->transport) ||
        strnlen(path->address, sizeof path->address) == sizeof path->address)
        return refuse(error, EPROTO, EX_PROTOCOL, "node %s has answered with a channel that is none",
                      outgoing->node->name);
    return 0;
}

/* Where the node is, this side knows: it has reached it, or its registry says so. */
static void answer_client(struct outgoing *outgoing, struct opened *opened)
{
    const struct node *node = outgoing->node;
    uint16_t type = asked_by_client(outgoing);
    outgoing->theirs = opened->reply.channel;
    outgoing->state = OUTGOING_OPEN;
    opened->reply.channel = outgoing->id;
    opened->path.patience_ms = NODE_PATIENCE_MS;
    memcpy(opened->path.node, node->name, sizeof opened->path.node);
    if (node->address[0])
        memcpy(opened->path.address, node->address, sizeof opened->path.address);
    peer_send(&outgoing->client->peer, type | FAR_MSG_REPLY, outgoing->serial, opened, sizeof *opened, NULL, 0);
}

static void refuse_client(struct outgoing *outgoing, struct far_error error)
{
    struct client *client = outgoing->client;
    uint32_t serial = outgoing->serial;
    bool ended = outgoing->state == OUTGOING_OPENING || error.code == ENOENT;
    if (outgoing->state == OUTGOING_OPENING && error.code == ENOENT)
        away_refused(client->fard, outgoing->service_id); /* whoever keeps the names is asked before the next one */
    if (error.code == EBADMSG)
        error.code = EPROTO; /* it was not the client that talked rubbish */
    outgoing->state = OUTGOING_OPEN;
    if (ended)
        outgoing_free(outgoing);
    client_refuse(client, serial, FARD_REFUSED, &error, "open channel");
}

static void answered(struct node_question *question, const struct far_message *reply, const struct far_error *why)
{
    struct outgoing *outgoing = list_entry(question, struct outgoing, question);
    struct opened opened;
    struct far_error error;
    int result = reply ? check_opened(outgoing, reply, &opened, &error) : FARD_REFUSED;
    if (result)
        refuse_client(outgoing, reply ? error : *why);
    else
        answer_client(outgoing, &opened);
    explicit_bzero(&opened, sizeof opened);
}

static uint32_t transports_of(const struct nodes *nodes)
{
    uint32_t mask = 0;
    for (unsigned i = 0; i < nodes->transport_count; i++)
        mask |= 1u << nodes->transport[i];
    return mask;
}

static struct far_extent domain_of(const struct client *client)
{
    return client->domain ? (struct far_extent){client->domain->range.base, client->domain->range.size}
                          : (struct far_extent){0};
}

static void ask_to_open(struct outgoing *outgoing, const struct service *service, enum far_level level, uint32_t flags)
{
    const struct client *client = outgoing->client;
    struct link_open body = {
        .major = service->major,
        .flags = flags | FAR_CHANNEL_COPIES,
        .size = outgoing->size,
        .connection = client->connection,
        .uid = client->who.uid,
        .gid = client->who.gid,
        .pid = (uint32_t)client->who.pid,
        .want = level,
        .transports = transports_of(client->fard->nodes),
        .domain = domain_of(client),
    };
    memcpy(body.service, service->name, sizeof body.service);
    node_ask(outgoing->node, LINK_OPEN, &body, sizeof body, &outgoing->question);
}

static struct outgoing *outgoing_new(struct client *client, struct node *node, const struct far_message *message)
{
    const struct far_open_channel *request = (const void *)(message + 1);
    struct outgoing *outgoing = calloc(1, sizeof *outgoing);
    if (!outgoing)
        return NULL;
    outgoing->client = client;
    outgoing->node = node;
    outgoing->id = channel_next_id(client->fard);
    outgoing->size = request->size;
    outgoing->service_id = request->service_id;
    outgoing->serial = message->serial;
    outgoing->question.answered = answered;
    list_append(&client->outgoing, &outgoing->of_client);
    list_append(&node->outgoing, &outgoing->of_node);
    node->outgoing_count++;
    client->fard->channel_count++;
    return outgoing;
}

int outgoing_open(struct client *client, const struct far_message *message, const struct service *service,
                  enum far_level level, struct far_error *error)
{
    const struct far_open_channel *request = (const void *)(message + 1);
    if (!client->fard->nodes)
        return refuse(error, EHOSTUNREACH, EX_UNAVAILABLE,
                      "service '%s' is on node %s, and this fard was started without --peer and --listen",
                      service->name, service->away->node);
    struct node *node = node_real(node_reach(client->fard, service->away->node, service->away->address));
    int result = node ? channel_count_up(client, request->size, error) : -ENOMEM;
    if (result)
        return result;
    struct outgoing *outgoing = outgoing_new(client, node, message);
    if (!outgoing) {
        channel_count_down(client, request->size);
        return -ENOMEM;
    }
    /* Without a socket for descriptors: a call that passes one fails by itself, the others need none. */
    ask_to_open(outgoing, service, level, request->flags & ~FAR_CHANNEL_DESCRIPTORS);
    return FARD_PENDING;
}

static struct outgoing *find_of_client(struct client *client, uint32_t id)
{
    for (struct list *at = client->outgoing.next; at != &client->outgoing; at = at->next) {
        struct outgoing *outgoing = list_entry(at, struct outgoing, of_client);
        if (outgoing->id == id)
            return outgoing;
    }
    return NULL;
}

int handle_reopen_channel(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_close_channel *request;
    int result = protocol_check_close_channel(message, &request, error);
    if (result)
        return result;
    struct outgoing *outgoing = find_of_client(client, request->channel);
    if (!outgoing || outgoing->state == OUTGOING_OPENING)
        return refuse(error, ENOENT, EX_UNAVAILABLE, "channel %u is none to another node, or has ended there",
                      request->channel);
    if (outgoing->state == OUTGOING_REOPENING)
        return refuse(error, EBUSY, EX_TEMPFAIL, "channel %u is being opened again already", request->channel);
    const struct link_channel body = {outgoing->theirs, 0};
    outgoing->state = OUTGOING_REOPENING;
    outgoing->serial = message->serial;
    node_ask(outgoing->node, LINK_REOPEN, &body, sizeof body, &outgoing->question);
    return FARD_PENDING;
}

bool outgoing_close(struct client *client, uint32_t channel)
{
    struct outgoing *outgoing = find_of_client(client, channel);
    if (!outgoing || outgoing->state == OUTGOING_OPENING)
        return false;
    const struct link_channel body = {outgoing->theirs, 0};
    node_tell(outgoing->node, LINK_CLOSE, &body, sizeof body);
    outgoing_free(outgoing);
    return true;
}

static bool node_has_of_client(const struct node *node, const struct client *client)
{
    for (const struct list *at = client->outgoing.next; at != &client->outgoing; at = at->next)
        if (list_entry(at, struct outgoing, of_client)->node == node)
            return true;
    return false;
}

static void tell_domain(struct node *node, const struct client *client)
{
    const struct link_domain body = {client->connection, domain_of(client)};
    if (body.range.size)
        node_tell(node, LINK_DOMAIN, &body, sizeof body);
}

/* What is said twice does no harm. */
void outgoing_domain(const struct client *client)
{
    for (const struct list *at = client->outgoing.next; at != &client->outgoing; at = at->next)
        tell_domain(list_entry(at, struct outgoing, of_client)->node, client);
}

/* Each node once, behind the last of its channels. */
void outgoing_client_gone(struct client *client)
{
    const struct link_client body = {client->connection};
    while (!list_is_empty(&client->outgoing)) {
        struct outgoing *outgoing = list_entry(client->outgoing.next, struct outgoing, of_client);
        struct node *node = outgoing->node;
        outgoing_free(outgoing);
        if (!node_has_of_client(node, client))
            node_tell(node, LINK_CLIENT_GONE, &body, sizeof body);
    }
}

/* The client finds out by its connection, which ends; what it then asks is answered by ENOENT. */
static int take_fate(struct node *node, const struct far_message *message, struct far_error *error)
{
    const struct link_channel *fate = (const void *)(message + 1);
    if (message->size != sizeof *message + sizeof *fate)
        return refuse(error, EBADMSG, EX_PROTOCOL, "link: a channel's fate that is none");
    for (struct list *at = node->outgoing.next; at != &node->outgoing; at = at->next) {
        struct outgoing *outgoing = list_entry(at, struct outgoing, of_node);
        if (outgoing->state == OUTGOING_OPENING || outgoing->theirs != fate->channel)
            continue;
        if (outgoing->state == OUTGOING_OPEN)
            outgoing_free(outgoing); /* otherwise its question is answered by the same */
        return 0;
    }
    return 0;
}

static void send_list(struct node *node, struct link_channels *list)
{
    node_tell(node, LINK_CHANNELS, list, sizeof *list + list->count * sizeof(uint32_t));
    list->count = 0;
}

/* What was said about channels while there was no link was said to nobody: both sides find out now what there is still. */
void outgoing_linked(struct node *node)
{
    struct link_channels *list = malloc(sizeof *list + LINK_CHANNELS_MAX * sizeof(uint32_t));
    if (!list)
        return; /* the other side keeps some for longer */
    uint32_t *channel = (uint32_t *)(list + 1);
    *list = (struct link_channels){0};
    for (struct list *at = node->outgoing.next; at != &node->outgoing; at = at->next) {
        const struct outgoing *outgoing = list_entry(at, struct outgoing, of_node);
        if (outgoing->state == OUTGOING_OPENING)
            continue;
        channel[list->count++] = outgoing->theirs;
        if (list->count == LINK_CHANNELS_MAX)
            send_list(node, list);
    }
    list->last = 1;
    send_list(node, list);
    free(list);
    for (struct list *at = node->outgoing.next; at != &node->outgoing; at = at->next)
        tell_domain(node, list_entry(at, struct outgoing, of_node)->client);
}

void outgoings_end(struct node *node)
{
    while (!list_is_empty(&node->outgoing))
        outgoing_free(list_entry(node->outgoing.next, struct outgoing, of_node));
}

void node_channels_linked(struct node *node)
{
    guests_linked(node);
    outgoing_linked(node);
}

void node_channels_lost(struct node *node)
{
    guests_lost(node);
}

int node_serve_channels(struct node *node, const struct far_message *message, struct far_error *error)
{
    switch (message->type) {
    case LINK_OPEN:
        return guest_open(node, message, error);
    case LINK_REOPEN:
        return guest_reopen(node, message, error);
    case LINK_CLOSE:
        return guest_close(node, message, error);
    case LINK_CLIENT_GONE:
        return guest_client_gone(node, message, error);
    case LINK_CHANNELS:
        return guest_channels(node, message, error);
    case LINK_DOMAIN:
        return guest_domain(node, message, error);
    default:
        return take_fate(node, message, error);
    }
}
