/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Annotations that were nearly written. */
#ifndef FARCALL_IDL_MISSPELLING_H
#define FARCALL_IDL_MISSPELLING_H

#include "idl/locate.h"

/* The word of an annotation ("sized_by") that a text carried by an attribute nearly is; NULL: none, or it is one. */
const char *annotation_word_meant(const char *word);
/*
 * A name at or just before a syntax error that is nearly an annotation's macro: where it stands, and which macro is
 * meant ("__sized_by"). False: there is none.
 */
bool misspelled_annotation(struct arena *arena, const struct location *error, struct location *name,
                           const char **meant);

#endif
