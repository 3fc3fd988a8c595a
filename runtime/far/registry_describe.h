/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What fard says about one service, handed out piece by piece to whoever shows it: words, JSON, a picture. */
#ifndef FARCALL_FAR_REGISTRY_DESCRIBE_H
#define FARCALL_FAR_REGISTRY_DESCRIBE_H

#include "runtime/far/registry_client.h"

/* The first member of whoever shows it. What is handed out is valid during the call only. */
struct describing {
    void (*begin)(struct describing *describing, const struct far_describe_reply *head, const struct rule_list *rules);
    void (*each)(struct describing *describing, const struct far_describe_op *op);
};

/* Returns 0 or an exit code; what went wrong is printed. */
int describe_service(struct fard_connection *connection, const char *name, uint32_t version,
                     struct describing *describing);

const char *describe_text(const struct far_describe_op *op, enum far_describe_text which);
/* What a call does at a level: "branch", "trap" or "fails". */
const char *describe_call(enum far_level level, const struct far_describe_op *op);

#endif
