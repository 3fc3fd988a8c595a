/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What a service's host may (docs/hosts.md), for far describe. */
#ifndef FARCALL_FAR_REGISTRY_SETTINGS_H
#define FARCALL_FAR_REGISTRY_SETTINGS_H

#include "runtime/far/registry_client.h"
#include "runtime/format/json.h"

/* Asked of fard, and printed: as lines, or into the JSON object that is open. 0, or an exit code, printed. */
int settings_show(struct fard_connection *connection, const struct far_name_request *service, struct json *json);

#endif
