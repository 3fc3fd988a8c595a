/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Channels to clients on other nodes. The A-stack is kept here, and says what was received and answered: it outlives the host, and the next
 * one goes on with it. Connections come and go: each shows a ticket, and is handed to the host.
 */
#include "runtime/fard/log.h"
#include "runtime/fard/node_guest.h"
#include "runtime/fard/observe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

static struct node *node_of(const struct remote *remote)
{
    return remote->channel->client->guest->node;
}

static struct list *bucket_of(struct nodes *nodes, uint32_t channel)
{
    return &nodes->channels[channel % CHANNEL_BUCKETS];
}

struct remote *remote_find(struct node *node, uint32_t channel)
{
    struct list *bucket = bucket_of(node->nodes, channel);
    for (struct list *at = bucket->next; at != bucket; at = at->next) {
        struct remote *remote = list_entry(at, struct remote, by_number);
        if (remote->channel->id == channel && node_of(remote) == node &&
            remote->channel->client->guest->instance == node->instance)
            return remote;
    }
    return NULL;
}

enum wire_transport remote_transport(const struct nodes *nodes, uint32_t wanted)
{
    for (unsigned i = 0; i < nodes->transport_count; i++)
        if (!wanted || wanted & 1u << nodes->transport[i])
            return nodes->transport[i];
    return WIRE_TRANSPORT_NONE;
}

static void reopening_took_too_long(struct timer *timer)
{
    struct remote *remote = list_entry(timer, struct remote, timer);
    const struct far_message request = {.type = LINK_REOPEN, .serial = remote->reopening};
    struct far_error error;
    refuse(&error, EHOSTDOWN, EX_UNAVAILABLE, "the service's host is down and did not come back within %d s",
           HOST_START_MS / 1000);
    remote->reopening = 0;
    node_refuse(node_of(remote), &request, &error);
}

int remote_begin(struct channel *channel, const struct waiter *wanted, int astack)
{
    struct guest *guest = channel->client->guest;
    struct nodes *nodes = guest->node->nodes;
    struct remote *remote = calloc(1, sizeof *remote);
    int kept = remote ? fcntl(astack, F_DUPFD_CLOEXEC, 3) : -1;
    if (kept < 0) {
        free(remote);
        return -EMFILE;
    }
    remote->channel = channel;
    remote->astack = kept;
    remote->level = wanted->level;
    remote->copies = wanted->copies;
    remote->transports = guest->transports;
    remote->confirmed = guest->node->confirming;
    remote->offered = true;
    remote->timer.fire = reopening_took_too_long;
    channel->remote = remote;
    list_append(bucket_of(nodes, channel->id), &remote->by_number);
    nodes->remote_count++;
    guest->node->channel_count++;
    guest->node->channel_bytes += channel->size;
    return 0;
}

void remote_forget(struct channel *channel)
{
    struct remote *remote = channel->remote;
    struct node *node = node_of(remote);
    if (remote->ticket)
        ticket_free(remote->ticket);
    timer_stop(&remote->timer);
    list_take_out(&remote->by_number);
    node->nodes->remote_count--;
    node->channel_count--;
    node->channel_bytes -= channel->size;
    close(remote->astack);
    free(remote);
    channel->remote = NULL;
    guest_look_later(node->nodes);
}

static void refuse_reopening(struct remote *remote)
{
    const struct far_message request = {.type = LINK_REOPEN, .serial = remote->reopening};
    struct far_error error;
    if (!remote->reopening)
        return;
    refuse(&error, ENOENT, EX_UNAVAILABLE, "channel %u has ended at node %s", remote->channel->id,
           node_of(remote)->nodes->identity.name);
    node_refuse(node_of(remote), &request, &error);
}

void remote_ended(struct channel *channel, enum channel_fate fate)
{
    const struct link_channel body = {channel->id, fate};
    refuse_reopening(channel->remote);
    if (fate != CHANNEL_CLIENT_GONE)
        node_tell(node_of(channel->remote), LINK_FATE, &body, sizeof body);
}

/* The answer to LINK_OPEN and LINK_REOPEN. Where the node is, the other one knows better: it has reached it. */
int remote_answer(struct channel *channel, uint16_t type, uint32_t serial)
{
    struct {
        struct far_channel_reply reply;
        struct far_channel_path path;
    } body = {.reply = {channel->id, channel->host->generation, channel->size}};
    struct remote *remote = channel->remote;
    struct nodes *nodes = node_of(remote)->nodes;
    const struct far_message request = {.type = type, .serial = serial};
    struct ticket *ticket = ticket_new(nodes, remote, remote_transport(nodes, remote->transports));
    if (!ticket)
        return -ENOMEM;
    body.path.transport = ticket->transport;
    body.path.patience_ms = NODE_PATIENCE_MS;
    body.path.channel = channel->id;
    memcpy(body.path.ticket, ticket->ticket, sizeof body.path.ticket);
    memcpy(body.path.secret, ticket->secret, sizeof body.path.secret);
    memcpy(body.path.address, nodes->address, sizeof body.path.address);
    memcpy(body.path.node, nodes->identity.name, sizeof body.path.node);
    node_answer(node_of(remote), &request, &body, sizeof body);
    explicit_bzero(&body, sizeof body);
    return 0;
}

int remote_reopen(struct remote *remote, uint32_t serial, struct far_error *error)
{
    struct channel *channel = remote->channel;
    if (!remote->offered && channel->host->state == FAR_STATE_READY)
        remotes_offer(channel->host);
    if (remote->offered)
        return remote_answer(channel, LINK_REOPEN, serial);
    if (remote->reopening)
        return refuse(error, EBUSY, EX_TEMPFAIL, "channel %u is being opened again already", channel->id);
    remote->reopening = serial;
    timer_start(&node_of(remote)->nodes->fard->loop, &remote->timer, HOST_START_MS);
    return FARD_PENDING;
}

void remote_tell_domain(const struct remote *remote)
{
    const struct channel *channel = remote->channel;
    const struct far_host_lends body = {.channel = channel->id, .range = channel->client->guest->domain};
    if (remote->offered)
        peer_send(&channel->host->peer, FAR_MSG_HOST_LENDS, 0, &body, sizeof body, NULL, 0);
}

/* A connection for a host that has just gone is asked for anew. */
int guest_connected(struct ticket *ticket, int fd, char *why, size_t room)
{
    struct remote *remote = ticket->remote;
    struct channel *channel = remote->channel;
    struct far_host_connection body = {.channel = channel->id, .transport = ticket->transport};
    struct wire_answer answer;
    if (!remote->offered || channel->host->peer.lost) {
        snprintf(why, room, "the service's host is down");
        return WIRE_REFUSED_BUSY;
    }
    wire_make_answer(&answer, WIRE_WELCOME, "");
    if (send(fd, &answer, sizeof answer, MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof answer ||
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) < 0) {
        snprintf(why, room, "the connection has gone");
        return WIRE_REFUSED_BUSY;
    }
    link_settle(fd);
    memcpy(body.ticket, ticket->ticket, sizeof body.ticket);
    memcpy(body.secret, ticket->secret, sizeof body.secret);
    /* What cannot go over now is closed without another word, and asked for anew. */
    peer_send(&channel->host->peer, FAR_MSG_HOST_CONNECTION, 0, &body, sizeof body, &fd, 1);
    explicit_bzero(&body, sizeof body);
    node_of(remote)->nodes->fard->metrics.far_connections++;
    return 0;
}

bool remote_survives(struct channel *channel)
{
    if (!channel->remote || !channel->host->service || channel->host->upgrade ||
        channel->lines->fate.dead == CHANNEL_MOVED)
        return false;
    calls_see(channel);
    channel->remote->offered = false;
    return true;
}

static void offer(struct channel *channel)
{
    struct remote *remote = channel->remote;
    const struct waiter wanted = {.level = remote->level, .copies = remote->copies};
    if (channel_tell_host(channel, &wanted, remote->astack, FAR_CHANNEL_RESUMED) != 0)
        return; /* descriptors run out: whoever reopens it looks again */
    remote->offered = true;
    channel->client->fard->metrics.channels_resumed++;
    if (!remote->reopening)
        return;
    timer_stop(&remote->timer);
    uint32_t serial = remote->reopening;
    remote->reopening = 0;
    remote_answer(channel, LINK_REOPEN, serial);
}

void remotes_offer(struct host *host)
{
    for (struct list *at = host->channels.next; at != &host->channels; at = at->next) {
        struct channel *channel = list_entry(at, struct channel, of_host);
        if (channel->remote && !channel->remote->offered)
            offer(channel);
    }
}

void remotes_end_waiting(struct host *host)
{
    for (struct list *at = host->channels.next, *next; at != &host->channels; at = next) {
        struct channel *channel = list_entry(at, struct channel, of_host);
        next = at->next;
        if (channel->remote && !channel->remote->offered)
            channel_end(channel, CHANNEL_MOVED);
    }
}
