/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* How many calls a service has answered, read from its A-stacks. Both sides can write there: it is no more than a hint. */
#include "runtime/fard/observe.h"

#include <stdatomic.h>

#define CALLS_WATCH_MS 60000

static uint32_t number_of(const uint32_t *word)
{
    return atomic_load_explicit((const _Atomic uint32_t *)word, memory_order_relaxed);
}

void calls_begin(struct channel *channel)
{
    uint32_t now = number_of(&channel->lines->reply.sequence);
    channel->calls_seen = now == FAR_SEQUENCE_DEAD ? 0 : now;
}

/* Numbers grow by one a call, and pass over the one that means dead. */
void calls_see(struct channel *channel)
{
    uint32_t now = number_of(&channel->lines->reply.sequence);
    if (now == FAR_SEQUENCE_DEAD)
        return;
    channel->host->calls += (uint32_t)(now - channel->calls_seen);
    channel->calls_seen = now;
}

bool calls_in_progress(const struct channel *channel)
{
    return number_of(&channel->lines->call.sequence) != number_of(&channel->lines->reply.sequence);
}

/* Once a minute; and is the socket still there? */
static void see_all(struct timer *timer)
{
    struct fard *fard = list_entry(timer, struct fard, calls_timer);
    for (struct list *at = fard->clients.next; at != &fard->clients; at = at->next) {
        struct client *client = list_entry(at, struct client, link);
        for (struct list *on = client->channels.next; on != &client->channels; on = on->next)
            calls_see(list_entry(on, struct channel, of_client));
    }
    socket_look_after(fard);
    timer_start(&fard->loop, timer, CALLS_WATCH_MS);
}

void calls_watch(struct fard *fard)
{
    fard->calls_timer.fire = see_all;
    timer_start(&fard->loop, &fard->calls_timer, CALLS_WATCH_MS);
}
