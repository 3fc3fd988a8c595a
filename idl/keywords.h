/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The words C keeps for itself, with GNU's and clang's other spellings. */
#ifndef FARCALL_IDL_KEYWORDS_H
#define FARCALL_IDL_KEYWORDS_H

#include <stdbool.h>
#include <stddef.h>

/* The word's token (NAME if it is no keyword, 0 if it means nothing to us) and its code (a WORD_, STORAGE_ or
 * QUALIFIER_ value). c23, gnu: which dialect decides about words such as bool and typeof. */
int keyword_find(const char *text, size_t length, bool c23, bool gnu, unsigned *code);

#endif
