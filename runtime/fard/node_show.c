/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* NODES: what this node knows of others; and their numbers for the metrics. */
#include "runtime/fard/node_parts.h"
#include "runtime/fard/observe.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_OF_PAGE \
    ((FAR_MESSAGE_MAX - sizeof(struct far_message) - sizeof(struct far_page_reply)) / sizeof(struct far_node_entry))

struct nodes_page {
    struct far_page_reply head;
    struct far_node_entry entry[ENTRIES_OF_PAGE];
};

static uint32_t count_links(const struct node *node)
{
    uint32_t count = 0;
    for (const struct list *at = node->links.next; at != &node->links; at = at->next)
        count++;
    return count;
}

static void fill_node(const struct node *node, struct far_node_entry *entry)
{
    *entry = (struct far_node_entry){
        .since = (uint64_t)node->since,
        .round_trip_us = list_is_empty(&node->links) ? 0 : node->round_trip_us,
        .id = node->number,
        .flags = node == node_real(node->nodes->keeper) ? FAR_NODE_KEEPS_NAMES : 0,
        .links = count_links(node),
        .there = node->outgoing_count,
        .here = node->channel_count,
    };
    memcpy(entry->name, node->name, sizeof entry->name);
    memcpy(entry->address, node->address, sizeof entry->address);
    memcpy(entry->trouble, node->trouble, sizeof entry->trouble);
}

static void fill_self(const struct nodes *nodes, struct far_node_entry *entry)
{
    *entry = (struct far_node_entry){.id = NODE_SELF, .flags = FAR_NODE_SELF};
    memcpy(entry->name, nodes->identity.name, sizeof entry->name);
    memcpy(entry->address, nodes->address, sizeof entry->address);
}

static void fill(const struct nodes *nodes, uint32_t after, struct nodes_page *page)
{
    if (after < NODE_SELF)
        fill_self(nodes, &page->entry[page->head.count++]);
    for (const struct list *at = nodes->all.next; at != &nodes->all; at = at->next) {
        const struct node *node = list_entry(at, struct node, link);
        if (node->same_as || node->number <= after)
            continue;
        if (page->head.count == ENTRIES_OF_PAGE) {
            page->head.more = 1;
            return;
        }
        fill_node(node, &page->entry[page->head.count++]);
    }
}

int handle_nodes(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_page_request *request;
    int result = protocol_check_page(message, &request, error);
    struct nodes_page *page = result ? NULL : calloc(1, sizeof *page);
    if (!page)
        return result ? result : -ENOMEM;
    if (client->fard->nodes)
        fill(client->fard->nodes, request->after, page);
    client_reply(client, message, page, sizeof page->head + page->head.count * sizeof *page->entry);
    free(page);
    return 0;
}

void nodes_count(const struct fard *fard, struct metric_gauges *gauges)
{
    for (const struct list *at = fard->nodes ? fard->nodes->all.next : NULL; at && at != &fard->nodes->all;
         at = at->next) {
        const struct node *node = list_entry(at, struct node, link);
        if (node->same_as)
            continue;
        gauges->nodes++;
        gauges->nodes_linked += !list_is_empty(&node->links);
        gauges->channels_there += node->outgoing_count;
        gauges->channels_here += node->channel_count;
    }
}
