/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/request.h"
#include "runtime/astack.h"
#include "runtime/fard/policy.h"
#include "runtime/fard/registry.h"
#include "runtime/machine.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sysexits.h>

#define ASTACK_UNIT 65536u

int protocol_check_message(const void *message, size_t got, struct far_error *error)
{
    const struct far_message *head = message;
    if (got < sizeof *head)
        return refuse(error, EBADMSG, EX_PROTOCOL, "message: %zu bytes are no header", got);
    if (head->magic != FAR_PROTOCOL_MAGIC)
        return refuse(error, EBADMSG, EX_PROTOCOL,
                      "message: it does not start as farcall's do; is this farcall's socket?");
    if (head->size != got || got > FAR_MESSAGE_MAX)
        return refuse(error, EBADMSG, EX_PROTOCOL, "message: it says %u bytes, but %zu arrived", head->size, got);
    if (head->version != 1)
        return refuse(error, EPROTONOSUPPORT, EX_PROTOCOL,
                      "message: protocol version %u, but this fard speaks version 1", head->version);
    return 0;
}

static size_t body_size(const struct far_message *message)
{
    return message->size - sizeof *message;
}

static int wrong_size(const struct far_message *message, struct far_error *error)
{
    return refuse(error, EBADMSG, EX_PROTOCOL, "message of type %u: a body of %zu bytes is not what it has",
                  message->type, body_size(message));
}

static const void *body_of_size(const struct far_message *message, size_t size)
{
    return body_size(message) == size ? message + 1 : NULL;
}

int protocol_check_empty(const struct far_message *message, struct far_error *error)
{
    return body_size(message) == 0 ? 0 : wrong_size(message, error);
}

int protocol_check_bind(const struct far_message *message, const struct far_bind_request **request,
                        const struct far_import_table **table, struct far_error *error)
{
    char why[512];
    size_t size = body_size(message);
    if (size < sizeof **request + sizeof **table)
        return wrong_size(message, error);
    *request = (const void *)(message + 1);
    *table = (const void *)(*request + 1);
    if ((*request)->want >= FAR_LEVEL_COUNT)
        return refuse(error, EBADMSG, EX_PROTOCOL, "bind: there is no level %u", (*request)->want);
    if ((*request)->machine && !far_machine_find((*request)->machine))
        return refuse(error, EBADMSG, EX_PROTOCOL, "bind: ELF machine %u is not known", (*request)->machine);
    if (import_check(*table, size - sizeof **request, why, sizeof why) != 0)
        return refuse(error, EBADMSG, EX_PROTOCOL, "bind: %s", why);
    return 0;
}

int protocol_check_link(const struct far_message *message, const struct far_link_request **request,
                        struct far_error *error)
{
    *request = body_of_size(message, sizeof **request);
    return *request ? 0 : wrong_size(message, error);
}

int protocol_check_open_channel(const struct far_message *message, const struct far_open_channel **request,
                                struct far_error *error)
{
    *request = body_of_size(message, sizeof **request);
    if (!*request || (*request)->flags & ~(FAR_CHANNEL_DESCRIPTORS | FAR_CHANNEL_COPIES))
        return wrong_size(message, error);
    uint64_t size = (*request)->size;
    if (size == 0 || size % ASTACK_UNIT || size > FAR_ASTACK_MAX)
        return refuse(error, EINVAL, EX_PROTOCOL,
                      "open channel: an A-stack of %llu bytes; it must be a multiple of 64 KiB, at most %llu",
                      (unsigned long long)size, (unsigned long long)FAR_ASTACK_MAX);
    return 0;
}

int protocol_check_close_channel(const struct far_message *message, const struct far_close_channel **request,
                                 struct far_error *error)
{
    *request = body_of_size(message, sizeof **request);
    return *request && !(*request)->reserved ? 0 : wrong_size(message, error);
}

static int check_rules(const struct far_register_request *head, const struct far_rule *rules, const char *subjects,
                       struct far_error *error)
{
    for (uint32_t i = 0; i < head->rule_count; i++) {
        if (!policy_rule_is_sound(&rules[i], subjects, head->subject_bytes))
            return refuse(error, EBADMSG, EX_PROTOCOL, "register: policy rule %u is malformed", i + 1);
    }
    return 0;
}

/* count strings, each 'f' or 'd' and then a name, that fill size bytes exactly. */
static bool shippings_are_sound(const char *strings, uint32_t size, uint32_t count)
{
    uint32_t seen = 0;
    while (size) {
        size_t length = strnlen(strings, size);
        if (length == size || length < 2 || (strings[0] != 'f' && strings[0] != 'd'))
            return false;
        strings += length + 1;
        size -= (uint32_t)length + 1;
        seen++;
    }
    return seen == count;
}

int protocol_check_register(const struct far_message *message, const struct far_register_request **request,
                            const struct far_rule **rules, const char **subjects, const char **shippings,
                            struct far_error *error)
{
    size_t size = body_size(message);
    const struct far_register_request *head = (const void *)(message + 1);
    if (size < sizeof *head)
        return wrong_size(message, error);
    if (head->rule_count > FAR_RULE_MAX || head->shipping_count > FAR_SHIPPING_MAX ||
        head->subject_bytes > FAR_SUBJECTS_MAX ||
        size - sizeof *head != head->rule_count * sizeof **rules + head->subject_bytes +
                                   (uint64_t)head->shipping_bytes + head->setting_bytes)
        return wrong_size(message, error);
    *request = head;
    *rules = (const void *)(head + 1);
    *subjects = (const char *)(*rules + head->rule_count);
    *shippings = *subjects + head->subject_bytes;
    if (head->flags & ~FAR_REGISTER_UPGRADE)
        return wrong_size(message, error);
    if (head->machine && !far_machine_find(head->machine))
        return refuse(error, EBADMSG, EX_PROTOCOL, "register: there is no machine %u", head->machine);
    if (head->name[0] && !service_name_is_sound(head->name, sizeof head->name))
        return refuse(error, EINVAL, EX_USAGE,
                      "register: the service's name must be a C identifier of at most %d bytes", FAR_NAME_MAX);
    if (!shippings_are_sound(*shippings, head->shipping_bytes, head->shipping_count))
        return refuse(error, EBADMSG, EX_PROTOCOL, "register: the list of operations is malformed");
    return check_rules(head, *rules, *subjects, error);
}

static int check_named(const struct far_message *message, const char *name, size_t size, uint32_t version,
                       struct far_error *error)
{
    if (version > FAR_VERSION_MAX)
        return wrong_size(message, error);
    if (!service_name_is_sound(name, size))
        return refuse(error, EINVAL, EX_USAGE, "that is no service's name; `far ls` lists them");
    return 0;
}

int protocol_check_name(const struct far_message *message, const struct far_name_request **request,
                        struct far_error *error)
{
    const struct far_name_request *named = *request = body_of_size(message, sizeof *named);
    return named ? check_named(message, named->name, sizeof named->name, named->version, error)
                 : wrong_size(message, error);
}

int protocol_check_segment(const struct far_message *message, const struct far_segment_request **request,
                           struct far_error *error)
{
    const struct far_segment_request *named = *request = body_of_size(message, sizeof *named);
    return named ? check_named(message, named->name, sizeof named->name, named->version, error)
                 : wrong_size(message, error);
}

int protocol_check_page(const struct far_message *message, const struct far_page_request **request,
                        struct far_error *error)
{
    *request = body_of_size(message, sizeof **request);
    return *request && !(*request)->reserved ? 0 : wrong_size(message, error);
}

int protocol_check_host_failed(const struct far_message *message, struct far_error *out, struct far_error *error)
{
    const struct far_error *sent = body_of_size(message, sizeof *sent);
    if (!sent)
        return wrong_size(message, error);
    refuse(out, sent->code, sent->exit, "%.*s", (int)strnlen(sent->text, sizeof sent->text), sent->text);
    return 0;
}
