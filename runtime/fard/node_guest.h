/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Clients on other nodes, as the node of the service sees them: a guest is a client without a socket, whose requests come over its node's link.
 * Everything that counts and limits channels counts and limits its ones, too.
 */
#ifndef FARCALL_NODE_GUEST_H
#define FARCALL_NODE_GUEST_H

#include "runtime/fard/node_parts.h"

struct guest {
    struct client client; /* first: it is freed as a client */
    struct list of_node;
    struct node *node;
    uint64_t instance;        /* of the node's fard */
    uint64_t connection;      /* its number of the client */
    uint32_t transports;      /* of the last LINK_OPEN; those that may be used */
    struct far_extent domain; /* where its own segment lies; zeros: it has none yet */
};

/* What a channel has more if its client is on another node. Its A-stack outlives hosts. */
struct remote {
    struct list by_number;
    struct channel *channel;
    struct ticket *ticket; /* NULL: none is out */
    int astack;
    enum far_level level;
    bool copies;
    bool offered;        /* a host has it; otherwise the next one will */
    uint32_t transports; /* 1 << enum wire_transport, that the client's node would use */
    uint32_t confirmed;  /* the round of LINK_CHANNELS that named it */
    uint32_t reopening;  /* serial of a LINK_REOPEN that waits for the host; 0: none */
    struct timer timer;  /* of that */
};

void guest_look_later(struct nodes *nodes); /* some guest may have nothing left */
void guest_refuse(struct guest *guest, uint32_t serial, const struct far_error *error); /* a LINK_OPEN */

/* node_remote.c. The node's, of its fard as it is now; or NULL. */
struct remote *remote_find(struct node *node, uint32_t channel);
/* Of those wanted (0: any), the one that this node likes best; WIRE_TRANSPORT_NONE: it has none of them. */
enum wire_transport remote_transport(const struct nodes *nodes, uint32_t wanted);
/* From channel.c: a channel of a guest's begins, ends (its node is told), is freed. */
int remote_begin(struct channel *channel, const struct waiter *wanted, int astack);
void remote_ended(struct channel *channel, enum channel_fate fate);
void remote_forget(struct channel *channel);
int remote_answer(struct channel *channel, uint16_t type, uint32_t serial);
int remote_reopen(struct remote *remote, uint32_t serial, struct far_error *error);
void remote_tell_domain(const struct remote *remote); /* its host, if it has one */
/* From host_events.c: its host has died. Does the channel wait for the next? */
bool remote_survives(struct channel *channel);
void remotes_offer(struct host *host);       /* it is ready */
void remotes_end_waiting(struct host *host); /* there will be no next one of this service's */

#endif
