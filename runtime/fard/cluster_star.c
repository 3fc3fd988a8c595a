/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Names kept by one node: this one, in its store, or the one that --peer names, over a link. */
#include "runtime/fard/cluster_names.h"
#include "runtime/fard/fard.h"
#include "runtime/fard/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct cluster_keeper {
    struct fard *fard;
    bool own; /* this node's store has them */
    struct list asked;
};

/* A question under way. What is found in this node's store is answered from the loop as well. */
struct asked {
    struct list link;
    struct cluster_question *question; /* NULL: nobody waits for it any more */
    struct node_question node;
    struct timer timer;
    bool lease;
    int result;
    struct link_service service;
    struct range chunk;
    struct far_error error;
};

static void asked_end(struct asked *asked)
{
    struct cluster_question *question = asked->question;
    const struct link_service *service = asked->service.name[0] ? &asked->service : NULL;
    list_take_out(&asked->link);
    timer_stop(&asked->timer);
    if (question)
        question->answered(question, asked->result, service, asked->lease && !asked->result ? &asked->chunk : NULL,
                           asked->result ? &asked->error : NULL);
    free(asked);
}

/* The question is answered in any case; without memory at once. */
static struct asked *asked_new(struct cluster_keeper *keeper, struct cluster_question *question)
{
    struct asked *asked = calloc(1, sizeof *asked);
    if (!asked) {
        struct far_error error;
        refuse(&error, ENOMEM, EX_OSERR, "no memory for a question about the cluster's names");
        question->answered(question, ENOMEM, NULL, NULL, &error);
        return NULL;
    }
    asked->question = question;
    list_append(&keeper->asked, &asked->link);
    return asked;
}

static void own_fire(struct timer *timer)
{
    asked_end(list_entry(timer, struct asked, timer));
}

static void answer_soon(struct cluster_keeper *keeper, struct asked *asked, int result)
{
    if (result < 0)
        describe_failure(&asked->error, result, "the cluster's names");
    asked->result = !result ? 0 : result < 0 ? -result : asked->error.code;
    asked->timer.fire = own_fire;
    timer_start(&keeper->fard->loop, &asked->timer, 0);
}

static bool is_reply(const struct far_message *reply, size_t size)
{
    return reply->size == sizeof *reply + size;
}

static void take_reply(struct asked *asked, const struct far_message *reply)
{
    struct link_chunk chunk;
    if (asked->lease && is_reply(reply, sizeof chunk)) {
        memcpy(&chunk, reply + 1, sizeof chunk);
        asked->chunk = (struct range){chunk.base, chunk.size};
        return;
    }
    if (!asked->lease && is_reply(reply, 0))
        return;
    if (!asked->lease && is_reply(reply, sizeof asked->service)) {
        memcpy(&asked->service, reply + 1, sizeof asked->service);
        if (link_service_is_sound(&asked->service))
            return;
        asked->service.name[0] = '\0';
    }
    asked->result = EPROTO;
    refuse(&asked->error, EPROTO, EX_PROTOCOL,
           "the node that keeps the cluster's names has answered what cannot be understood");
}

static void peer_answered(struct node_question *question, const struct far_message *reply,
                          const struct far_error *error)
{
    struct asked *asked = list_entry(question, struct asked, node);
    if (reply) {
        take_reply(asked, reply);
    } else {
        asked->error = *error;
        asked->result = error->code ? error->code : EIO;
    }
    asked_end(asked);
}

static void ask_peer(struct cluster_keeper *keeper, struct asked *asked, uint16_t type, const void *body, size_t size)
{
    struct node *peer = node_names_keeper(keeper->fard);
    asked->node.answered = peer_answered;
    node_ask(peer, type, body, size, &asked->node);
}

static int star_begin(struct fard *fard, const char *where, struct cluster_keeper **out, struct far_error *error)
{
    (void)error;
    struct cluster_keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper)
        return -ENOMEM;
    keeper->fard = fard;
    keeper->own = !where;
    list_init(&keeper->asked);
    *out = keeper;
    return 0;
}

static void star_end(struct cluster_keeper *keeper)
{
    while (!list_is_empty(&keeper->asked)) {
        struct asked *asked = list_entry(keeper->asked.next, struct asked, link);
        asked->question = NULL;
        if (!keeper->own)
            node_question_drop(&asked->node);
        asked_end(asked);
    }
    free(keeper);
}

static void star_drop(struct cluster_keeper *keeper, struct cluster_question *question)
{
    for (struct list *at = keeper->asked.next; at != &keeper->asked; at = at->next) {
        struct asked *asked = list_entry(at, struct asked, link);
        if (asked->question == question)
            asked->question = NULL;
    }
}

static void star_lease(struct cluster_keeper *keeper, uint64_t bytes, struct cluster_question *question)
{
    struct asked *asked = asked_new(keeper, question);
    struct link_lease lease = {.bytes = bytes};
    if (!asked)
        return;
    asked->lease = true;
    if (keeper->own) {
        answer_soon(keeper, asked,
                    cluster_names_lease(keeper->fard->store, node_own_name(keeper->fard), &lease, &asked->chunk,
                                        &asked->error));
        return;
    }
    lease.cursor = store_claimed(keeper->fard->store);
    ask_peer(keeper, asked, LINK_LEASE, &lease, sizeof lease);
}

static void star_publish(struct cluster_keeper *keeper, const struct link_service *service,
                         struct cluster_question *question)
{
    struct asked *asked = asked_new(keeper, question);
    if (!asked)
        return;
    if (keeper->own) {
        asked->service = *service;
        answer_soon(
            keeper, asked,
            cluster_names_publish(keeper->fard->store, node_own_name(keeper->fard), &asked->service, &asked->error));
        return;
    }
    ask_peer(keeper, asked, LINK_PUBLISH, service, sizeof *service);
}

static void star_withdraw(struct cluster_keeper *keeper, const struct link_service *service,
                          struct cluster_question *question)
{
    struct asked *asked = asked_new(keeper, question);
    if (!asked)
        return;
    if (keeper->own)
        answer_soon(keeper, asked,
                    cluster_names_withdraw(keeper->fard->store, node_own_name(keeper->fard), service, &asked->error));
    else
        ask_peer(keeper, asked, LINK_WITHDRAW, service, sizeof *service);
}

static void star_find(struct cluster_keeper *keeper, const struct link_name *name, struct cluster_question *question)
{
    struct asked *asked = asked_new(keeper, question);
    if (!asked)
        return;
    if (keeper->own)
        answer_soon(keeper, asked, cluster_names_find(keeper->fard->store, name, &asked->service, &asked->error));
    else
        ask_peer(keeper, asked, LINK_FIND, name, sizeof *name);
}

static void star_find_address(struct cluster_keeper *keeper, uint64_t address, struct cluster_question *question)
{
    struct asked *asked = asked_new(keeper, question);
    const struct link_address body = {address};
    if (!asked)
        return;
    if (keeper->own)
        answer_soon(keeper, asked,
                    cluster_names_find_address(keeper->fard->store, address, &asked->service, &asked->error));
    else
        ask_peer(keeper, asked, LINK_FIND_ADDRESS, &body, sizeof body);
}

static void star_next(struct cluster_keeper *keeper, const struct link_name *behind, struct cluster_question *question)
{
    struct asked *asked = asked_new(keeper, question);
    if (!asked)
        return;
    if (keeper->own)
        answer_soon(keeper, asked, cluster_names_next(keeper->fard->store, behind, &asked->service, &asked->error));
    else
        ask_peer(keeper, asked, LINK_LIST, behind, sizeof *behind);
}

const struct cluster_kind cluster_star = {
    .name = "star",
    .places_move = true,
    .begin = star_begin,
    .lease = star_lease,
    .publish = star_publish,
    .withdraw = star_withdraw,
    .find = star_find,
    .find_address = star_find_address,
    .next = star_next,
    .drop = star_drop,
    .end = star_end,
};
