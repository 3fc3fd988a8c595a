/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Until cluster_serve.c is there. */
#include "runtime/fard/node.h"

#include <errno.h>
#include <sysexits.h>

__attribute__((weak)) int node_serve_names(struct node *node, const struct far_message *message, struct far_error *error)
{
    (void)node;
    return refuse(error, ENOSYS, EX_UNAVAILABLE, "this node keeps no names (message %u)", message->type);
}

__attribute__((weak)) void cluster_linked(struct node *node)
{
    (void)node;
}

__attribute__((weak)) void cluster_lost(struct node *node)
{
    (void)node;
}
