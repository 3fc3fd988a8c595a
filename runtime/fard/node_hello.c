/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What both ends of a link say first. A fard of another version is told in words what is wrong, and by whom. */
#include "runtime/fard/node_parts.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

void link_say_hello(struct node_link *link)
{
    const struct nodes *nodes = link->nodes;
    struct link_hello hello = {
        .version = LINK_VERSION,
        .flags = nodes->keeper ? 0 : LINK_KEEPS_NAMES,
        .window_begin = FAR_WINDOW_BEGIN,
        .window_end = FAR_WINDOW_END,
        .instance = nodes->instance,
    };
    memcpy(hello.address, nodes->address, sizeof hello.address);
    link_send(link, LINK_HELLO, 0, &hello, sizeof hello);
}

/* The version first: of another one nothing else is known, not even the size. */
static int check_version(const struct node_link *link, const struct far_message *message, struct far_error *error)
{
    uint32_t version;
    if (message->type != LINK_HELLO || message->size < sizeof *message + sizeof version)
        return refuse(error, EBADMSG, EX_PROTOCOL, "link: it does not begin as links do");
    memcpy(&version, message + 1, sizeof version);
    if (version != LINK_VERSION)
        return refuse(error, EPROTONOSUPPORT, EX_PROTOCOL,
                      "link: node %s speaks version %u of links, the other end version %u; both need the same release",
                      link->nodes->identity.name, LINK_VERSION, version);
    if (message->size != sizeof *message + sizeof(struct link_hello))
        return refuse(error, EBADMSG, EX_PROTOCOL, "link: a greeting of %u bytes is not what version %u has",
                      message->size, version);
    return 0;
}

int link_check_hello(const struct node_link *link, const struct far_message *message, const struct link_hello **out,
                     struct far_error *error)
{
    struct sockaddr_storage address;
    socklen_t size;
    int result = check_version(link, message, error);
    if (result)
        return result;
    const struct link_hello *hello = *out = (const void *)(message + 1);
    if (hello->window_begin != FAR_WINDOW_BEGIN || hello->window_end != FAR_WINDOW_END)
        return refuse(error, EPROTOTYPE, EX_CONFIG,
                      "link: node %s keeps services at %#llx…%#llx, the other end at %#llx…%#llx: the two were built "
                      "differently, and addresses cannot mean the same on both",
                      link->nodes->identity.name, (unsigned long long)FAR_WINDOW_BEGIN,
                      (unsigned long long)FAR_WINDOW_END, (unsigned long long)hello->window_begin,
                      (unsigned long long)hello->window_end);
    if (strnlen(hello->address, sizeof hello->address) == sizeof hello->address ||
        (hello->address[0] && node_address_parse(hello->address, &address, &size, error)))
        return refuse(error, EBADMSG, EX_PROTOCOL, "link: the greeting's address is none");
    return 0;
}
