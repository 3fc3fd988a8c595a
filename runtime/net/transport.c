/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Which kinds of connections there are, and what is the same for all. */
#include "runtime/net/transport.h"

#include "runtime/net/fail.h"
#include "runtime/net/transport_library.h"

#include <errno.h>
#include <sys/socket.h>
#include <sysexits.h>

const struct transport_kind *transport_load(enum wire_transport number, struct far_error *error)
{
    if (number == WIRE_TCP)
        return &transport_tcp;
    if (number > WIRE_TRANSPORT_NONE && number < WIRE_TRANSPORT_COUNT)
        return transport_library(number, error);
    net_fail(error, EOPNOTSUPP, EX_UNAVAILABLE, "there is no transport with the number %d", (int)number);
    return NULL;
}

void transport_shut(struct transport *transport)
{
    shutdown(transport->fd, SHUT_RDWR);
}

void transport_end(struct transport *transport)
{
    if (transport)
        transport->kind->end(transport);
}
