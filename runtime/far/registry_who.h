/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* WHO on the command line and in policy rules: uid:N, user:NAME, gid:N, group:NAME, exe:PATH, user:NAME+exe:PATH, all. */
#ifndef FARCALL_FAR_REGISTRY_WHO_H
#define FARCALL_FAR_REGISTRY_WHO_H

#include "runtime/fard/manage.h"

/*
 * Returns 0, or an exit code with the reason printed. Names are looked up here, so that fard never waits for a
 * directory. `program` is the executable's real path, empty if WHO names none; rule->subject is the caller's to set.
 */
int who_parse(const char *command, const char *text, enum far_level level, struct far_rule *rule,
              char program[FAR_SUBJECT_MAX]);
/* "uid:1000 (alice)", "all", "uid:1000 (alice)+exe:/usr/bin/viewer": into text[size]. */
void who_print(const struct far_rule *rule, const char *subjects, char *text, size_t size);
/* The real path of an executable on the command line, into real[FAR_SUBJECT_MAX]. 0 or an exit code, printed. */
int who_program(const char *command, const char *path, char *real);

/* The same for clients on another node: NAME[:UID]=LEVEL, LEVEL none or refuse. The node's name goes into `name`. */
int who_parse_node(const char *command, const char *text, struct far_rule *rule, char name[FAR_NODE_NAME_MAX]);

#endif
