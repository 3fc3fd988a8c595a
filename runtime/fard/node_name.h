/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#ifndef FARCALL_NODE_NAME_H
#define FARCALL_NODE_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define NODE_URI        "farcall:node:" /* URI of a node's certificate, its name behind it */
#define NODE_NAME_RULES "a name has a-z, 0-9, dots and hyphens, begins with a letter or digit, and at most 63 of them"

/* May a node have this name? Terminated within size. */
bool node_name_is_sound(const char *name, size_t size);

#endif
