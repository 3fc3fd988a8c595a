/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/queue.h"

#include "runtime/fard/registry.h"
#include "runtime/iface.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

static int malformed(const struct far_message *message, const char *what, struct far_error *error)
{
    return refuse(error, EBADMSG, EX_PROTOCOL, "message of type %u: %s", message->type, what);
}

static const void *body_of_size(const struct far_message *message, size_t size)
{
    return message->size - sizeof *message == size ? message + 1 : NULL;
}

static bool is_text(const char *text, size_t size)
{
    return strnlen(text, size) < size;
}

/* A C identifier's letters: what the interface compiler lets pass. */
static bool is_operation(const char *name, size_t size)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    size_t length = strnlen(name, size);
    return length > 0 && length < size && strspn(name, letters) == length;
}

static const char *parameters_mistake(const struct far_queue_call *call)
{
    struct far_queue_param param[FAR_PARAM_MAX];
    size_t head = call->param_count * sizeof *param;
    if (call->param_count > FAR_PARAM_MAX || call->bytes > FAR_QUEUE_BYTES_MAX || call->bytes < head)
        return "there are too many parameters, or too few bytes of them";
    memcpy(param, call + 1, head);
    for (uint32_t i = 0; i < call->param_count; i++) {
        bool memory = param[i].offset != 0;
        if (!memory && param[i].size)
            return "a parameter has bytes but no place";
        if (memory &&
            (param[i].offset < head || param[i].offset > call->bytes || param[i].size > call->bytes - param[i].offset))
            return "a parameter's bytes are not in it";
    }
    return NULL;
}

int protocol_check_queue_put(const struct far_message *message, const struct far_queue_call **call,
                             struct far_error *error)
{
    size_t size = message->size - sizeof *message;
    *call = (const void *)(message + 1);
    if (size < sizeof **call || (*call)->bytes != size - sizeof **call)
        return malformed(message, "its size is not what it says", error);
    if (!service_name_is_sound((*call)->service, sizeof(*call)->service) ||
        !is_operation((*call)->operation, sizeof(*call)->operation))
        return malformed(message, "it names no service, or no operation", error);
    if ((*call)->flags & ~FAR_QUEUE_IDEMPOTENT)
        return malformed(message, "unknown flags", error);
    const char *mistake = parameters_mistake(*call);
    return mistake ? malformed(message, mistake, error) : 0;
}

int protocol_check_queue_look(const struct far_message *message, const struct far_queue_look **look,
                              struct far_error *error)
{
    *look = body_of_size(message, sizeof **look);
    return *look && (*look)->list <= 1 && (*look)->all <= 1 ? 0 : malformed(message, "it is no such question", error);
}

int protocol_check_queue_ticket(const struct far_message *message, const struct far_queue_ticket **ticket,
                                struct far_error *error)
{
    *ticket = body_of_size(message, sizeof **ticket);
    return *ticket ? 0 : malformed(message, "it has no ticket", error);
}

int protocol_check_queue_mark(const struct far_message *message, const struct far_queue_mark **mark,
                              struct far_error *error)
{
    *mark = body_of_size(message, sizeof **mark);
    bool sound = *mark && (*mark)->kind < FAR_QUEUE_MARK_COUNT && !(*mark)->reserved &&
                 (*mark)->result_width <= sizeof(*mark)->result && is_text((*mark)->reason, sizeof(*mark)->reason);
    return sound ? 0 : malformed(message, "it is no such mark", error);
}
