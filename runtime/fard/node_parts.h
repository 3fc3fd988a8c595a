/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What the files node*.c know of each other.
 *
 *     nodes ─ node ─ links that are up, an attempt to make one, questions, packets for the next link
 *           │      └ outgoing: channels of clients here to services there (node_channel.c)
 *           │      └ guests: clients there with channels to services here, their accounts (node_guest.c)
 *           └ arriving: links that somebody has begun and that have no name yet
 *           └ half open: connections whose preface is not complete (node_accept.c)
 *           └ tickets (node_ticket.c)
 *
 * Two nodes may have two links, one made by each. Each side sends on the one that it has had for longest, and hears both; so what one side
 * says stays in order. Whatever is not answered yet when one of them is lost fails, for it may have been on that one.
 */
#ifndef FARCALL_NODE_PARTS_H
#define FARCALL_NODE_PARTS_H

#include "runtime/fard/fard.h"
#include "runtime/fard/node.h"
#include "runtime/fard/node_tls.h"
#include "runtime/net/transport.h"

#include <sys/socket.h>

#define LINK_QUEUE_BYTES  (8u << 20) /* of one link; one that lets it run over is lost */
#define LINK_UNSENT_BYTES (1u << 20) /* for a link that is not up yet */
#define LINK_PING_MS      3000
#define LINK_SILENT_MS    10000 /* with nothing heard for so long a link is lost */
#define LINK_OPEN_MS      5000  /* from the connection's beginning to the other's HELLO */
#define LINK_PAUSE_MIN_MS 100
#define LINK_PAUSE_MAX_MS 5000
#define LINK_TURN         32 /* packets that are taken from one before others have their turn */
#define ARRIVING_MAX      64
#define HALF_OPEN_MAX     256
#define HALF_OPEN_MS      5000
#define TICKET_MS         30000
#define TICKET_BUCKETS    256
#define CHANNEL_BUCKETS   1024
#define NODE_GRACE_MS     60000  /* channels of a node that has gone out of sight are kept for so long */
#define NODE_CHANNELS_MAX 16384u /* of one node's clients, here */
#define NODE_GUESTS_MAX   16384u
#define NODE_SELF         1u    /* this node's own number */
#define NODE_PATIENCE_MS  30000 /* far_channel_path.patience_ms */

struct node_packet {
    struct list link;
    uint32_t serial;
    size_t size, sent;
    uint8_t bytes[];
};

enum node_link_state {
    LINK_CONNECTING, /* connect() is under way */
    LINK_PREFACED,   /* the preface was said, its answer is not complete */
    LINK_SHAKING,    /* TLS's handshake */
    LINK_GREETING,   /* our HELLO was said, theirs has not come */
    LINK_UP,
    LINK_LOST, /* it frees itself at the end of the turn */
};

struct node_link {
    struct list of_node; /* of the node's, of nodes->arriving, or of nodes->lost */
    struct nodes *nodes;
    struct node *node;            /* one that arrives: NULL until it has said who it is */
    char name[FAR_NODE_NAME_MAX]; /* in the other's certificate */
    struct source source;
    struct timer timer; /* opening: too long. Up: the next ping. Lost: its end */
    struct timer more;  /* there is more to read in OpenSSL's buffer */
    enum node_link_state state;
    bool outgoing;
    char from[64]; /* one that arrives: the other's address */
    bool was_up;
    bool read_wants_write, write_wants_read;
    SSL *ssl;
    struct wire_answer answer;
    size_t answer_got;
    struct list queue;
    size_t queued;
    uint8_t *in; /* FAR_MESSAGE_MAX bytes */
    size_t got;
    int64_t heard_at;
    int64_t ping_sent_us; /* 0: none is under way */
    struct far_error why; /* lost: the reason */
    uint32_t loss;        /* lost, after it was up: the node's count with this one */
};

struct node {
    struct list link;
    struct nodes *nodes;
    struct node *same_as;         /* the one that it turned out to be: that is meant wherever this one is named */
    char name[FAR_NODE_NAME_MAX]; /* "": of the names keeper, before its first link */
    char address[FAR_NODE_ADDRESS_MAX];
    uint32_t number;
    uint64_t instance; /* of its fard, as the last HELLO said */
    struct list links; /* up; the first is the one to send on */
    struct node_link *attempt;
    struct timer timer; /* of the next attempt */
    int64_t pause_ms;
    struct list unsent;
    size_t unsent_bytes;
    struct list questions;
    uint32_t last_serial;
    uint32_t losses;   /* of links: what was sent before one of them is not answered any more */
    char trouble[256]; /* why there is no link */
    int64_t since;     /* seconds since 1970: linked, or not, from then on; 0: it never was */
    uint64_t round_trip_us;
    /* node_channel.c: from here to there */
    struct list outgoing;
    uint32_t outgoing_count;
    /* node_guest.c: from there to here */
    struct list guests, accounts;
    uint32_t guest_count, channel_count;
    uint64_t channel_bytes;
    uint32_t confirming; /* LINK_CHANNELS: its round */
    struct timer grace;
};

struct nodes {
    struct fard *fard;
    struct node_identity identity;
    char *tls_folder;
    char address[FAR_NODE_ADDRESS_MAX]; /* where we are reached; "": nowhere */
    struct source listener;
    uint64_t instance;
    enum wire_transport transport[WIRE_TRANSPORT_COUNT]; /* what channels may use, the best first */
    unsigned transport_count;
    struct list all; /* struct node */
    uint32_t last_number;
    struct node *keeper; /* --peer; NULL: was not said */
    struct list arriving, half_open;
    struct list lost; /* links that free themselves at the end of the turn */
    unsigned arriving_count, half_open_count;
    struct list tickets[TICKET_BUCKETS];
    struct list channels[CHANNEL_BUCKETS]; /* struct remote, by number */
    uint32_t remote_count;
    struct timer sweep; /* guests without anything */
};

/* node.c */
struct node *node_real(struct node *node);
struct node *node_new(struct nodes *nodes, const char *name, const char *address);
bool node_is_needed(const struct node *node);
void node_trouble(struct node *node, const char *text);
/* A link has come up, whose other end has said this; false: it must not (and *error). */
bool node_linked(struct node_link *link, const struct link_hello *hello, struct far_error *error);
/* An attempt has failed, or a link was lost: link->why. */
void node_link_gone(struct node_link *link);
void node_connect(struct node *node); /* unless there is a link, or an attempt */
void node_message(struct node_link *link, const struct far_message *message);

/* node_link.c */
void link_connect(struct node *node);
void link_accept(struct nodes *nodes, int fd); /* its preface was exchanged. Takes the descriptor over */
void link_send(struct node_link *link, uint16_t type, uint32_t serial, const void *body, size_t size);
void link_send_packet(struct node_link *link, struct node_packet *packet); /* takes it over */
void link_lose(struct node_link *link, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
void link_lose_for(struct node_link *link, const struct far_error *why);
void link_free(struct node_link *link); /* at fard's end */
struct node_packet *node_packet_new(uint16_t type, uint32_t serial, const void *body, size_t size);
void link_settle(int fd); /* no delay, keepalive, and a limit for what is not acknowledged */

/* node_hello.c */
void link_say_hello(struct node_link *link);
int link_check_hello(const struct node_link *link, const struct far_message *message, const struct link_hello **hello,
                     struct far_error *error);

/* node_address.c: "10.0.0.2:7327", "[::1]:7327"; numbers only. */
#define NODE_PORT "7327"
int node_address_parse(const char *text, struct sockaddr_storage *address, socklen_t *size, struct far_error *error);
bool node_address_is_anywhere(const char *text); /* 0.0.0.0, [::] */
#define NODE_HOST_MAX 64
void node_address_of_peer(int fd, char host[NODE_HOST_MAX]); /* without the port; "?": it has gone */
/* In the log, once a minute for each source and event. */
void node_say_stranger(struct nodes *nodes, const char *event, const char *from, const char *what);
/* The same port at the host of the link's other end. */
void node_address_of_link(const char *said, int fd, char out[FAR_NODE_ADDRESS_MAX]);

/* node_accept.c */
int node_listen(struct nodes *nodes, const char *where, struct far_error *error);
void node_listen_end(struct nodes *nodes);

/* node_ticket.c */
struct remote;
struct ticket {
    struct list link;
    struct timer timer;
    struct remote *remote;
    enum wire_transport transport;
    uint8_t ticket[WIRE_TICKET_SIZE], secret[WIRE_SECRET_SIZE];
};
/* A new one for the channel; the one before is worth nothing any more. NULL: no memory, no random bytes. */
struct ticket *ticket_new(struct nodes *nodes, struct remote *remote, enum wire_transport transport);
void ticket_free(struct ticket *ticket);
/* Whose it is, or NULL. */
struct ticket *ticket_find(struct nodes *nodes, const uint8_t ticket[WIRE_TICKET_SIZE]);

/* node_guest.c */
void guests_init(struct node *node);
void guests_end(struct node *node); /* at fard's end */
int guest_open(struct node *node, const struct far_message *message, struct far_error *error);
int guest_reopen(struct node *node, const struct far_message *message, struct far_error *error);
int guest_close(struct node *node, const struct far_message *message, struct far_error *error);
int guest_client_gone(struct node *node, const struct far_message *message, struct far_error *error);
int guest_channels(struct node *node, const struct far_message *message, struct far_error *error);
int guest_domain(struct node *node, const struct far_message *message, struct far_error *error);
void guests_linked(struct node *node);
void guests_lost(struct node *node);
/* A connection has shown a ticket of a channel: to the host with it. 0: taken over. Otherwise an enum wire_refusal, and why. */
int guest_connected(struct ticket *ticket, int fd, char *why, size_t room);

/* node_channel.c */
void outgoing_linked(struct node *node);
void outgoings_end(struct node *node); /* at fard's end */

#endif
