/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/request.h"

#include <errno.h>
#include <sysexits.h>

/* The body, if it has the size; otherwise NULL, and said. */
static const void *body_of_size(const struct far_message *message, size_t size, struct far_error *error)
{
    if (message->size - sizeof *message == size)
        return message + 1;
    refuse(error, EBADMSG, EX_PROTOCOL, "message of type %u: a body of %zu bytes is not what it has", message->type,
           message->size - sizeof *message);
    return NULL;
}

int protocol_check_top(const struct far_message *message, const struct far_top_request **request,
                       struct far_error *error)
{
    *request = body_of_size(message, sizeof **request, error);
    if (!*request)
        return FARD_REFUSED;
    return (*request)->what < FAR_TOP_COUNT
               ? 0
               : refuse(error, EBADMSG, EX_PROTOCOL, "top: there is no list %u", (*request)->what);
}

int protocol_check_trace(const struct far_message *message, const struct far_trace_request **request,
                         struct far_error *error)
{
    *request = body_of_size(message, sizeof **request, error);
    if (!*request)
        return FARD_REFUSED;
    return (*request)->reserved == 0 ? 0 : refuse(error, EBADMSG, EX_PROTOCOL, "trace: the request is malformed");
}
