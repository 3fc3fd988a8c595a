/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Edits that cure what the rules found. */
#ifndef FARCALL_IDL_CURES_H
#define FARCALL_IDL_CURES_H

#include "idl/check.h"

/* A number behind the pointer whose name begins with the pointer's: `dst`, `dstCapacity`. NULL: none. */
const struct parameter *parameter_named_after(const struct parameter *pointer);

/* Add the edits that belong to the number of a diagnostic about that subject. */
void cures_add(const struct subject *subject, struct diagnostic *diagnostic);
/* A word of an operation without far_op: put it in front. */
void cure_unmarked(struct unit *unit, const struct annotation *annotation, struct diagnostic *diagnostic);
/* A word that is nearly one of ours, as an attribute's text. */
void cure_spelling(struct unit *unit, const struct annotation *annotation, struct diagnostic *diagnostic);

#endif
