/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Other nodes, and the links to their fards: TLS 1.3 in the loop, never blocking. A node is known by the name in its certificate. A link
 * that is lost is made again for as long as somebody needs it; what had been asked over it fails with ECONNRESET, and is asked
 * again by who asked, if that is right for him.
 */
#ifndef FARCALL_FARD_NODE_H
#define FARCALL_FARD_NODE_H

#include "runtime/fard/error.h"
#include "runtime/fard/loop.h"
#include "runtime/net/link.h"

struct fard;
struct node; /* node.c's */

/* Who asks owns it until `answered` is called, which is once. */
struct node_question {
    struct list link;
    struct timer timer;
    struct node *node; /* this and what follows: node.c's */
    uint32_t serial;
    uint16_t type;
    uint32_t sent; /* 0: no link has taken it yet */
    /* reply NULL: *error says why: what the other said, ECONNRESET (the link was lost; it may have been done), ETIMEDOUT, EHOSTUNREACH. */
    void (*answered)(struct node_question *question, const struct far_message *reply, const struct far_error *error);
};

#define NODE_ANSWER_MS 10000 /* for an answer, the link's coming up included */

/* Of that name, or NULL: never heard of. */
struct node *node_find(struct fard *fard, const char *name);
/* The same; one that was never heard of is made, and will be reached there. NULL: no memory. */
struct node *node_reach(struct fard *fard, const char *name, const char *address);
const char *node_name(const struct node *node);
uint32_t node_number(const struct node *node);      /* never 0; stays as long as fard runs (far_host_channel.node) */
const char *node_own_name(const struct fard *fard); /* of this node; "" if it has no certificate, and so no links */
const char *node_own_address(const struct fard *fard);
/* The node that keeps the names, if that is another (--peer). NULL: there is none. */
struct node *node_names_keeper(struct fard *fard);

void node_ask(struct node *node, uint16_t type, const void *body, size_t size, struct node_question *question);
void node_question_drop(struct node_question *question); /* the answer is none of ours any more */
void node_tell(struct node *node, uint16_t type, const void *body, size_t size); /* serial 0; if the link is up */
/* To a request of another's. */
void node_answer(struct node *node, const struct far_message *request, const void *body, size_t size);
void node_refuse(struct node *node, const struct far_message *request, const struct far_error *error);

/* The links of a fard. listen, peer: HOST:PORT or NULL. tls: a folder, or NULL: the usual one. transports: words, or NULL. */
int nodes_open(struct fard *fard, const char *listen, const char *peer, const char *tls, const char *transports,
               struct far_error *error);
void nodes_reload(struct fard *fard); /* certificates; a mistake leaves the old ones in force */
void nodes_close(struct fard *fard);
/* That clients on other nodes may use to come here: 1 << enum wire_transport; 0: nobody can come. */
uint32_t node_transports(const struct fard *fard);
uint64_t node_descriptors(const struct fard *fard); /* that channels of clients on other nodes take */

/*
 * Requests of others. By type: node_channel.c (OPEN … FATE), cluster_serve.c (names and segments). As request handlers do: 0, FARD_PENDING
 * (answered later), FARD_REFUSED and *error, or a negative errno.
 */
int node_serve_channels(struct node *node, const struct far_message *message, struct far_error *error);
int node_serve_names(struct node *node, const struct far_message *message, struct far_error *error);
/* The link has come up; is lost (for now). */
void node_channels_linked(struct node *node);
void node_channels_lost(struct node *node);
void cluster_linked(struct node *node);
void cluster_lost(struct node *node);

#endif
