/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The words C keeps for itself, with GNU's and clang's other spellings. */
#ifndef FARCALL_IDL_KEYWORDS_H
#define FARCALL_IDL_KEYWORDS_H

#include "idl/tree.h"

/* Code of a word that stands for an attribute: it has functions called in another way than usual. */
#define KEYWORD_CONVENTION 1u

/* Make the keywords of all dialects known to the unit's names, once. */
void keywords_enter(struct unit *unit);
/* Is a name with a token a keyword in the unit's dialect? It decides about words such as bool and typeof. */
bool keyword_counts(const struct name *name, const struct unit *unit);
/* A name not declared that is one of clang's types without a size, such as __SVInt8_t: declares it. */
bool keyword_sizeless(struct unit *unit, const struct name *name, size_t length, struct place place);

#endif
