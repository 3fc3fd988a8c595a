/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "testsuite/fuzz/fuzz_link.h"

#include "runtime/fard/node_parts.h"
#include "runtime/fard/request.h"

#include <stdlib.h>
#include <string.h>

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* A fard without services and other nodes but one, which has no link: what would be sent to it is dropped. */
static struct node *make_node(void)
{
    static struct fard fard;
    static struct nodes nodes = {.fard = &fard, .identity.name = "here"};
    fard.nodes = &nodes;
    registry_init(&fard.registry);
    must(loop_init(&fard.loop) == 0);
    list_init(&nodes.all);
    for (unsigned i = 0; i < TICKET_BUCKETS; i++)
        list_init(&nodes.tickets[i]);
    for (unsigned i = 0; i < CHANNEL_BUCKETS; i++)
        list_init(&nodes.channels[i]);
    fard.descriptors = 1024;
    return node_new(&nodes, "there", "");
}

static int serve(struct node *node, const struct far_message *message, struct far_error *error)
{
    const struct node_link link = {.nodes = node->nodes, .source.fd = -1};
    const struct link_hello *hello;
    switch (message->type) {
    case LINK_HELLO:
        return link_check_hello(&link, message, &hello, error);
    case LINK_OPEN:
    case LINK_REOPEN:
    case LINK_CLOSE:
    case LINK_CLIENT_GONE:
    case LINK_CHANNELS:
    case LINK_DOMAIN:
    case LINK_FATE:
        return node_serve_channels(node, message, error);
    default:
        return node_serve_names(node, message, error);
    }
}

/* A size that is right costs the fuzzer too much to find: half of the packets have that of their type. */
static size_t size_of_type(unsigned type, size_t size)
{
    switch (type) {
    case LINK_HELLO:
        return sizeof(struct link_hello);
    case LINK_OPEN:
        return sizeof(struct link_open);
    case LINK_REOPEN:
    case LINK_CLOSE:
    case LINK_FATE:
        return sizeof(struct link_channel);
    case LINK_DOMAIN:
        return sizeof(struct link_domain);
    case LINK_FIND:
    case LINK_LIST:
    case LINK_GONE:
        return sizeof(struct link_name);
    case LINK_SHIPPINGS:
        return sizeof(struct link_shippings);
    case LINK_SEGMENT:
        return sizeof(struct link_segment);
    case LINK_PUBLISH:
    case LINK_WITHDRAW:
        return sizeof(struct link_service);
    default:
        return size;
    }
}

void try_link(const uint8_t *data, size_t size)
{
    static struct node *node;
    struct far_error error = {0};
    if (size < 3 || size > FAR_MESSAGE_MAX / 2)
        return;
    if (!node)
        node = make_node();
    const unsigned type = LINK_HELLO + data[0] % (LINK_DOMAIN - LINK_HELLO + 1);
    const size_t given = size - 2, body = data[1] & 1 ? size_of_type(type, given) : given;
    /* Of exactly that size: who reads beyond it is seen. */
    struct far_message *message = calloc(1, sizeof *message + body);
    must(message != NULL);
    *message = (struct far_message){FAR_PROTOCOL_MAGIC, (uint32_t)(sizeof *message + body), (uint16_t)type, 1, data[1]};
    memcpy(message + 1, data + 2, given < body ? given : body);
    int result = protocol_check_message(message, message->size, &error);
    result = result ? result : serve(node, message, &error);
    must(result == 0 || result == FARD_REFUSED || result == FARD_PENDING);
    must(result != FARD_REFUSED || (error.code > 0 && memchr(error.text, '\0', sizeof error.text)));
    free(message);
}
