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
    uint64_t instance;    /* of the node's fard */
    uint64_t connection;  /* its number of the client */
    uint32_t transports;  /* of the last LINK_OPEN; those that may be used */
};

/* What a channel has more if its client is on another node. Its A-stack outlives hosts. */
struct remote {
    struct list by_number;
    struct channel *channel;
    struct ticket *ticket; /* NULL: none is out */
    int astack;
    enum far_level level;
    bool copies;
    bool offered;          /* a host has it; otherwise the next one will */
    uint32_t transports;   /* 1 << enum wire_transport, that the client's node would use */
    uint32_t confirmed;    /* the round of LINK_CHANNELS that named it */
    uint32_t reopening;    /* serial of a LINK_REOPEN that waits for the host; 0: none */
    struct timer timer;    /* of that */
};

#endif
