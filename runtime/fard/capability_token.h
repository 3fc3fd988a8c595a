/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* From a token to what fard keeps of it. */
#ifndef FARCALL_CAPABILITY_TOKEN_H
#define FARCALL_CAPABILITY_TOKEN_H

#include "runtime/fard/capability.h"
#include "runtime/format/token.h"

_Static_assert(TOKEN_MAX == FAR_TOKEN_MAX, "one size");

/* token: one that token_is_sound(). 0 or -EIO. */
int capability_digest(const char *token, uint8_t digest[CAPABILITY_DIGEST]);

#endif
