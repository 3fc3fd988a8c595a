/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A-stacks as fard sees them: made, handed to both sides, and marked dead when either goes (astack.h). */
#include "runtime/fard/fard.h"
#include "runtime/fard/memory.h"
#include "runtime/fard/node_guest.h"
#include "runtime/fard/observe.h"
#include "runtime/fard/revoke.h"
#include "runtime/probes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

/* The page that fard writes to is there before anybody else has the descriptor: touching it later cannot fail. */
static int create_astack(uint64_t size, struct far_astack **lines, int *out)
{
    int fd;
    void *page;
    int result = memory_create("far:astack", size, &fd);
    if (result)
        return result;
    result = fallocate(fd, 0, 0, FAR_ASTACK_AREA) < 0 ? -errno : memory_seal_size(fd);
    result = result ? result : memory_map(fd, FAR_ASTACK_AREA, PROT_READ | PROT_WRITE, &page);
    if (result) {
        close(fd);
        return result;
    }
    *lines = page;
    *out = fd;
    return 0;
}

/* What may wait for a host that is slow to take its channels. Closing needs no limit: there is one for each channel. */
#define HOST_QUEUE_HIGH 256

/* What goes over: the A-stack, and each side's end of a pair of sockets. */
struct ends {
    int astack, of_client, of_host; /* the last two -1: none are wanted */
};

static void ends_close(const struct ends *ends)
{
    close(ends->astack);
    if (ends->of_client >= 0)
        close(ends->of_client);
    if (ends->of_host >= 0)
        close(ends->of_host);
}

static int create_ends(const struct waiter *wanted, struct far_astack **lines, struct ends *ends)
{
    int pair[2] = {-1, -1};
    int result = wanted->descriptors && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0
                     ? -errno
                     : create_astack(wanted->size, lines, &ends->astack);
    ends->of_client = pair[0];
    ends->of_host = pair[1];
    if (result && pair[0] >= 0) {
        close(pair[0]);
        close(pair[1]);
    }
    return result;
}

static int tell_host(const struct channel *channel, const struct waiter *wanted, const struct ends *ends,
                     uint32_t flags)
{
    const struct guest *guest = channel->client->guest;
    struct {
        struct far_host_channel head;
        uint32_t slot[FAR_HOST_SLOTS_MAX];
    } body;
    body.head = (struct far_host_channel){
        .channel = channel->id,
        .level = wanted->level,
        .uid = channel->client->who.uid,
        .pid = (uint32_t)channel->client->who.pid,
        .size = channel->size,
        .connection = channel->client->connection,
        .limited = wanted->limit != 0,
        .capability = wanted->capability,
        .flags = flags | (wanted->copies ? FAR_CHANNEL_COPIES : 0) | (guest ? FAR_CHANNEL_AWAY : 0),
        .node = guest ? node_number(guest->node) : 0,
        .lent = guest ? guest->domain : (struct far_extent){0},
    };
    if (wanted->limit)
        body.head.slot_count = capability_slots(&channel->host->fard->registry, channel->host->service, wanted->limit,
                                                body.slot, FAR_HOST_SLOTS_MAX);
    int fds[] = {ends->astack, ends->of_host};
    return peer_send(&channel->host->peer, FAR_MSG_HOST_CHANNEL, 0, &body,
                     sizeof body.head + body.head.slot_count * sizeof *body.slot, fds, fds[1] < 0 ? 1 : 2);
}

int channel_tell_host(const struct channel *channel, const struct waiter *wanted, int astack, uint32_t flags)
{
    const struct ends ends = {astack, -1, -1};
    return tell_host(channel, wanted, &ends, flags);
}

static int tell_client(struct channel *channel, uint32_t serial, const struct ends *ends)
{
    if (channel->remote)
        return remote_answer(channel, LINK_OPEN, serial);
    struct far_channel_reply body = {channel->id, channel->host->generation, channel->size};
    int fds[] = {ends->astack, channel->host->life.fd, ends->of_client};
    return peer_send(&channel->client->peer, FAR_MSG_OPEN_CHANNEL | FAR_MSG_REPLY, serial, &body, sizeof body, fds,
                     fds[2] < 0 ? 2 : 3);
}

/* Ids are never 0 and, in one fard's life, hardly ever the same again. */
uint32_t channel_next_id(struct fard *fard)
{
    if (++fard->last_channel == 0)
        fard->last_channel = 1;
    return fard->last_channel;
}

static void forget(struct channel *channel);

/* The client will not hear of it; the host may have. Its count is the caller's. */
static void drop(struct channel *channel)
{
    struct far_close_channel body = {channel->id, 0};
    munmap(channel->lines, FAR_ASTACK_AREA);
    peer_send(&channel->host->peer, FAR_MSG_HOST_CLOSE, 0, &body, sizeof body, NULL, 0);
    forget(channel);
}

int channel_open(struct client *client, struct host *host, const struct waiter *wanted, struct far_error *error)
{
    struct ends ends;
    if (host->peer.queued >= HOST_QUEUE_HIGH)
        return refuse(error, EAGAIN, EX_TEMPFAIL, "open channel: the service's host is busy with others; try again");
    struct host_use *use;
    int result = channel_room_take(client, host, &use, error);
    if (result)
        return result;
    struct channel *channel = calloc(1, sizeof *channel);
    result = channel ? create_ends(wanted, &channel->lines, &ends) : -ENOMEM;
    if (result) {
        channel_room_give(host, use);
        free(channel);
        return refuse(error, -result, EX_TEMPFAIL,
                      "open channel: an A-stack of %llu bytes cannot be made; close others",
                      (unsigned long long)wanted->size);
    }
    channel->client = client;
    channel->host = host;
    channel->use = use;
    channel->size = wanted->size;
    channel->capability = wanted->capability;
    channel->id = channel_next_id(client->fard);
    calls_begin(channel);
    FAR_PROBE(channel__open, host->service->name, channel->id, client->who.pid);
    list_append(&client->channels, &channel->of_client);
    list_append(&host->channels, &channel->of_host);
    client->fard->channel_count++;
    result = client->guest ? remote_begin(channel, wanted, ends.astack) : 0;
    result = result ? result : tell_host(channel, wanted, &ends, 0);
    result = result ? result : tell_client(channel, wanted->serial, &ends);
    ends_close(&ends);
    if (!result)
        return 0;
    drop(channel);
    return refuse(error, EAGAIN, EX_TEMPFAIL, "open channel: fard has too many descriptors on their way; try again");
}

static void kill_word(uint32_t *word)
{
    atomic_store((_Atomic uint32_t *)word, FAR_SEQUENCE_DEAD);
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0); /* not private: both sides are other processes */
}

static void forget(struct channel *channel)
{
    if (channel->remote)
        remote_forget(channel);
    list_take_out(&channel->of_client);
    list_take_out(&channel->of_host);
    channel_room_give(channel->host, channel->use);
    host_idle_check(channel->host);
    channel->client->fard->channel_count--;
    free(channel);
}

void channel_end(struct channel *channel, enum channel_fate fate)
{
    bool cut_off = fate == CHANNEL_REVOKED || fate == CHANNEL_CLIENT_GONE;
    struct far_close_channel body = {channel->id, cut_off ? FAR_FATE_REVOKED : 0};
    calls_see(channel);
    FAR_PROBE(channel__close, channel->id, channel->client->who.pid, fate);
    atomic_store((_Atomic uint32_t *)&channel->lines->fate.dead, fate);
    kill_word(&channel->lines->call.sequence);
    kill_word(&channel->lines->reply.sequence);
    munmap(channel->lines, FAR_ASTACK_AREA);
    bool served = !channel->remote || channel->remote->offered;
    if (channel->remote)
        remote_ended(channel, fate);
    if (fate != CHANNEL_HOST_GONE && fate != CHANNEL_FULL && served)
        peer_send(&channel->host->peer, FAR_MSG_HOST_CLOSE, 0, &body, sizeof body, NULL, 0);
    channel_count_down(channel->client, channel->size);
    forget(channel);
}

/*
 * A uid's A-stacks are as sparse as it leaves them, but a host that reads one makes it real: a quarter of the machine is
 * what one uid can claim.
 */
static uint64_t uid_bytes_max(void)
{
    return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 4;
}

int channel_count_up(struct client *client, uint64_t size, struct far_error *error)
{
    struct account *account = client->account;
    if (client->channel_count >= CLIENT_CHANNELS_MAX)
        return refuse(error, EMFILE, EX_TEMPFAIL, "open channel: a connection has %u at most; close some",
                      CLIENT_CHANNELS_MAX);
    if (account->channels >= UID_CHANNELS_MAX || account->bytes + size > uid_bytes_max())
        return refuse(error, EDQUOT, EX_TEMPFAIL,
                      "open channel: uid %u has %u channels with %llu bytes open already; close some", account->uid,
                      account->channels, (unsigned long long)account->bytes);
    client->channel_count++;
    account->channels++;
    account->bytes += size;
    return 0;
}

void channel_count_down(struct client *client, uint64_t size)
{
    client->channel_count--;
    client->account->channels--;
    client->account->bytes -= size;
}

void waiter_free(struct waiter *waiter)
{
    timer_stop(&waiter->timer);
    list_take_out(&waiter->of_client);
    list_take_out(&waiter->of_host);
    free(waiter->bind);
    free(waiter);
}
