/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A capability as text: `farcap1:SERVICE:` and 36 letters of base 32 (RFC 4648, lower case). The first 32 are 160 random
 * bits, the password; the last four a checksum of all that stands before them, so that a slip of the pen is told from
 * a guess before fard hears of it.
 */
#ifndef FARCALL_FORMAT_TOKEN_H
#define FARCALL_FORMAT_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#define TOKEN_PREFIX   "farcap1:"
#define TOKEN_SECRET   20 /* bytes */
#define TOKEN_LETTERS  36
#define TOKEN_NAME_MAX 63
#define TOKEN_MAX      128 /* bytes of any token, NUL included */

/* service: its name, at most TOKEN_NAME_MAX bytes. */
void token_write(const char *service, const uint8_t secret[TOKEN_SECRET], char token[TOKEN_MAX]);

/* Is this the text of a token, ended within TOKEN_MAX bytes? Whether anything is granted by it, fard knows. */
bool token_is_sound(const char *token);

/* The service that a sound token names. */
void token_service(const char *token, char service[TOKEN_NAME_MAX + 1]);

#endif
