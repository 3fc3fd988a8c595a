/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What is believed of EXPLAIN and POLICY. */
#include "runtime/fard/node_name.h"
#include "runtime/fard/policy_file.h"
#include "runtime/fard/registry.h"
#include "runtime/fard/request.h"
#include "runtime/machine.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

static bool sizes_are_sound(const struct far_explain_request *request, size_t size)
{
    return request->group_count <= FAR_EXPLAIN_GROUPS_MAX && request->program_bytes <= FAR_SUBJECT_MAX &&
           size == sizeof *request + request->group_count * sizeof(uint32_t) + request->program_bytes;
}

static bool program_is_sound(const struct far_explain_request *request, const char *program)
{
    if (request->flags & FAR_EXPLAIN_NODE)
        return node_name_is_sound(program, request->program_bytes);
    if (!(request->flags & FAR_EXPLAIN_PROGRAM))
        return request->program_bytes == 0;
    return request->program_bytes > 1 && program[0] == '/' &&
           strnlen(program, request->program_bytes) == request->program_bytes - 1;
}

/* Somebody of a uid, or a process, or neither; groups belong to somebody. */
static bool flags_are_sound(const struct far_explain_request *request)
{
    uint32_t flags = request->flags, whom = flags & (FAR_EXPLAIN_UID | FAR_EXPLAIN_GID);
    if (flags & ~(FAR_EXPLAIN_UID | FAR_EXPLAIN_GID | FAR_EXPLAIN_PID | FAR_EXPLAIN_PROGRAM | FAR_EXPLAIN_NODE))
        return false;
    if (flags & FAR_EXPLAIN_NODE && (flags & ~(FAR_EXPLAIN_NODE | FAR_EXPLAIN_UID) || request->group_count))
        return false;
    if (flags & FAR_EXPLAIN_PID)
        return flags == FAR_EXPLAIN_PID && request->pid && request->pid <= INT32_MAX && !request->group_count;
    return (whom || (!request->uid && !request->gid && !request->group_count)) && !request->pid;
}

int protocol_check_explain(const struct far_message *message, const struct far_explain_request **request,
                           const uint32_t **groups, const char **program, struct far_error *error)
{
    size_t size = message->size - sizeof *message;
    *request = (const void *)(message + 1);
    if (size < sizeof **request || !sizes_are_sound(*request, size))
        return refuse(error, EBADMSG, EX_PROTOCOL, "explain: a body of %zu bytes is not what it has", size);
    *groups = (const void *)(*request + 1);
    *program = (const char *)(*groups + (*request)->group_count);
    if (!flags_are_sound(*request) || !program_is_sound(*request, *program) || (*request)->version > FAR_VERSION_MAX)
        return refuse(error, EBADMSG, EX_PROTOCOL, "explain: the request is malformed");
    if ((*request)->machine && !far_machine_find((*request)->machine))
        return refuse(error, EBADMSG, EX_PROTOCOL, "explain: ELF machine %u is not known", (*request)->machine);
    if (!service_name_is_sound((*request)->name, sizeof(*request)->name))
        return refuse(error, EINVAL, EX_USAGE, "that is no service's name; `far ls` lists them");
    return 0;
}

int protocol_check_policy(const struct far_message *message, const struct far_policy_request **request,
                          struct far_error *error)
{
    *request = (const void *)(message + 1);
    if (message->size - sizeof *message == sizeof **request && !(*request)->reserved &&
        (*request)->offset <= POLICY_SIZE_MAX)
        return 0;
    return refuse(error, EBADMSG, EX_PROTOCOL, "policy: the request is malformed");
}
