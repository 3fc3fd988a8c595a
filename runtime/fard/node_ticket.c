/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Tickets: what a client on another node shows to be let through to one channel, once, within TICKET_MS. Random, and known
 * to the two fards and the client alone.
 */
#include "runtime/fard/node_guest.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void ticket_expired(struct timer *timer)
{
    ticket_free(list_entry(timer, struct ticket, timer));
}

struct ticket *ticket_new(struct nodes *nodes, struct remote *remote, enum wire_transport transport)
{
    struct ticket *ticket = calloc(1, sizeof *ticket);
    if (!ticket)
        return NULL;
    if (getrandom(ticket->ticket, sizeof ticket->ticket, 0) != sizeof ticket->ticket ||
        getrandom(ticket->secret, sizeof ticket->secret, 0) != sizeof ticket->secret) {
        free(ticket);
        return NULL;
    }
    if (remote->ticket)
        ticket_free(remote->ticket);
    remote->ticket = ticket;
    ticket->remote = remote;
    ticket->transport = transport;
    ticket->timer.fire = ticket_expired;
    timer_start(&nodes->fard->loop, &ticket->timer, TICKET_MS);
    list_append(&nodes->tickets[ticket->ticket[0]], &ticket->link);
    return ticket;
}

void ticket_free(struct ticket *ticket)
{
    list_take_out(&ticket->link);
    timer_stop(&ticket->timer);
    if (ticket->remote)
        ticket->remote->ticket = NULL;
    explicit_bzero(ticket, sizeof *ticket);
    free(ticket);
}

/* How long it takes says nothing about which bytes were right. */
struct ticket *ticket_find(struct nodes *nodes, const uint8_t shown[WIRE_TICKET_SIZE])
{
    struct list *bucket = &nodes->tickets[shown[0]];
    for (struct list *at = bucket->next; at != bucket; at = at->next) {
        struct ticket *ticket = list_entry(at, struct ticket, link);
        if (CRYPTO_memcmp(ticket->ticket, shown, WIRE_TICKET_SIZE) == 0)
            return ticket;
    }
    return NULL;
}
