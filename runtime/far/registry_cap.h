/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Tokens on the command line. */
#ifndef FARCALL_FAR_REGISTRY_CAP_H
#define FARCALL_FAR_REGISTRY_CAP_H

#include "runtime/protocol.h"

/* TOKEN, @FILE or @- (standard input). 0, or an exit code, printed. What was read is never printed. */
int cap_take_token(const char *command, const char *text, char token[FAR_TOKEN_MAX]);

#endif
