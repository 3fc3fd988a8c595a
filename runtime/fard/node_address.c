/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* HOST:PORT in numbers: nobody is asked for names while others wait. */
#include "runtime/fard/log.h"
#include "runtime/fard/node_parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

static bool port_is_sound(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length < 6 && strspn(text, "0123456789") == length && atoi(text) > 0 &&
           atoi(text) <= UINT16_MAX;
}

int node_address_parse(const char *text, struct sockaddr_storage *address, socklen_t *size, struct far_error *error)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found;
    char host[128];
    const char *colon = strrchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : 0;
    bool brackets = length > 2 && text[0] == '[' && colon[-1] == ']';
    if (!length || length >= sizeof host || strlen(text) >= FAR_NODE_ADDRESS_MAX || !port_is_sound(colon + 1))
        return refuse(error, EINVAL, EX_USAGE, "'%.100s' is no HOST:PORT; a port is a number from 1 to 65535", text);
    snprintf(host, sizeof host, "%.*s", (int)(brackets ? length - 2 : length), text + brackets);
    if ((!brackets && strchr(host, ':')) || getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return refuse(error, EINVAL, EX_USAGE, "'%.100s': HOST is a number, as in 10.0.0.2:%s or [fd00::2]:%s", text,
                      NODE_PORT, NODE_PORT);
    memcpy(address, found->ai_addr, found->ai_addrlen);
    *size = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

bool node_address_is_anywhere(const char *text)
{
    struct sockaddr_storage address;
    struct far_error ignored;
    socklen_t size;
    if (node_address_parse(text, &address, &size, &ignored))
        return false;
    if (address.ss_family == AF_INET)
        return ((const struct sockaddr_in *)(const void *)&address)->sin_addr.s_addr == htonl(INADDR_ANY);
    return address.ss_family == AF_INET6 &&
           IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)(const void *)&address)->sin6_addr);
}

void node_address_of_peer(int fd, char host[NODE_HOST_MAX])
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getpeername(fd, (struct sockaddr *)&address, &size) < 0 ||
        getnameinfo((struct sockaddr *)&address, size, host, NODE_HOST_MAX, NULL, 0, NI_NUMERICHOST) != 0)
        strcpy(host, "?");
}

void node_address_of_link(const char *said, int fd, char out[FAR_NODE_ADDRESS_MAX])
{
    char host[NODE_HOST_MAX];
    const char *colon = strrchr(said, ':');
    memset(out, 0, FAR_NODE_ADDRESS_MAX);
    node_address_of_peer(fd, host);
    if (!colon || strcmp(host, "?") == 0)
        return;
    bool six = strchr(host, ':') != NULL;
    snprintf(out, FAR_NODE_ADDRESS_MAX, "%s%s%s%s", six ? "[" : "", host, six ? "]" : "", colon);
}

/* Each source has its own place among the nuisances, so that one that is noisy does not drown what another is told. */
static uint32_t number_of(const char *from)
{
    uint32_t hash = 2166136261u;
    for (; *from; from++)
        hash = (hash ^ (unsigned char)*from) * 16777619u;
    return hash;
}

void node_say_stranger(struct nodes *nodes, const char *event, const char *from, const char *what)
{
    uint64_t unsaid = 0;
    if (!nuisance_count(&nodes->fard->nuisances, event, number_of(from), loop_now(), &unsaid))
        return;
    const struct log_field fields[] = {{"from", from, 0}, {"unsaid", NULL, unsaid}};
    log_event(LOG_LEVEL_WARNING, event, fields, 2, "a connection from %s was refused: %s", from, what);
}
