/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Channels that an earlier fard opened. Client and host go on with them alone; this fard knows their numbers, so that it
 * gives none of them again, and whose they are, so that a right that is taken away goes there too. The host says when they
 * end. All that is known of them is that host's word, so they count against nobody else: a user whom it names falsely would
 * be refused channels to other services.
 */
#include "runtime/fard/adopt.h"
#include "runtime/fard/request.h"

#include <stdlib.h>

#define AWAY_ORPHANS_MS   60000
#define PLAUSIBLE_CHANNEL 0xc0000000u /* a host's word must not make the numbers begin again soon */

struct orphan {
    struct list of_host;
    uint32_t id;
    uid_t uid;
    pid_t pid; /* of the client */
    enum far_level level;
    uint32_t capability; /* by which it has that; 0: by none */
    bool away;           /* the client is on another node */
};

static void orphan_free(struct orphan *orphan)
{
    list_take_out(&orphan->of_host);
    free(orphan);
}

void orphans_free(struct host *host)
{
    timer_stop(&host->orphans_away);
    while (host->orphans.next && !list_is_empty(&host->orphans))
        orphan_free(list_entry(host->orphans.next, struct orphan, of_host));
}

/*
 * No client of another node asks this fard for another connection to them: it knows nothing of their A-stacks. Those that there are have
 * had some time.
 */
static void end_away(struct timer *timer)
{
    struct host *host = list_entry(timer, struct host, orphans_away);
    for (struct list *at = host->orphans.next, *next; at != &host->orphans; at = next) {
        struct orphan *orphan = list_entry(at, struct orphan, of_host);
        const struct far_close_channel body = {orphan->id, 0};
        next = at->next;
        if (!orphan->away)
            continue;
        peer_send(&host->peer, FAR_MSG_HOST_CLOSE, 0, &body, sizeof body, NULL, 0);
        orphan_free(orphan);
    }
    host_idle_check(host);
}

static int orphan_new(struct host *host, const struct far_host_channel *channel)
{
    struct fard *fard = host->fard;
    struct orphan *orphan = calloc(1, sizeof *orphan);
    if (!orphan)
        return -1;
    *orphan = (struct orphan){.id = channel->channel,
                              .uid = channel->uid,
                              .pid = (pid_t)channel->pid,
                              .level = (enum far_level)channel->level,
                              .capability = channel->capability,
                              .away = channel->flags & FAR_CHANNEL_AWAY};
    list_append(&host->orphans, &orphan->of_host);
    if (orphan->away && !host->orphans_away.link.next) {
        host->orphans_away.fire = end_away;
        timer_start(&fard->loop, &host->orphans_away, AWAY_ORPHANS_MS);
    }
    if (channel->channel > fard->last_channel && channel->channel < PLAUSIBLE_CHANNEL)
        fard->last_channel = channel->channel;
    return 0;
}

void orphans_each(struct host *host, orphan_call *each, void *context)
{
    for (struct list *at = host->orphans.next; at && at != &host->orphans; at = at->next) {
        const struct orphan *orphan = list_entry(at, struct orphan, of_host);
        each(context, host, orphan->id, orphan->pid, orphan->level, orphan->capability);
    }
}

static void complain(struct host *host, const char *what)
{
    host_trouble(host, "%s", what);
    host_kill(host);
}

void host_says_channels(struct host *host, const struct far_message *message)
{
    const struct far_host_channels *channels;
    const struct far_host_channel *channel;
    struct far_error error;
    if (!host->adopting || !host->service || protocol_check_host_channels(message, &channels, &channel, &error)) {
        complain(host, "the host's list of channels is malformed, or nobody asked for it");
        return;
    }
    if (channels->generation != host->generation || channels->service_id != host->service->id) {
        complain(host, "the host says that it is another");
        return;
    }
    for (uint32_t i = 0; i < channels->count; i++) {
        if (host->orphan_count++ < HOST_ORPHANS_MAX && orphan_new(host, &channel[i]) == 0)
            continue;
        complain(host, "the host says that it has more channels than fard can know");
        return;
    }
    if (!channels->last)
        return;
    host->adopting = false;
    host_is_ready(host);
}

/* It has no room for one that fard has opened: who has left it was counted out here sooner than there. */
static void end_unserved(struct host *host, uint32_t id)
{
    for (struct list *at = host->channels.next; at != &host->channels; at = at->next) {
        struct channel *channel = list_entry(at, struct channel, of_host);
        if (channel->id != id)
            continue;
        channel_end(channel, CHANNEL_FULL);
        return;
    }
}

/* Of channels that have a connected client it may say so as well: that client closes them, or has. */
void host_says_closed(struct host *host, const struct far_message *message)
{
    const struct far_close_channel *closed = (const void *)(message + 1);
    if (message->size != sizeof *message + sizeof *closed || (closed->reserved && closed->reserved != FAR_FATE_FULL)) {
        complain(host, "the host closes a channel in a way that is not understood");
        return;
    }
    if (closed->reserved == FAR_FATE_FULL)
        end_unserved(host, closed->channel);
    for (struct list *at = host->orphans.next; at != &host->orphans; at = at->next) {
        struct orphan *orphan = list_entry(at, struct orphan, of_host);
        if (orphan->id != closed->channel)
            continue;
        orphan_free(orphan);
        return;
    }
}
