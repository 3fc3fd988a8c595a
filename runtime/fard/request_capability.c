/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/request_capability.h"
#include "runtime/fard/registry.h"
#include "runtime/format/token.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

static int take_body(const struct far_message *message, size_t size, const void **body, struct far_error *error)
{
    size_t got = message->size - sizeof *message;
    *body = message + 1;
    if (got == size)
        return 0;
    return refuse(error, EBADMSG, EX_PROTOCOL, "message of type %u: a body of %zu bytes is not what it has",
                  message->type, got);
}

/* The same answer whatever is wrong with it, and no word of it. */
static int check_token(const char *token, struct far_error *error)
{
    if (token_is_sound(token))
        return 0;
    return refuse(error, EINVAL, EX_USAGE,
                  "capability: that is no token; one is %sSERVICE: and %d letters, of which the last tell a slip",
                  TOKEN_PREFIX, TOKEN_LETTERS);
}

/* Bytes [' ', '~'], then nothing but zeros. */
static bool is_line(const char *text, size_t size)
{
    size_t length = strnlen(text, size);
    for (size_t i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return length < size;
}

static bool is_operations(const char *ops, size_t size)
{
    char name[FAR_NAME_MAX + 1];
    size_t left = strnlen(ops, size);
    if (left == size)
        return false;
    while (left) {
        size_t length = strcspn(ops, "\n");
        if (length == left || length == 0 || length >= sizeof name)
            return false;
        memcpy(name, ops, length);
        name[length] = '\0';
        if (!service_name_is_sound(name, sizeof name))
            return false;
        ops += length + 1;
        left -= length + 1;
    }
    return true;
}

static int check_rights(const struct far_capability_request *request, struct far_error *error)
{
    if (request->level >= FAR_LEVEL_COUNT || request->expires < 0)
        return refuse(error, EBADMSG, EX_PROTOCOL, "capability: there is no level %u, or no such time", request->level);
    if (!is_line(request->note, sizeof request->note))
        return refuse(error, EINVAL, EX_USAGE, "capability: the note must be one line of at most %d letters of ASCII",
                      FAR_CAPABILITY_NOTE - 1);
    if (!is_operations(request->ops, sizeof request->ops))
        return refuse(error, EINVAL, EX_USAGE,
                      "capability: the list of operations must be C identifiers, together at most %d bytes",
                      FAR_CAPABILITY_OPS - 1);
    return 0;
}

int protocol_check_present(const struct far_message *message, const struct far_present **request,
                           struct far_error *error)
{
    const void *body;
    int result = take_body(message, sizeof **request, &body, error);
    *request = body;
    return result ? result : check_token((*request)->token, error);
}

int protocol_check_revoke_done(const struct far_message *message, const struct far_revoke_done **request,
                               struct far_error *error)
{
    const void *body;
    int result = take_body(message, sizeof **request, &body, error);
    *request = body;
    if (!result && (*request)->reserved)
        result = refuse(error, EBADMSG, EX_PROTOCOL, "revoke done: a reserved word is not zero");
    return result;
}

int protocol_check_capability_grant(const struct far_message *message, const struct far_capability_request **request,
                                    struct far_error *error)
{
    const void *body;
    int result = take_body(message, sizeof **request, &body, error);
    *request = body;
    result = result ? result : check_rights(*request, error);
    if (!result && !service_name_is_sound((*request)->service, sizeof(*request)->service))
        result = refuse(error, EINVAL, EX_USAGE, "that is no service's name; `far ls` lists them");
    return result;
}

int protocol_check_capability_narrow(const struct far_message *message, const struct far_capability_request **request,
                                     struct far_error *error)
{
    const void *body;
    int result = take_body(message, sizeof **request, &body, error);
    *request = body;
    result = result ? result : check_rights(*request, error);
    if (!result && (*request)->version)
        result = refuse(error, EBADMSG, EX_PROTOCOL, "capability: which service it is for, the token says");
    return result ? result : check_token((*request)->token, error);
}

int protocol_check_capability_revoke(const struct far_message *message, const struct far_capability_revoke **request,
                                     struct far_error *error)
{
    const void *body;
    int result = take_body(message, sizeof **request, &body, error);
    *request = body;
    if (!result && ((*request)->reserved || !(*request)->id == !(*request)->token[0]))
        result = refuse(error, EBADMSG, EX_PROTOCOL, "revoke: which capability? By its number, or its token");
    if (!result && (*request)->by[0])
        result = check_token((*request)->by, error);
    if (!result && (*request)->token[0])
        result = check_token((*request)->token, error);
    return result;
}
