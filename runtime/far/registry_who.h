/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* WHO on the command line and in policy rules: uid:N, user:NAME, gid:N, group:NAME, all. */
#ifndef FARCALL_FAR_REGISTRY_WHO_H
#define FARCALL_FAR_REGISTRY_WHO_H

#include "runtime/fard/manage.h"

/* Returns 0, or an exit code with the reason printed. Names are looked up here, so that fard never waits for a
 * directory. */
int who_parse(const char *text, enum far_level level, struct far_rule *rule);
/* "uid:1000 (alice)", "all": into text[size]. */
void who_print(const struct far_rule *rule, char *text, size_t size);

#endif
