/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Checks of what is said about domain segments. */
#include "runtime/fard/domain.h"
#include "runtime/fard/registry.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <sysexits.h>

static int wrong_size(const struct far_message *message, struct far_error *error)
{
    return refuse(error, EBADMSG, EX_PROTOCOL, "message of type %u: a body of %zu bytes is not what it has",
                  message->type, message->size - sizeof *message);
}

static const void *body_of_size(const struct far_message *message, size_t size)
{
    return message->size - sizeof *message == size ? message + 1 : NULL;
}

int protocol_check_domain(const struct far_message *message, const struct far_domain_request **request,
                          struct far_error *error)
{
    *request = body_of_size(message, sizeof **request);
    if (!*request)
        return wrong_size(message, error);
    if ((*request)->size > DOMAIN_SIZE_MOST)
        return refuse(error, EINVAL, EX_USAGE, "domain segment: %llu bytes of addresses; it can be %llu at most",
                      (unsigned long long)(*request)->size, (unsigned long long)DOMAIN_SIZE_MOST);
    return 0;
}

int protocol_check_trust(const struct far_message *message, const struct far_trust_request **request,
                         struct far_error *error)
{
    *request = body_of_size(message, sizeof **request);
    if (!*request || (*request)->on > 1 || (*request)->reserved)
        return wrong_size(message, error);
    if (!service_name_is_sound((*request)->service, sizeof(*request)->service))
        return refuse(error, EINVAL, EX_USAGE, "trust: that is no service's name; `far ls` lists them");
    return 0;
}

int protocol_check_region(const struct far_message *message, const struct far_region_request **request,
                          struct far_error *error)
{
    const struct far_region_request *body = *request = body_of_size(message, sizeof **request);
    if (!body || body->reserved)
        return wrong_size(message, error);
    bool is_new = !body->base && (body->flags & ~FAR_REGION_FIRST) == 0;
    bool is_known = body->base && !body->size && (body->flags == FAR_REGION_CLAIM || body->flags == FAR_REGION_END);
    if (!is_new && !is_known)
        return refuse(error, EBADMSG, EX_PROTOCOL, "region: the request means nothing");
    if (is_new && (body->size == 0 || body->size > FAR_REGION_MOST))
        return refuse(error, EINVAL, EX_USAGE, "region: %llu bytes; it can be 1 to %llu",
                      (unsigned long long)body->size, (unsigned long long)FAR_REGION_MOST);
    return 0;
}

int protocol_check_grant(const struct far_message *message, const struct far_grant_request **request,
                         struct far_error *error)
{
    const struct far_grant_request *body = *request = body_of_size(message, sizeof **request);
    if (!body || body->reserved)
        return wrong_size(message, error);
    if (body->access && body->access != FAR_GRANT_READ && body->access != FAR_GRANT_WRITE)
        return refuse(error, EINVAL, EX_USAGE, "grant: %u is no access", body->access);
    bool to_all = !body->access && body->service[0] == '\0';
    if (!to_all && !service_name_is_sound(body->service, sizeof body->service))
        return refuse(error, EINVAL, EX_USAGE, "grant: that is no service's name; `far ls` lists them");
    return 0;
}

int protocol_check_host_domain(const struct far_message *message, const struct far_host_domain_reply **reply,
                               struct far_error *error)
{
    *reply = body_of_size(message, sizeof **reply);
    return *reply && (*reply)->code >= 0 && (*reply)->code < 4096 ? 0 : wrong_size(message, error);
}
