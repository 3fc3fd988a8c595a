/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Nodes by name, and what is asked of them. */
#include "runtime/fard/log.h"
#include "runtime/fard/node_parts.h"
#include "runtime/fard/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

struct node *node_real(struct node *node)
{
    while (node && node->same_as)
        node = node->same_as;
    return node;
}

static struct node *find(struct nodes *nodes, const char *name)
{
    for (struct list *at = nodes->all.next; at != &nodes->all; at = at->next) {
        struct node *node = list_entry(at, struct node, link);
        if (!node->same_as && node->name[0] && strcmp(node->name, name) == 0)
            return node;
    }
    return NULL;
}

struct node *node_find(struct fard *fard, const char *name)
{
    return fard->nodes ? find(fard->nodes, name) : NULL;
}

static void attempt_again(struct timer *timer)
{
    struct node *node = list_entry(timer, struct node, timer);
    if (node_is_needed(node))
        node_connect(node);
}

struct node *node_new(struct nodes *nodes, const char *name, const char *address)
{
    struct node *node = calloc(1, sizeof *node);
    if (!node)
        return NULL;
    node->nodes = nodes;
    node->number = ++nodes->last_number;
    node->timer.fire = attempt_again;
    strncpy(node->name, name, sizeof node->name - 1);
    strncpy(node->address, address, sizeof node->address - 1);
    list_init(&node->links);
    list_init(&node->unsent);
    list_init(&node->questions);
    list_init(&node->outgoing);
    guests_init(node);
    list_append(&nodes->all, &node->link);
    return node;
}

struct node *node_reach(struct fard *fard, const char *name, const char *address)
{
    if (!fard->nodes)
        return NULL;
    struct node *node = find(fard->nodes, name);
    if (!node)
        return node_new(fard->nodes, name, address);
    if (address[0] && list_is_empty(&node->links)) {
        memset(node->address, 0, sizeof node->address);
        strncpy(node->address, address, sizeof node->address - 1);
    }
    return node;
}

const char *node_name(const struct node *node)
{
    return node_real((struct node *)(uintptr_t)node)->name;
}

uint32_t node_number(const struct node *node)
{
    return node_real((struct node *)(uintptr_t)node)->number;
}

const char *node_own_name(const struct fard *fard)
{
    return fard->nodes ? fard->nodes->identity.name : "";
}

const char *node_own_address(const struct fard *fard)
{
    return fard->nodes ? fard->nodes->address : "";
}

struct node *node_names_keeper(struct fard *fard)
{
    return fard->nodes ? node_real(fard->nodes->keeper) : NULL;
}

void node_trouble(struct node *node, const char *text)
{
    snprintf(node->trouble, sizeof node->trouble, "%s", text);
}

bool node_is_needed(const struct node *node)
{
    return node == node_real(node->nodes->keeper) || !list_is_empty(&node->questions) ||
           !list_is_empty(&node->outgoing);
}

static struct node_link *link_of(const struct node *node)
{
    return list_is_empty(&node->links) ? NULL : list_entry(node->links.next, struct node_link, of_node);
}

void node_connect(struct node *node)
{
    if (link_of(node) || node->attempt)
        return;
    timer_stop(&node->timer);
    link_connect(node);
}

static struct node_question *find_question(const struct node *node, uint32_t serial)
{
    for (struct list *at = node->questions.next; at != &node->questions; at = at->next) {
        struct node_question *question = list_entry(at, struct node_question, link);
        if (question->serial == serial)
            return question;
    }
    return NULL;
}

static void forget_packet(struct node *node, uint32_t serial)
{
    for (struct list *at = node->unsent.next; at != &node->unsent; at = at->next) {
        struct node_packet *packet = list_entry(at, struct node_packet, link);
        if (packet->serial != serial)
            continue;
        list_take_out(&packet->link);
        node->unsent_bytes -= packet->size;
        free(packet);
        return;
    }
}

void node_question_drop(struct node_question *question)
{
    if (question->link.next && !question->sent && question->node)
        forget_packet(question->node, question->serial);
    list_take_out(&question->link);
    timer_stop(&question->timer);
}

static void fail_question(struct node_question *question, const struct far_error *error)
{
    node_question_drop(question);
    question->answered(question, NULL, error);
}

static void question_too_old(struct timer *timer)
{
    struct node_question *question = list_entry(timer, struct node_question, timer);
    const struct node *node = question->node;
    struct far_error error;
    if (question->sent)
        refuse(&error, ETIMEDOUT, EX_UNAVAILABLE, "node %s has not answered within %d s", node->name,
               NODE_ANSWER_MS / 1000);
    else
        refuse(&error, EHOSTUNREACH, EX_UNAVAILABLE, "node %s at %s cannot be reached: %s",
               node->name[0] ? node->name : "?", node->address[0] ? node->address : "no address",
               node->trouble[0] ? node->trouble : "no answer");
    fail_question(question, &error);
}

static void keep_unsent(struct node *node, struct node_question *question, struct node_packet *packet)
{
    question->sent = 0;
    if (!packet || node->unsent_bytes + packet->size > LINK_UNSENT_BYTES || !node->address[0]) {
        if (!node->address[0])
            node_trouble(node, "it has said of no address that others reach it there");
        free(packet);
        timer_start(&node->nodes->fard->loop, &question->timer, 0);
        return;
    }
    node->unsent_bytes += packet->size;
    list_append(&node->unsent, &packet->link);
    node_connect(node);
}

void node_ask(struct node *node, uint16_t type, const void *body, size_t size, struct node_question *question)
{
    node = node_real(node);
    struct node_link *link = link_of(node);
    if (++node->last_serial == 0)
        node->last_serial = 1;
    question->node = node;
    question->serial = node->last_serial;
    question->type = type;
    question->sent = node->losses + 1;
    question->timer.fire = question_too_old;
    list_append(&node->questions, &question->link);
    timer_start(&node->nodes->fard->loop, &question->timer, NODE_ANSWER_MS);
    struct node_packet *packet = node_packet_new(type, question->serial, body, size);
    if (link)
        link_send_packet(link, packet);
    else
        keep_unsent(node, question, packet);
}

void node_tell(struct node *node, uint16_t type, const void *body, size_t size)
{
    struct node_link *link = link_of(node_real(node));
    if (link)
        link_send(link, type, 0, body, size);
}

static void answer_serial(struct node *node, uint16_t type, uint32_t serial, const void *body, size_t size)
{
    struct node_link *link = link_of(node_real(node));
    if (link && serial)
        link_send(link, type | FAR_MSG_REPLY, serial, body, size);
}

void node_answer(struct node *node, const struct far_message *request, const void *body, size_t size)
{
    answer_serial(node, request->type, request->serial, body, size);
}

void node_refuse(struct node *node, const struct far_message *request, const struct far_error *error)
{
    answer_serial(node, FAR_MSG_ERROR, request->serial, error, sizeof *error);
}

/* The names keeper had no name until now, and it may be one that has made a link to us before. */
static struct node *settle_keeper(struct node *keeper, const char *name)
{
    struct node *known = find(keeper->nodes, name);
    memcpy(keeper->name, name, sizeof keeper->name);
    if (!known || known == keeper)
        return keeper;
    keeper->same_as = known;
    if (!known->address[0])
        memcpy(known->address, keeper->address, sizeof known->address);
    while (!list_is_empty(&keeper->questions)) {
        struct node_question *question = list_entry(keeper->questions.next, struct node_question, link);
        struct far_error error;
        refuse(&error, ECONNRESET, EX_TEMPFAIL, "the link to node %s was made in another way; ask again", name);
        fail_question(question, &error);
    }
    return known;
}

static int whose(struct node_link *link, struct node **out, struct far_error *error)
{
    struct nodes *nodes = link->nodes;
    struct node *node = link->node;
    if (strcmp(link->name, nodes->identity.name) == 0)
        return refuse(error, EEXIST, EX_CONFIG,
                      "link: both ends say that they are node %s; each node needs a certificate of its own",
                      link->name);
    if (node && node->name[0] && strcmp(node->name, link->name) != 0)
        return refuse(error, EACCES, EX_NOPERM, "link: at %s is node %s, and not node %s", node->address, link->name,
                      node->name);
    if (node && !node->name[0])
        node = settle_keeper(node, link->name);
    else if (!node && !(node = find(nodes, link->name)))
        node = node_new(nodes, link->name, "");
    *out = node;
    return node ? 0 : refuse(error, ENOMEM, EX_TEMPFAIL, "link: no memory");
}

/* Where it can be reached, by its own word; the address that has just proved right is the better one. */
static void take_address(struct node *node, const struct node_link *link, const char *said)
{
    if (link->outgoing || !said[0])
        return;
    if (node_address_is_anywhere(said))
        node_address_of_link(said, link->source.fd, node->address);
    else
        memcpy(node->address, said, sizeof node->address);
}

/* Another fard than the one that the older links led to: that one has gone. */
static void lose_links_of_another(struct node *node, uint64_t instance)
{
    if (node->instance != instance)
        while (link_of(node))
            link_lose(link_of(node), ECONNRESET, "its fard was started anew");
}

static void send_unsent(struct node *node, struct node_link *link)
{
    while (!list_is_empty(&node->unsent)) {
        struct node_packet *packet = list_entry(node->unsent.next, struct node_packet, link);
        struct node_question *question = find_question(node, packet->serial);
        list_take_out(&packet->link);
        node->unsent_bytes -= packet->size;
        if (question)
            question->sent = node->losses + 1;
        link_send_packet(link, packet);
    }
}

static void say_linked(const struct node *node, const struct node_link *link)
{
    const struct log_field fields[] = {{"node", node->name, 0}, {"address", node->address, 0}};
    log_event(LOG_LEVEL_INFO, "node-linked", fields, 2, "node %s: linked, %s %s", node->name,
              link->outgoing ? "at" : "by it; others reach it at", node->address[0] ? node->address : "no address");
}

bool node_linked(struct node_link *link, const struct link_hello *hello, struct far_error *error)
{
    struct node *attempted = link->node, *node = NULL;
    if (whose(link, &node, error))
        return false;
    if (attempted && attempted->attempt == link)
        attempted->attempt = NULL;
    if (!link->outgoing)
        link->nodes->arriving_count--;
    lose_links_of_another(node, hello->instance);
    take_address(node, link, hello->address);
    bool first = list_is_empty(&node->links);
    link->node = node;
    link->was_up = true;
    link->state = LINK_UP;
    list_take_out(&link->of_node);
    list_append(&node->links, &link->of_node);
    node->instance = hello->instance;
    node->pause_ms = 0;
    node->trouble[0] = '\0';
    node->nodes->fard->metrics.links_made++;
    queue_node_ready(node->nodes->fard);
    timer_stop(&node->timer);
    if (!first)
        return true;
    node->since = time(NULL);
    say_linked(node, link);
    node_channels_linked(node);
    send_unsent(node, link);
    cluster_linked(node);
    return true;
}

/* Those that were sent before that loss; 0: those that were not sent. */
static void fail_questions(struct node *node, uint32_t loss, const struct far_error *error)
{
    struct list failing;
    list_init(&failing);
    for (struct list *at = node->questions.next, *next; at != &node->questions; at = next) {
        struct node_question *question = list_entry(at, struct node_question, link);
        next = at->next;
        if (question->sent > loss || (loss && !question->sent))
            continue;
        if (!question->sent)
            forget_packet(node, question->serial);
        question->sent = node->losses + 1;
        list_take_out(at);
        list_append(&failing, at);
    }
    while (!list_is_empty(&failing))
        fail_question(list_entry(failing.next, struct node_question, link), error);
}

static void try_again_later(struct node *node)
{
    if (link_of(node) || node->attempt || !node_is_needed(node) || !node->address[0] || node->timer.link.next)
        return;
    node->pause_ms = node->pause_ms ? 2 * node->pause_ms : LINK_PAUSE_MIN_MS;
    if (node->pause_ms > LINK_PAUSE_MAX_MS)
        node->pause_ms = LINK_PAUSE_MAX_MS;
    timer_start(&node->nodes->fard->loop, &node->timer, node->pause_ms);
}

static void attempt_failed(struct node *node, const struct far_error *why)
{
    struct far_error error;
    bool news = strcmp(node->trouble, why->text) != 0;
    char name[FAR_NODE_NAME_MAX + 8];
    snprintf(name, sizeof name, "%s%s", node->name[0] ? "node " : "--peer", node->name);
    refuse(&error, EHOSTUNREACH, EX_UNAVAILABLE, "%s at %s cannot be reached: %.400s", name, node->address, why->text);
    node_trouble(node, why->text);
    const struct log_field fields[] = {{"node", node->name, 0}, {"address", node->address, 0}};
    if (news)
        log_event(LOG_LEVEL_WARNING, "node-unreachable", fields, 2, "%s; trying again", error.text);
    fail_questions(node, 0, &error);
}

static void link_lost(struct node *node, const struct node_link *link)
{
    struct far_error error;
    const struct log_field fields[] = {{"node", node->name, 0}, {"address", node->address, 0}};
    refuse(&error, ECONNRESET, EX_TEMPFAIL, "the link to node %s was lost: %.400s", node->name, link->why.text);
    node->nodes->fard->metrics.links_lost++;
    if (!link_of(node)) {
        node_trouble(node, link->why.text);
        node->since = time(NULL);
        log_event(LOG_LEVEL_WARNING, "node-lost", fields, 2, "%s", error.text);
        node_channels_lost(node);
        cluster_lost(node);
    }
    fail_questions(node, link->loss, &error);
}

static void say_refused(struct node_link *link)
{
    link->nodes->fard->metrics.links_refused++;
    node_say_stranger(link->nodes, "link-refused", link->from, link->why.text);
}

void node_link_gone(struct node_link *link)
{
    struct node *node = node_real(link->node);
    if (link->node && link->node->attempt == link)
        link->node->attempt = NULL;
    if (!node) {
        say_refused(link);
        return;
    }
    if (link->was_up)
        link_lost(node, link);
    else
        attempt_failed(node, &link->why);
    try_again_later(node);
}

static void take_reply(struct node *node, const struct far_message *message)
{
    struct node_question *question = find_question(node, message->serial);
    struct far_error error = {0};
    if (!question || !question->sent)
        return; /* nobody waits for it any more */
    node_question_drop(question);
    if (message->type == (question->type | FAR_MSG_REPLY)) {
        question->answered(question, message, NULL);
        return;
    }
    if (message->type == (FAR_MSG_ERROR | FAR_MSG_REPLY) && message->size == sizeof *message + sizeof error)
        memcpy(&error, message + 1, sizeof error);
    else
        refuse(&error, EPROTO, EX_PROTOCOL, "node %s has answered something else than it was asked", node->name);
    error.text[sizeof error.text - 1] = '\0';
    for (char *at = error.text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = ' ';
    if (error.code <= 0)
        error.code = EPROTO;
    question->answered(question, NULL, &error);
}

static int serve(struct node *node, const struct far_message *message, struct far_error *error)
{
    switch (message->type) {
    case LINK_LEASE:
    case LINK_PUBLISH:
    case LINK_WITHDRAW:
    case LINK_FIND:
    case LINK_FIND_ADDRESS:
    case LINK_LIST:
    case LINK_SEGMENT:
    case LINK_SHIPPINGS:
    case LINK_GONE:
        return node_serve_names(node, message, error);
    case LINK_OPEN:
    case LINK_REOPEN:
    case LINK_CLOSE:
    case LINK_CLIENT_GONE:
    case LINK_CHANNELS:
    case LINK_DOMAIN:
    case LINK_FATE:
        return node_serve_channels(node, message, error);
    default:
        return refuse(error, ENOSYS, EX_PROTOCOL, "node %s knows no request of type %u", node->nodes->identity.name,
                      message->type);
    }
}

void node_message(struct node_link *link, const struct far_message *message)
{
    struct node *node = node_real(link->node);
    struct far_error error = {0};
    if (message->type & FAR_MSG_REPLY) {
        take_reply(node, message);
        return;
    }
    int result = serve(node, message, &error);
    if (result < 0)
        describe_failure(&error, result, "link");
    if (result >= 0 && result != FARD_REFUSED)
        return;
    node_refuse(node, message, &error);
    if (error.code == EBADMSG)
        link_lose_for(link, &error);
}
