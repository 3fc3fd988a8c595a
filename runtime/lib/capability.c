/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/capability.h"

#include "runtime/fard/manage.h"
#include "runtime/format/token.h"
#include "runtime/lib/binding.h"
#include "runtime/lib/channel.h"
#include "runtime/lib/error.h"

#include <errno.h>
#include <farcall/farcall.h>
#include <string.h>
#include <sysexits.h>

_Static_assert(FAR_CAPABILITY_MAX == FAR_TOKEN_MAX && TOKEN_MAX == FAR_TOKEN_MAX, "one size");

static int add_token(const char *text, size_t length, struct far_error *error)
{
    char token[FAR_TOKEN_MAX] = "";
    struct far_tokens *tokens = &far_process.tokens;
    if (length < sizeof token)
        memcpy(token, text, length);
    if (!token_is_sound(token))
        return far_fail(error, EINVAL, EX_USAGE,
                        "capability %u of this process is no token; one is %sSERVICE: and %d letters",
                        tokens->count + 1, TOKEN_PREFIX, TOKEN_LETTERS);
    for (uint32_t i = 0; i < tokens->count; i++)
        if (strcmp(tokens->item[i].text, token) == 0)
            return 0;
    if (tokens->count == FAR_TOKENS_MAX)
        return far_fail(error, E2BIG, EX_USAGE, "this process has %d capabilities already", FAR_TOKENS_MAX);
    memcpy(tokens->item[tokens->count++].text, token, sizeof token);
    return 0;
}

/* Its copy in the settings is not needed any more. */
static int read_environment(struct far_error *error)
{
    char *list = far_process.settings.capabilities;
    int failed = 0;
    far_process.tokens.environment_read = true;
    for (const char *at = list; *at && !failed;) {
        size_t length = strcspn(at, ",");
        failed = length ? add_token(at, length, error) : 0;
        at += length + (at[length] == ',');
    }
    explicit_bzero(list, sizeof far_process.settings.capabilities);
    return failed;
}

static int present(struct far_token *token, struct far_error *error)
{
    struct far_present request;
    struct far_present_reply reply;
    const struct iovec body = {&request, sizeof request};
    struct far_answer answer = {.body = &reply, .room = sizeof reply};
    memcpy(request.token, token->text, sizeof request.token);
    int failed = connection_request(&far_process.connection, FAR_MSG_PRESENT, &body, 1, &answer, error);
    explicit_bzero(&request, sizeof request);
    token->accepted |= !failed;
    return failed;
}

/* One that is not valid any more grants nothing, and what was bound by it is over: the bindings say so. */
static bool may_go_on(const struct far_token *token, const struct far_error *error)
{
    return token->accepted && (error->code == EACCES || error->code == EAGAIN) && far_process.connection.fd >= 0;
}

static int name_service(const struct far_token *token, struct far_error *error)
{
    char service[TOKEN_NAME_MAX + 1];
    struct far_error said = *error;
    token_service(token->text, service);
    return far_fail(error, said.code, said.exit, "the capability for service %s: %.600s", service, said.text);
}

int capabilities_present(struct far_error *error)
{
    struct far_tokens *tokens = &far_process.tokens;
    int failed = tokens->environment_read ? 0 : read_environment(error);
    if (failed || !tokens->count || tokens->presented_on == far_process.connection_number)
        return failed;
    for (uint32_t i = 0; i < tokens->count; i++) {
        failed = present(&tokens->item[i], error);
        if (failed && !may_go_on(&tokens->item[i], error))
            return name_service(&tokens->item[i], error);
    }
    tokens->presented_on = far_process.connection_number;
    revoked_watch();
    return 0;
}

/* A token that is not accepted is none of this process's. */
static int present_new(const char *token, struct far_error *error)
{
    struct far_tokens *tokens = &far_process.tokens;
    int failed = process_connect(error); /* presents the others */
    uint32_t before = tokens->count;
    failed = failed ? failed : add_token(token, strnlen(token, FAR_TOKEN_MAX), error);
    if (failed || tokens->count == before)
        return failed;
    failed = present(&tokens->item[before], error);
    if (failed)
        explicit_bzero(&tokens->item[--tokens->count], sizeof tokens->item[0]);
    else
        tokens->presented_on = far_process.connection_number;
    if (!failed)
        revoked_watch();
    return failed;
}

static int result_of(int failed, const struct far_error *error)
{
    if (failed)
        errno = error->code;
    return failed ? -1 : 0;
}

int far_present(const char *token)
{
    sigset_t saved;
    struct far_error error = {.code = ENOMEM};
    if (!far_thread_get())
        return result_of(-1, &error);
    process_lock(&saved);
    int failed = present_new(token, &error);
    process_unlock(&saved);
    return result_of(failed, &error);
}

/* "a,b" as fard takes it: each name ended by a newline. */
static bool copy_operations(char out[FAR_CAPABILITY_OPS], const char *list)
{
    size_t length = list ? strlen(list) : 0;
    if (length + 2 > FAR_CAPABILITY_OPS)
        return false;
    for (size_t i = 0; i < length; i++)
        out[i] = list[i] == ',' ? '\n' : list[i];
    if (length)
        out[length] = '\n';
    return true;
}

static int ask_to_narrow(const struct far_capability_request *request, char narrowed[FAR_CAPABILITY_MAX],
                         struct far_error *error)
{
    sigset_t saved;
    struct far_capability_reply reply;
    const struct iovec body = {(void *)(uintptr_t)request, sizeof *request};
    struct far_answer answer = {.body = &reply, .room = sizeof reply};
    process_lock(&saved);
    int failed = process_connect(error);
    failed = failed ? failed
                    : connection_request(&far_process.connection, FAR_MSG_CAPABILITY_NARROW, &body, 1, &answer, error);
    process_unlock(&saved);
    if (!failed && (answer.size != sizeof reply || !token_is_sound(reply.token)))
        failed = far_fail(error, EPROTO, EX_PROTOCOL, "fard sent no token");
    if (!failed)
        memcpy(narrowed, reply.token, sizeof reply.token);
    explicit_bzero(&reply, sizeof reply);
    return failed;
}

int far_capability_narrow(const char *token, const struct far_capability_wish *wish, char narrowed[FAR_CAPABILITY_MAX])
{
    struct far_error error = {.code = EINVAL};
    struct far_capability_request request = {.level = wish->level, .expires = wish->expires};
    size_t length = strnlen(token, sizeof request.token), note = wish->note ? strlen(wish->note) : 0;
    if (length == sizeof request.token || note >= sizeof request.note || wish->expires < 0 ||
        !copy_operations(request.ops, wish->operations))
        return result_of(-1, &error);
    memcpy(request.token, token, length);
    if (note)
        memcpy(request.note, wish->note, note);
    int failed =
        far_thread_get() ? ask_to_narrow(&request, narrowed, &error) : far_fail(&error, ENOMEM, EX_OSERR, "no memory");
    explicit_bzero(&request, sizeof request);
    return result_of(failed, &error);
}
