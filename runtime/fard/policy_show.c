/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* POLICY: the file that is in force, as it was read, piece by piece. It says who may do what, so managers alone see it. */
#include "runtime/fard/fard.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void fill_head(const struct fard *fard, struct far_policy_reply *head)
{
    const struct policy_file *file = fard->policy;
    if (fard->policy_path)
        memcpy(head->path, fard->policy_path, strnlen(fard->policy_path, sizeof head->path - 1));
    memcpy(head->trouble, fard->policy_trouble, sizeof head->trouble);
    head->present = file != NULL;
    head->size = file ? (uint32_t)file->size : 0;
    head->rules = file ? file->rule_count : 0;
}

int handle_policy(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_policy_request *request;
    int result = protocol_check_policy(message, &request, error);
    result = result ? result : client_check_manager(client, error);
    if (result)
        return result;
    struct far_policy_reply *head = calloc(1, FAR_MESSAGE_MAX);
    if (!head)
        return -ENOMEM;
    fill_head(client->fard, head);
    uint32_t left = request->offset < head->size ? head->size - request->offset : 0;
    uint32_t room = FAR_MESSAGE_MAX - sizeof *message - sizeof *head;
    head->count = left < room ? left : room;
    if (head->count)
        memcpy(head + 1, client->fard->policy->text + request->offset, head->count);
    client_reply(client, message, head, sizeof *head + head->count);
    free(head);
    return 0;
}
