/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What was said on fard's command line about other nodes: begun, read again, ended. */
#include "runtime/fard/log.h"
#include "runtime/fard/node_guest.h"
#include "runtime/fard/node_parts.h"
#include "runtime/fard/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <unistd.h>

static int default_folder(char **out, struct far_error *error)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int length;
    if (getuid() == 0)
        length = asprintf(out, "/etc/farcall/tls");
    else if (config && *config)
        length = asprintf(out, "%s/farcall/tls", config);
    else if (home && *home)
        length = asprintf(out, "%s/.config/farcall/tls", home);
    else
        return refuse(error, ENOENT, EX_USAGE, "no place for certificates: HOME is not set; say --tls DIR");
    return length < 0 ? -ENOMEM : 0;
}

static int take_transport(struct nodes *nodes, const char *word, struct far_error *error)
{
    enum wire_transport transport = wire_transport_of(word);
    if (transport == WIRE_TRANSPORT_NONE)
        return refuse(error, EINVAL, EX_USAGE, "--transport: '%.40s' is none of tls, tcp, ucx", word);
    for (unsigned i = 0; i < nodes->transport_count; i++)
        if (nodes->transport[i] == transport)
            return refuse(error, EINVAL, EX_USAGE, "--transport: %s is named twice", word);
    nodes->transport[nodes->transport_count++] = transport;
    return 0;
}

static int take_transports(struct nodes *nodes, const char *words, struct far_error *error)
{
    char *copy = strdup(words ? words : "tls"), *rest = copy, *word;
    int result = copy ? 0 : -ENOMEM;
    while (!result && (word = strsep(&rest, ",")))
        result = take_transport(nodes, word, error);
    free(copy);
    return result;
}

static uint32_t transports_of(const struct nodes *nodes)
{
    uint32_t mask = 0;
    for (unsigned i = 0; i < nodes->transport_count; i++)
        mask |= 1u << nodes->transport[i];
    return mask;
}

uint32_t node_transports(const struct fard *fard)
{
    return fard->nodes && fard->nodes->address[0] ? transports_of(fard->nodes) : 0;
}

uint64_t node_descriptors(const struct fard *fard)
{
    return fard->nodes ? fard->nodes->remote_count : 0;
}

static struct nodes *nodes_new(struct fard *fard)
{
    struct nodes *nodes = calloc(1, sizeof *nodes);
    if (!nodes)
        return NULL;
    nodes->fard = fard;
    nodes->listener.fd = -1;
    nodes->last_number = NODE_SELF;
    list_init(&nodes->all);
    list_init(&nodes->arriving);
    list_init(&nodes->half_open);
    list_init(&nodes->lost);
    for (unsigned i = 0; i < TICKET_BUCKETS; i++)
        list_init(&nodes->tickets[i]);
    for (unsigned i = 0; i < CHANNEL_BUCKETS; i++)
        list_init(&nodes->channels[i]);
    return nodes;
}

static int begin_peer(struct nodes *nodes, const char *peer, struct far_error *error)
{
    struct sockaddr_storage address;
    socklen_t size;
    int result = node_address_parse(peer, &address, &size, error);
    if (result)
        return result;
    nodes->keeper = node_new(nodes, "", peer);
    if (!nodes->keeper)
        return -ENOMEM;
    node_connect(nodes->keeper);
    return 0;
}

static int begin(struct nodes *nodes, const char *listen, const char *peer, const char *tls, const char *transports,
                 struct far_error *error)
{
    int result = getrandom(&nodes->instance, sizeof nodes->instance, 0) < 0 ? -errno : 0;
    result = result ? result : take_transports(nodes, transports, error);
    if (!result && tls)
        result = (nodes->tls_folder = path_from_root(tls)) ? 0 : -ENOMEM;
    else if (!result)
        result = default_folder(&nodes->tls_folder, error);
    result = result ? result : node_identity_load(&nodes->identity, nodes->tls_folder, error);
    if (!result && listen)
        result = node_listen(nodes, listen, error);
    return !result && peer ? begin_peer(nodes, peer, error) : result;
}

int nodes_open(struct fard *fard, const char *listen, const char *peer, const char *tls, const char *transports,
               struct far_error *error)
{
    if (!listen && !peer)
        return tls || transports ? refuse(error, EINVAL, EX_USAGE,
                                          "--tls and --transport are about other nodes: say --listen or --peer as well")
                                 : 0;
    fard->nodes = nodes_new(fard);
    if (!fard->nodes)
        return -ENOMEM;
    int result = begin(fard->nodes, listen, peer, tls, transports, error);
    const struct log_field fields[] = {{"node", fard->nodes->identity.name, 0}, {"address", listen ? listen : "", 0}};
    if (!result)
        log_event(LOG_LEVEL_INFO, "node", fields, 2, "this is node %s, reached %s%s", fields[0].text,
                  listen ? "at " : "nowhere (no --listen)", fields[1].text);
    return result;
}

/* Links that there are go on with what they have; the next ones are made with the new certificate. */
void nodes_reload(struct fard *fard)
{
    struct node_identity identity;
    struct far_error error = {0};
    struct nodes *nodes = fard->nodes;
    if (!nodes)
        return;
    int result = node_identity_load(&identity, nodes->tls_folder, &error);
    if (!result && strcmp(identity.name, nodes->identity.name) != 0) {
        result = refuse(&error, EINVAL, EX_CONFIG,
                        "%s/node.pem is node %s now, but this is node %s until it is started anew", nodes->tls_folder,
                        identity.name, nodes->identity.name);
        node_identity_end(&identity);
    }
    if (result < 0)
        describe_failure(&error, result, "certificates");
    if (result) {
        log_event(LOG_LEVEL_ERROR, "certificates-refused", NULL, 0, "%s; the old certificate stays in use", error.text);
        return;
    }
    node_identity_end(&nodes->identity);
    nodes->identity = identity;
    log_event(LOG_LEVEL_INFO, "certificates", NULL, 0, "certificates of %s were read", nodes->tls_folder);
}

static void node_free(struct node *node)
{
    guests_end(node);
    outgoings_end(node);
    while (!list_is_empty(&node->links))
        link_free(list_entry(node->links.next, struct node_link, of_node));
    if (node->attempt)
        link_free(node->attempt);
    while (!list_is_empty(&node->questions))
        node_question_drop(list_entry(node->questions.next, struct node_question, link));
    while (!list_is_empty(&node->unsent)) {
        struct node_packet *packet = list_entry(node->unsent.next, struct node_packet, link);
        list_take_out(&packet->link);
        free(packet);
    }
    timer_stop(&node->timer);
    list_take_out(&node->link);
    free(node);
}

/* What was lost in this very turn has not freed itself yet. */
static void free_lost_links(struct nodes *nodes)
{
    while (!list_is_empty(&nodes->lost))
        link_free(list_entry(nodes->lost.next, struct node_link, of_node));
}

void nodes_close(struct fard *fard)
{
    struct nodes *nodes = fard->nodes;
    if (!nodes)
        return;
    node_listen_end(nodes);
    while (!list_is_empty(&nodes->arriving))
        link_free(list_entry(nodes->arriving.next, struct node_link, of_node));
    free_lost_links(nodes);
    while (!list_is_empty(&nodes->all))
        node_free(list_entry(nodes->all.next, struct node, link));
    timer_stop(&nodes->sweep);
    node_identity_end(&nodes->identity);
    free(nodes->tls_folder);
    free(nodes);
    fard->nodes = NULL;
}
